//! Remembers who was refused, so that a client that comes back at once, for ever, is held back instead of
//! served at its own pace.

use crate::caps::{HELD_MAX, HOLD, REFUSAL_MEMORY, REFUSALS_MAX, REFUSALS_SWEEP_EVERY};
use domain::client_ip::ClientIp;
use domain::clock::Entropy;
use domain::ids::AppKey;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Who is refused: an IP, and the app that its token speaks for (`None` where the token is not believed).
pub(crate) type Refused = (ClientIp, Option<AppKey>);

/// The node's memory of refusals.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    recent: Mutex<Recent>,
    held: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Recent {
    /// Until when each refusal is remembered.
    refusals: HashMap<Refused, Duration>,
    sweep_at: Duration,
}

/// How long a close frame is held back. Counts as a held socket until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    /// How long.
    pub(crate) length: Duration,
    held: Arc<AtomicUsize>,
}

impl Refusals {
    /// Notes a refusal at `now`. The first is immediate; one that keeps coming back is held, as long as there
    /// is room for held sockets.
    pub(crate) fn refuse(&self, who: Refused, now: Duration, entropy: &dyn Entropy) -> Option<Hold> {
        let mut recent = self.recent.lock();
        if recent.refusals.len() >= REFUSALS_MAX && now >= recent.sweep_at {
            recent.refusals.retain(|_, until| *until > now);
            recent.sweep_at = now + REFUSALS_SWEEP_EVERY;
        }
        if recent.refusals.len() >= REFUSALS_MAX && !recent.refusals.contains_key(&who) {
            return None;
        }
        let known =
            recent.refusals.insert(who.clone(), now + REFUSAL_MEMORY).is_some_and(|until| until > now);
        if !known || self.held.fetch_add(1, Ordering::Relaxed) >= HELD_MAX {
            if known {
                self.held.fetch_sub(1, Ordering::Relaxed);
            }
            return None;
        }
        let length = entropy.between(HOLD.0, HOLD.1);
        recent.refusals.insert(who, now + length + REFUSAL_MEMORY);
        Some(Hold { length, held: Arc::clone(&self.held) })
    }

    /// Whether there is no room to hold another socket.
    pub(crate) fn is_full(&self) -> bool {
        self.held.load(Ordering::Relaxed) >= HELD_MAX
    }

    /// Whether `who` was refused lately.
    pub(crate) fn is_recent(&self, who: &Refused, now: Duration) -> bool {
        self.recent.lock().refusals.get(who).is_some_and(|until| *until > now)
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stores::system::SeededEntropy;

    const NOW: Duration = Duration::from_secs(1000);

    fn who(last: u8) -> Refused {
        (ClientIp::new(std::net::Ipv4Addr::new(192, 0, 2, last).into()), None)
    }

    #[test]
    fn the_first_refusal_is_immediate_and_the_next_is_held() {
        let (refusals, entropy) = (Refusals::default(), SeededEntropy::new(1));
        assert!(refusals.refuse(who(1), NOW, &entropy).is_none());
        let hold = refusals.refuse(who(1), NOW, &entropy).unwrap();
        assert!(HOLD.0 <= hold.length && hold.length <= HOLD.1);
        assert_eq!(refusals.held(), 1);
        assert!(refusals.refuse(who(2), NOW, &entropy).is_none(), "another IP is not held");
        drop(hold);
        assert_eq!(refusals.held(), 0);
        let long_after = NOW + HOLD.1 + REFUSAL_MEMORY;
        assert!(refusals.refuse(who(1), long_after, &entropy).is_none(), "it had stopped coming back");
    }

    #[test]
    fn past_the_bound_on_held_sockets_the_refused_are_known_from_others() {
        let (refusals, entropy) = (Refusals::default(), SeededEntropy::new(1));
        let holds: Vec<Hold> =
            (0..=HELD_MAX).filter_map(|_| refusals.refuse(who(1), NOW, &entropy)).collect();
        assert_eq!(holds.len(), HELD_MAX);
        assert!(refusals.refuse(who(1), NOW, &entropy).is_none());
        assert!(refusals.is_full());
        assert!(refusals.is_recent(&who(1), NOW) && !refusals.is_recent(&who(2), NOW));
        drop(holds);
        assert!(!refusals.is_full());
    }
}
