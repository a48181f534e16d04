use crate::caps::TALLIED_FOR;
use domain::calendar::Hour;
use domain::clock::Clock;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::metering::{Endpoint, Reason, Recorder, UsageCounts};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Where the documents of a node hand over what they have counted.
pub struct Tallied {
    recorder: Arc<Recorder>,
    /// Documents that keep counts to themselves.
    tallying: AtomicUsize,
}

impl Tallied {
    /// Into this recorder.
    #[must_use]
    pub fn into_recorder(recorder: Arc<Recorder>) -> Arc<Self> {
        Arc::new(Self { recorder, tallying: AtomicUsize::new(0) })
    }

    /// Documents that have counted ops and not handed them over.
    #[must_use]
    pub fn tallying(&self) -> usize {
        self.tallying.load(Ordering::Relaxed)
    }
}

/// The ops of one open document, counted by its own task: a few additions for each op, and mostly no clock, lock or atomic.
/// What is counted goes to the recorder after [`TALLIED_FOR`], when an hour ends, and when this is dropped.
pub struct Tally {
    tallied: Option<Arc<Tallied>>,
    clock: Arc<dyn Clock>,
    document: Arc<DocumentKey>,
    /// When the first message of this turn was taken off its session's queue.
    taken_at: Option<Duration>,
    /// Ops of this turn that are applied, and not stored yet.
    applied: u64,
    counts: UsageCounts,
    counted_in: Option<CountedIn>,
}

/// The time that counts belong to.
#[derive(Debug, Clone, Copy)]
struct CountedIn {
    hour: Hour,
    /// When that hour ends, on the monotonic clock.
    ends_at: Duration,
    /// When the first of them was counted.
    since: Duration,
}

impl Tally {
    /// A tally of this document. Where it is handed over to nobody, nothing is counted.
    #[must_use]
    pub fn new(tallied: Option<Arc<Tallied>>, clock: Arc<dyn Clock>, document: Arc<DocumentKey>) -> Self {
        let counts = UsageCounts::default();
        Self { tallied, clock, document, taken_at: None, applied: 0, counts, counted_in: None }
    }

    /// A message was taken off its session's queue, at `now` or earlier in this turn.
    #[inline]
    pub fn taken(&mut self, now: Duration) {
        self.taken_at.get_or_insert(now);
    }

    /// The message was an op, and is applied.
    #[inline]
    pub fn applied(&mut self) {
        self.applied += 1;
    }

    /// The message was an op, and is refused.
    pub fn refused(&mut self, reason: &CloseReason, now: Duration) {
        self.begin(now);
        self.counts.refused(Reason::from(reason), self.waited(now));
    }

    /// Whether ops of this turn are applied and not said to be stored.
    #[must_use]
    pub fn has_applied(&self) -> bool {
        self.applied > 0
    }

    /// What was applied is stored.
    pub fn stored(&mut self, now: Duration) {
        if self.applied > 0 {
            self.begin(now);
            let ops = std::mem::take(&mut self.applied);
            self.counts.answered(ops, self.waited(now));
        }
    }

    /// What was applied can't be stored, and its senders are told so.
    pub fn not_stored(&mut self, reason: &CloseReason, now: Duration) {
        if self.applied > 0 {
            self.begin(now);
            let ops = std::mem::take(&mut self.applied);
            self.counts.answered(ops, self.waited(now));
            *self.counts.refused.entry(Reason::from(reason)).or_default() += ops;
        }
    }

    /// The turn is over. What is counted for long enough goes to the recorder.
    pub fn turn_ends(&mut self, now: Duration) {
        self.taken_at = None;
        if self.due().is_some_and(|due| due <= now) {
            self.push();
        }
    }

    /// When what is counted is to go to the recorder, if nothing happens till then.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.counted_in.map(|counted| (counted.since + TALLIED_FOR).min(counted.ends_at))
    }

    /// Hands what is counted to the recorder.
    pub fn push(&mut self) {
        let Some(counted) = self.counted_in.take() else { return };
        let counts = std::mem::take(&mut self.counts);
        if let Some(Tallied { recorder, tallying }) = self.tallied.as_deref() {
            recorder.meter().gathered(&self.document.app, counted.hour, Endpoint::Ops, &counts);
            tallying.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Sees that what is counted at `now` belongs to one hour with what was counted before.
    fn begin(&mut self, now: Duration) {
        if self.counted_in.is_some_and(|counted| now >= counted.ends_at) {
            self.push();
        }
        if self.counted_in.is_none() {
            let unix_ms = self.clock.unix_ms();
            let hour = Hour::of_unix_ms(unix_ms);
            let left_ms = hour.plus(1).starts_unix_s().saturating_mul(1000).saturating_sub(unix_ms);
            let ends_at = now.saturating_add(Duration::from_millis(left_ms));
            self.counted_in = Some(CountedIn { hour, ends_at, since: now });
            if let Some(tallied) = &self.tallied {
                tallied.tallying.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn waited(&self, now: Duration) -> Duration {
        self.taken_at.map_or(Duration::ZERO, |taken_at| now.saturating_sub(taken_at))
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.push();
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
