use super::failure::{Failure, Verdict};
use super::lane::Lane;
use super::masters::Masters;
use super::target::{Connection, Target};
use redis::{Cmd, RedisError, Value};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Calls that end without an answer, one after the other, before the connection is given up.
const UNANSWERED_MAX: u32 = 3;
/// A caller that waited for less says nothing about the server.
const PATIENCE: Duration = Duration::from_millis(25);
/// The pause after the first failure; it doubles with each that follows.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// No pause is longer, so that a server that is back is found within about a second.
const PAUSE_MAX: Duration = Duration::from_millis(800);

/// One lane's connection: made when it is first wanted, and made again when it is lost. While it can't be, calls fail
/// at once.
pub(super) struct Link {
    lane: Lane,
    target: Arc<Target>,
    masters: Arc<Masters>,
    state: watch::Sender<State>,
    places: Semaphore,
    opened: AtomicU64,
    /// Calls without an answer since the last answer.
    unanswered: AtomicU32,
    /// Connections that were lost or not made since the last answer.
    failures: AtomicU32,
}

#[derive(Clone, Default)]
enum State {
    /// Nobody has called yet.
    #[default]
    Unused,
    /// The first attempt is under way: callers wait for it.
    Connecting,
    Open(Open),
    /// Attempts go on, and callers don't wait for them.
    Away(Arc<str>),
}

#[derive(Clone)]
struct Open {
    connection: Connection,
    /// Which of this link's connections it is.
    number: u64,
}

impl Link {
    pub(super) fn new(lane: Lane, target: Arc<Target>, masters: Arc<Masters>) -> Arc<Self> {
        Arc::new(Self {
            lane,
            target,
            masters,
            state: watch::Sender::default(),
            places: Semaphore::new(lane.calls_max()),
            opened: AtomicU64::new(0),
            unanswered: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        })
    }

    /// Sends a command and waits for its answer. The caller sets the deadline, by dropping the future.
    pub(super) async fn ask(self: &Arc<Self>, command: &Cmd) -> Result<Value, Failure> {
        let _place = self.places.try_acquire().map_err(|_| Failure::TooMany(self.lane.calls_max()))?;
        let open = self.open().await?;
        let waiting = Waiting::on(self, open.number);
        let answer = open.connection.ask(command).await;
        waiting.ends(&open.connection, answer.as_ref().err());
        Ok(answer?)
    }

    /// Looks whether the servers are still the same masters. One that became a replica is let go of.
    pub(super) async fn look(self: &Arc<Self>) -> Result<(), Failure> {
        let open = self.open().await?;
        let waiting = Waiting::on(self, open.number);
        let states = open.connection.states().await;
        waiting.ends(&open.connection, states.as_ref().err());
        let states = states?;
        if states.iter().any(|state| !state.is_master) {
            self.lost(open.number, "the server has become a replica");
        }
        self.masters.saw(&states);
        Ok(())
    }

    /// Waits for the connection; while there is none and the last attempt failed, says so at once.
    pub(super) async fn connected(self: &Arc<Self>) -> Result<(), Failure> {
        self.open().await.map(drop)
    }

    async fn open(self: &Arc<Self>) -> Result<Open, Failure> {
        let mut states = self.state.subscribe();
        if matches!(*states.borrow_and_update(), State::Unused) {
            self.begin();
        }
        loop {
            match &*states.borrow_and_update() {
                State::Open(open) => return Ok(open.clone()),
                State::Away(cause) => return Err(Failure::Away(cause.clone())),
                State::Unused | State::Connecting => {}
            }
            // It can't end: the link is borrowed, and has the sender.
            let _ = states.changed().await;
        }
    }

    fn begin(self: &Arc<Self>) {
        let is_first = self.state.send_if_modified(|state| {
            let is_unused = matches!(state, State::Unused);
            if is_unused {
                *state = State::Connecting;
            }
            is_unused
        });
        if is_first {
            tokio::spawn(reach(Arc::downgrade(self), Duration::ZERO));
        }
    }

