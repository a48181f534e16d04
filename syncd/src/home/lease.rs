//! A node's right to hold shares and pins in one home table.

use domain::bounds::LEASE;
use domain::ids::NodeId;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::sync::Notify;

/// The current life of a node in one home table, and when it was last seen alive there.
#[derive(Debug)]
pub struct Lease {
    state: Mutex<State>,
    fenced: Notify,
}

#[derive(Debug)]
struct State {
    life: NodeId,
    /// When a beat that was then answered was sent; none before the life was announced.
    alive_at: Option<Duration>,
    is_fenced: bool,
}

impl Lease {
    /// The lease of a life that nobody knows of yet.
    #[must_use]
    pub fn new(life: NodeId) -> Self {
        let state = State { life, alive_at: None, is_fenced: false };
        Self { state: Mutex::new(state), fenced: Notify::new() }
    }

    /// The current life, whether or not it may hold anything.
    #[must_use]
    pub fn life(&self) -> NodeId {
        self.state.lock().life.clone()
    }

    /// The current life, if it may ask for shares and pins at `now`: it was seen alive within a lease's length, and
    /// nothing has said that it is dead.
    #[must_use]
    pub fn holds(&self, now: Duration) -> Option<NodeId> {
        let state = self.state.lock();
        let is_recent = state.alive_at.is_some_and(|at| now.saturating_sub(at) < LEASE);
        (is_recent && !state.is_fenced).then(|| state.life.clone())
    }

    /// Notes that `life` was alive at `at`, when its beat was sent.
    pub fn alive(&self, life: &NodeId, at: Duration) {
        let mut state = self.state.lock();
        if state.life == *life {
            state.alive_at = Some(at);
        }
    }

    /// Notes that `life` was declared dead.
    pub fn fenced(&self, life: &NodeId) {
        let mut state = self.state.lock();
        if state.life == *life && !state.is_fenced {
            state.is_fenced = true;
            self.fenced.notify_one();
        }
    }

    /// Whether the current life was declared dead.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.state.lock().is_fenced
    }

    /// Begins another life, which was announced at `at`.
    pub(super) fn begin(&self, life: NodeId, at: Duration) {
        *self.state.lock() = State { life, alive_at: Some(at), is_fenced: false };
    }

    /// Waits until the current life is declared dead.
    pub(super) async fn until_fenced(&self) {
        while !self.is_fenced() {
            self.fenced.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::NodeName;

    fn life(epoch: u64) -> NodeId {
        NodeId { name: NodeName::parse("n").unwrap(), epoch }
    }

    #[test]
    fn a_lease_holds_from_its_announcement_until_no_beat_was_answered_for_its_length() {
        let (lease, now) = (Lease::new(life(1)), Duration::from_secs(100));
        assert_eq!(lease.holds(now), None);
        lease.alive(&life(1), now);
        assert_eq!(lease.holds(now + LEASE - Duration::from_millis(1)), Some(life(1)));
        assert_eq!(lease.holds(now + LEASE), None);
    }

    #[test]
    fn a_fenced_life_holds_nothing_and_another_follows() {
        let (lease, now) = (Lease::new(life(1)), Duration::from_secs(100));
        lease.alive(&life(1), now);
        lease.fenced(&life(0));
        assert_eq!(lease.holds(now), Some(life(1)), "word of an earlier life changes nothing");
        lease.fenced(&life(1));
        lease.alive(&life(1), now);
        assert_eq!(lease.holds(now), None);
        lease.begin(life(2), now);
        assert_eq!(lease.holds(now), Some(life(2)));
    }
}
