use super::meter::Due;
use super::{Endpoint, Meters, Reason, Written};
use crate::calendar::Hour;
use crate::ids::AppKey;
use crate::ports::{Unavailable, UsageLog, Writer};
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Additions that are written down at once. Logs on disks write together what is under way, and a remote one answers after
/// some milliseconds: this many make thousands of additions a second of either, so that a node's last usage of ten thousand
/// apps takes seconds.
const WRITTEN_AT_ONCE: usize = 256;

/// A process's meters, and the log that they are written down in.
pub struct Recorder {
    writer: Writer,
    log: Arc<dyn UsageLog>,
    meters: Meters,
    /// The part of the meters that the last flush reached.
    reached: AtomicUsize,
    /// When the last flush began that the log took whole, or the first of all; 0 before that.
    whole_unix_ms: AtomicU64,
}

/// What came of writing down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flushed {
    /// Additions that were written down.
    pub additions: u64,
    /// Requests in them.
    pub requests: u64,
    /// Those of them that were ops, refused ones included.
    pub ops: u64,
    /// Requests that are counted and not yet known to be written down.
    pub unwritten: u64,
    /// Requests that this process has lost since it began.
    pub lost: u64,
    /// The last failure, where the log did not take all.
    pub failure: Option<Unavailable>,
}

impl Recorder {
    /// A recorder that has counted nothing. No two processes may be the same `writer`.
    #[must_use]
    pub fn new(writer: Writer, log: Arc<dyn UsageLog>) -> Self {
        let (reached, whole_unix_ms) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { writer, log, meters: Meters::default(), reached, whole_unix_ms }
    }

    /// The same, of a process that flushes so often that a longer time than this between two sums of what it holds is one in
    /// which it stood still: of that, no more is summed up.
    #[must_use]
    pub fn with_gaps_up_to(self, gap_max: Duration) -> Self {
        self.meters.bound_gaps(u64::try_from(gap_max.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Counts a request of `app`: answered, or refused for a reason.
    pub fn count(
        &self,
        app: &AppKey,
        endpoint: Endpoint,
        refused: Option<Reason>,
        took: Duration,
        now_unix_ms: u64,
    ) {
        self.meters.count(app, Hour::of_unix_ms(now_unix_ms), endpoint, refused, took);
    }

    /// What it counts in.
    #[must_use]
    pub fn meter(&self) -> &Meters {
        &self.meters
    }

    /// Who writes.
    #[must_use]
    pub fn writer(&self) -> Writer {
        self.writer
    }

    /// Writes down what is counted, as far as the log answers. What it does not take is due again at the next call, which
    /// begins where this one ended. Of calls at once both may write the same; it is added once. A call that is dropped leaves
    /// what it has written in [`Meters::written`].
    pub async fn flush(&self, now_unix_ms: u64) -> Flushed {
        let before = self.meters.written();
        let _ = self.whole_unix_ms.compare_exchange(0, now_unix_ms, Ordering::Relaxed, Ordering::Relaxed);
        self.meters.sum_up(now_unix_ms);
        let first = self.reached.load(Ordering::Relaxed);
        let due = (0..Meters::PARTS).flat_map(|nth| self.due((first + nth) % Meters::PARTS));
        let writes = stream::iter(due).map(|due| self.write(due)).buffer_unordered(WRITTEN_AT_ONCE);
        let failure = writes.fold(None, |last, outcome| future::ready(outcome.err().or(last))).await;
        if failure.is_none() {
            self.whole_unix_ms.store(now_unix_ms, Ordering::Relaxed);
        }
        self.flushed_since(before, failure)
    }

    /// What was written down since this was, and what is left.
    #[must_use]
    pub fn flushed_since(&self, before: Written, failure: Option<Unavailable>) -> Flushed {
        let written = self.meters.written();
        Flushed {
            additions: written.additions.saturating_sub(before.additions),
            requests: written.requests.saturating_sub(before.requests),
            ops: written.ops.saturating_sub(before.ops),
            unwritten: self.meters.unwritten(),
            lost: self.meters.lost(),
            failure,
        }
    }

    /// How long the oldest of what is not written down may have waited; zero where nothing is unwritten, or nothing was ever
    /// flushed.
    #[must_use]
    pub fn behind(&self, now_unix_ms: u64) -> Duration {
        match self.whole_unix_ms.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            _ if self.meters.unwritten() == 0 => Duration::ZERO,
            whole => Duration::from_millis(now_unix_ms.saturating_sub(whole)),
        }
    }

    fn due(&self, part: usize) -> Vec<Due> {
        self.reached.store(part, Ordering::Relaxed);
        self.meters.due(part)
    }

    async fn write(&self, due: Due) -> Result<(), Unavailable> {
        self.meters.begin(&due);
        self.log.add(self.writer, due.sequence, &due.add).await?;
        self.meters.settle(&due);
        Ok(())
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