    /// Lets go of a connection, and makes another: at once where the last one was of use.
    fn lost(self: &Arc<Self>, number: u64, cause: &str) {
        let pause = pause_after(self.failures.load(Ordering::Relaxed));
        let was_open = self.state.send_if_modified(|state| {
            let was_open = matches!(state, State::Open(open) if open.number == number);
            if was_open {
                *state = if pause.is_zero() { State::Connecting } else { State::Away(cause.into()) };
            }
            was_open
        });
        if was_open {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.unanswered.store(0, Ordering::Relaxed);
            if pause.is_zero() {
                tracing::warn!(lane = ?self.lane, cause, "the connection to redis is lost");
            }
            tokio::spawn(reach(Arc::downgrade(self), pause));
        }
    }

    fn answered(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
        if self.failures.load(Ordering::Relaxed) > 0 && self.failures.swap(0, Ordering::Relaxed) > 0 {
            tracing::info!(lane = ?self.lane, "redis answers again");
        }
    }

    fn unanswered(self: &Arc<Self>, number: u64) {
        if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= UNANSWERED_MAX {
            self.lost(number, "calls are not answered");
        }
    }

    /// Takes in what came of an attempt to connect. Returns the pause before the next, where there must be one.
    fn attempted(&self, attempt: Result<Connection, String>) -> Option<Duration> {
        match attempt {
            Ok(connection) => {
                let number = self.opened.fetch_add(1, Ordering::Relaxed);
                self.state.send_replace(State::Open(Open { connection, number }));
                None
            }
            Err(cause) => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if !matches!(*self.state.borrow(), State::Away(_)) {
                    tracing::warn!(lane = ?self.lane, cause, "redis can't be reached");
                }
                self.state.send_replace(State::Away(cause.into()));
                Some(pause_after(failures))
            }
        }
    }
}

/// Tries until there is a connection, or nobody has the link any more.
async fn reach(link: Weak<Link>, first_pause: Duration) {
    let mut pause = first_pause;
    loop {
        tokio::time::sleep(pause).await;
        let Some((target, masters)) = link.upgrade().map(|link| (link.target.clone(), link.masters.clone()))
        else {
            return;
        };
        let attempt = target.connect().await.map(|(connection, states)| {
            if let Some(states) = states {
                masters.saw(&states);
            }
            connection
        });
        match link.upgrade().and_then(|link| link.attempted(attempt)) {
            Some(next) => pause = next,
            None => return,
        }
    }
}

/// The pause after so many failures in a row: half of it is drawn, so that nodes don't come back together.
fn pause_after(failures: u32) -> Duration {
    if failures == 0 {
        return Duration::ZERO;
    }
    let full = (PAUSE_MIN * 2u32.saturating_pow((failures - 1).min(8))).min(PAUSE_MAX);
    full.mul_f64(rand::random_range(0.5..1.0))
}

/// A call whose answer is awaited. Dropped before, it counts against the server.
struct Waiting<'l> {
    link: &'l Arc<Link>,
    number: u64,
    since: Instant,
    is_over: bool,
}

impl<'l> Waiting<'l> {
    fn on(link: &'l Arc<Link>, number: u64) -> Self {
        Self { link, number, since: Instant::now(), is_over: false }
    }

    fn ends(mut self, connection: &Connection, error: Option<&RedisError>) {
        self.is_over = true;
        match error.map(|error| (connection.judge(error), error)) {
            None | Some((Verdict::Answered, _)) => self.link.answered(),
            Some((Verdict::Unanswered, _)) => self.link.unanswered(self.number),
            Some((Verdict::Lost, error)) => self.link.lost(self.number, &error.to_string()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over && self.since.elapsed() >= PATIENCE {
            self.link.unanswered(self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_the_first_attempt_waits_for_nothing() {
        assert_eq!(pause_after(0), Duration::ZERO);
        for failures in 1..200 {
            let pause = pause_after(failures);
            assert!(pause >= PAUSE_MIN / 2 && pause <= PAUSE_MAX, "{pause:?} after {failures}");
            assert!(failures < 6 || pause >= PAUSE_MAX / 2, "{pause:?} after {failures}");
        }
    }
}
