use super::meter::{Due, Meter, Written};
use super::room::Room;
use super::{Endpoint, Reason, UsageCounts};
use crate::calendar::Hour;
use crate::ids::AppKey;
use crate::ledger::Totals;
use std::array;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one process has counted and not yet written down, in parts: each has its apps and its lock, so that nobody who
/// counts waits for a walk over all apps.
#[derive(Debug)]
pub struct Meters {
    parts: [Mutex<Meter>; Self::PARTS],
}

impl Default for Meters {
    fn default() -> Self {
        let room = Arc::new(Room::default());
        Self { parts: array::from_fn(|_| Mutex::new(Meter::beside(Arc::clone(&room)))) }
    }
}

impl Meters {
    /// How many parts there are: a walk over one is over a thousand apps at most, where there are as many as may be.
    pub(super) const PARTS: usize = 64;

    /// Counts a request of `app`: answered, or refused for a reason.
    pub fn count(
        &self,
        app: &AppKey,
        hour: Hour,
        endpoint: Endpoint,
        refused: Option<Reason>,
        took: Duration,
    ) {
        self.of(app).count(app, hour, endpoint, 1, |counts| match refused {
            Some(reason) => counts.refused(reason, took),
            None => counts.answered(1, took),
        });
    }

    /// Counts what was gathered elsewhere.
    pub fn gathered(&self, app: &AppKey, hour: Hour, endpoint: Endpoint, counts: &UsageCounts) {
        if !counts.is_empty() {
            self.of(app).count(app, hour, endpoint, counts.requests, |counted| counted.add(counts));
        }
    }

    /// So many more connections and documents of `app` are held here, or fewer.
    pub fn held(&self, app: &AppKey, now_unix_ms: u64, connections: i64, documents: i64) {
        self.of(app).held(app, now_unix_ms, connections, documents);
    }

    /// The totals of `app` over all nodes were seen to be these.
    pub fn saw(&self, app: &AppKey, hour: Hour, totals: Totals) {
        self.of(app).saw(app, hour, totals);
    }

    /// Apps of which something is held here, and whose totals nobody has seen in this hour: somebody ought to look.
    #[must_use]
    pub fn unseen(&self, hour: Hour) -> Vec<AppKey> {
        let mut unseen = Vec::new();
        self.parts().for_each(|part| unseen.extend(part.unseen(hour)));
        unseen
    }

    /// Sums up what is held, and gives up what is later than [`crate::bounds::USAGE_LATE_MAX_HOURS`]: that counts as
    /// [`Meters::lost`].
    pub fn sum_up(&self, now_unix_ms: u64) {
        self.parts().for_each(|mut part| part.sum_up(now_unix_ms));
    }

    /// Requests that are counted and not yet known to be written down.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        self.parts().fold(0, |sum, part| sum.saturating_add(part.unwritten()))
    }

    /// Requests that were counted and never will be written down: there were too many apps or hours, or the log did not
    /// answer for too long.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.parts().fold(0, |sum, part| sum.saturating_add(part.lost()))
    }

    /// What is known to be written down, since the process began.
    #[must_use]
    pub fn written(&self) -> Written {
        let mut written = Written::default();
        self.parts().for_each(|part| written.add(&part.sums()));
        written
    }

    /// No longer time than this is summed up at once.
    pub(super) fn bound_gaps(&self, gap_max_ms: u64) {
        self.parts().for_each(|mut part| part.gap_max_ms = gap_max_ms);
    }

    /// What is to be written down of a part.
    pub(super) fn due(&self, part: usize) -> Vec<Due> {
        lock(&self.parts[part % Self::PARTS]).due()
    }

    /// An addition is about to be written down.
    pub(super) fn begin(&self, due: &Due) {
        self.of(&due.add.app).begin(due);
    }

    /// An addition is written down.
    pub(super) fn settle(&self, due: &Due) {
        self.of(&due.add.app).written(due);
    }

    /// Part by part, each locked for its turn.
    fn parts(&self) -> impl Iterator<Item = MutexGuard<'_, Meter>> {
        self.parts.iter().map(lock)
    }

    fn of(&self, app: &AppKey) -> MutexGuard<'_, Meter> {
        let mut hasher = DefaultHasher::new();
        app.hash(&mut hasher);
        // In range by the remainder; so narrow that no bit is lost.
        lock(&self.parts[(hasher.finish() % Self::PARTS as u64) as usize])
    }
}

fn lock(part: &Mutex<Meter>) -> MutexGuard<'_, Meter> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
