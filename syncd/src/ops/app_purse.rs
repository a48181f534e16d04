use super::driver;
use crate::caps::OPS_WAIT;
use crate::gate::Gate;
use domain::clock::Entropy;
use domain::ids::AppKey;
use domain::ops::{Purse, Step, Token, Verdict};
use domain::ports::RateBucket;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// One app's ops on this node.
pub struct AppPurse {
    pub(super) bucket: RateBucket,
    pub(super) gate: Arc<Gate>,
    pub(super) entropy: Arc<dyn Entropy>,
    held: Mutex<Held>,
    /// The gate is to be called earlier than the driver thinks.
    pub(super) changed: Notify,
}

type Waiting = Purse<oneshot::Sender<Verdict>>;

#[derive(Default)]
struct Held {
    purse: Waiting,
    /// A task drives it.
    is_driven: bool,
}

/// What came of taking a token.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// An op may pass. A token that is not used must be put back.
    Token(Token),
    /// Nothing is at hand: [`AppPurse::wait`].
    Empty,
    /// The limit is reached.
    Full,
}

impl AppPurse {
    pub(super) fn new(app: AppKey, gate: Arc<Gate>, entropy: Arc<dyn Entropy>) -> Arc<Self> {
        let (held, changed) = (Mutex::default(), Notify::new());
        Arc::new(Self { bucket: RateBucket::Ops(app), gate, entropy, held, changed })
    }

    /// Takes a token for an op under `limit` that comes at `now`, of what is at hand. Asks for the region's living `nodes`
    /// where the gate is away.
    pub fn take(self: &Arc<Self>, limit: u64, now: Duration, nodes: impl FnOnce() -> u64) -> Taken {
        self.with_purse_at(now, |purse| match purse.take(limit, now) {
            Some(verdict) => decide(purse, verdict, limit, nodes, now),
            None => Taken::Empty,
        })
    }

    /// Waits for a token for an op under `limit`, for at most [`OPS_WAIT`]; `need` ops are likely to follow one another.
    /// `None` where the limit is reached.
    pub async fn wait(self: &Arc<Self>, need: u64, limit: u64, nodes: impl FnOnce() -> u64) -> Option<Token> {
        let (answer, verdict) = oneshot::channel();
        self.with_purse(|purse, now| match purse.take(limit, now) {
            // Whoever waits is there to receive it.
            Some(verdict) => drop(answer.send(verdict)),
            None => purse.wait(answer, need, limit),
        });
        let verdict = match tokio::time::timeout(OPS_WAIT, verdict).await {
            Ok(Ok(verdict)) => verdict,
            // Only at the end of the process is a purse not driven.
            Ok(Err(_)) | Err(_) => Verdict::Away,
        };
        match self.with_purse(|purse, now| decide(purse, verdict, limit, nodes, now)) {
            Taken::Token(token) => Some(token),
            Taken::Empty | Taken::Full => None,
        }
    }

    /// Puts a token back that was not used.
    pub fn put_back(self: &Arc<Self>, token: Token) {
        self.with_purse(|purse, now| purse.put_back(token, now));
    }

    /// Whether nothing would be lost if the purse were forgotten.
    pub(super) fn is_unused(&self) -> bool {
        let now = self.gate.now();
        self.held.lock().purse.is_unused(now)
    }

    /// Changes the purse, hands out what that decides, and sees that somebody calls the gate where that is due.
    pub(super) fn with_purse<T>(self: &Arc<Self>, change: impl FnOnce(&mut Waiting, Duration) -> T) -> T {
        let now = self.gate.now();
        self.with_purse_at(now, |purse| change(purse, now))
    }

    fn with_purse_at<T>(self: &Arc<Self>, now: Duration, change: impl FnOnce(&mut Waiting) -> T) -> T {
        let mut held = self.held.lock();
        let changed = change(&mut held.purse);
        hand_out(&mut held.purse, now);
        if held.purse.is_due(now) {
            self.see_to(&mut held);
        }
        changed
    }

    /// What the driver does next. At rest it ends, and another is started when there is something to do.
    pub(super) fn next_step(&self) -> Step {
        let now = self.gate.now();
        let mut held = self.held.lock();
        let step = held.purse.next_step(now);
        hand_out(&mut held.purse, now);
        held.is_driven = step != Step::Rest;
        step
    }

    /// Outside of a runtime, as at the very end of the process, nobody can call the gate.
    fn see_to(self: &Arc<Self>, held: &mut Held) {
        if held.is_driven {
            self.changed.notify_one();
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            held.is_driven = true;
            runtime.spawn(driver::drive(Arc::clone(self)));
        }
    }
}

fn decide(
    purse: &mut Waiting,
    verdict: Verdict,
    limit: u64,
    nodes: impl FnOnce() -> u64,
    now: Duration,
) -> Taken {
    match verdict {
        Verdict::Pass(token) => Taken::Token(token),
        Verdict::Away => purse.take_own_share(limit, nodes(), now).map_or(Taken::Full, Taken::Token),
        Verdict::Full => Taken::Full,
    }
}

fn hand_out(purse: &mut Waiting, now: Duration) {
    while let Some((answer, verdict)) = purse.next_verdict() {
        // Whoever has gone leaves its token to the next.
        if let Err(Verdict::Pass(token)) = answer.send(verdict) {
            purse.put_back(token, now);
        }
    }
}
