use super::faults::{Faults, LostReply, Outage};
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::time::Duration;

/// Requests whose lost replies are remembered at most. Forgetting one costs that its repeat is lost as well.
const REMEMBERED_MAX: usize = 100_000;

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// It waits so long before it is passed on.
    pub(super) before: Duration,
    /// And then.
    pub(super) end: End,
    /// Its reply waits so long.
    pub(super) after: Duration,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It takes effect and is answered.
    Answered,
    /// It has no effect and is answered that there were too many.
    Throttled,
    /// It has no effect and the connection is reset.
    ResetBefore,
    /// It takes effect and the connection is reset.
    ResetAfter,
    /// It takes effect and is never answered.
    SilentAfter,
    /// It has no effect and is never answered.
    Silent,
}

/// What of a request decides whether its reply was lost before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) operation: &'a str,
    pub(super) body: &'a Bytes,
    /// Its client says that it is not the first attempt of its call.
    pub(super) is_repeat: bool,
}

/// Draws fates.
#[derive(Debug)]
pub(super) struct Fates(Mutex<Drawing>);

#[derive(Debug)]
struct Drawing {
    chance: StdRng,
    /// Digests of the requests whose reply was lost the last time.
    lost: HashSet<u64>,
}

impl Fates {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(Drawing { chance: StdRng::seed_from_u64(seed), lost: HashSet::new() }))
    }

    /// The fate of a request.
    pub(super) fn of(&self, faults: &Faults, sent: Sent<'_>) -> Fate {
        let mut drawing = self.0.lock().expect("no holder panics");
        let end = drawing.end(faults, sent);
        let delay = drawing.delay(faults);
        let is_before = drawing.chance.random_bool(0.5);
        let (before, after) = if is_before { (delay, Duration::ZERO) } else { (Duration::ZERO, delay) };
        Fate { before, end, after }
    }
}

impl Drawing {
    fn end(&mut self, faults: &Faults, sent: Sent<'_>) -> End {
        match faults.outage {
            Outage::Refuses => return End::ResetBefore,
            Outage::Hangs => return End::Silent,
            Outage::None => {}
        }
        if self.happens(faults.throttled) {
            return End::Throttled;
        }
        if self.happens(faults.reset) {
            return End::ResetBefore;
        }
        let is_lost = match faults.lost {
            LostReply::Never => false,
            LostReply::Sometimes(probability) => self.happens(probability),
            LostReply::EachOnce => self.is_lost_this_time(sent),
        };
        match is_lost {
            false => End::Answered,
            // Silence costs a client its whole deadline, so it is the rarer of the two.
            true if self.happens(0.1) => End::SilentAfter,
            true => End::ResetAfter,
        }
    }

    fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.chance.random_bool(probability.min(1.0))
    }

    fn is_lost_this_time(&mut self, sent: Sent<'_>) -> bool {
        let mut hasher = DefaultHasher::new();
        (sent.operation, sent.body).hash(&mut hasher);
        let digest = hasher.finish();
        if self.lost.remove(&digest) || sent.is_repeat {
            return false;
        }
        if self.lost.len() >= REMEMBERED_MAX {
            self.lost.clear();
        }
        self.lost.insert(digest);
        true
    }

    fn delay(&mut self, faults: &Faults) -> Duration {
        let (least, most) = (faults.delay.least, faults.delay.most);
        if least < most { self.chance.random_range(least..most) } else { least }
    }
}
