use super::{AppUsage, Due, Endpoint, Meter, Reason};
use crate::calendar::Hour;
use crate::ids::AppKey;
use crate::ports::{Unavailable, UsageLog, Writer};
use futures_util::stream::{self, StreamExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Additions that are written down at once.
const WRITTEN_AT_ONCE: usize = 16;

/// A process's meter, and the log that it is written down in.
pub struct Recorder {
    writer: Writer,
    log: Arc<dyn UsageLog>,
    meter: Mutex<Meter>,
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
        Self { writer, log, meter: Mutex::default() }
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
        self.meter().count(app, Hour::of_unix_ms(now_unix_ms), endpoint, refused, took);
    }

    /// The meter itself. Nobody may hold it over an await.
    pub fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who writes.
    #[must_use]
    pub fn writer(&self) -> Writer {
        self.writer
    }

    /// Writes down what is counted, as far as the log answers. What it does not take is due again at the next call. Of calls
    /// at once both may write the same; it is added once.
    pub async fn flush(&self, now_unix_ms: u64) -> Flushed {
        let due = self.meter().due(now_unix_ms);
        let writes = stream::iter(due).map(|due| self.write(due)).buffer_unordered(WRITTEN_AT_ONCE);
        let mut flushed = Flushed::default();
        for outcome in writes.collect::<Vec<_>>().await {
            match outcome {
                Ok(usage) => {
                    flushed.additions += 1;
                    flushed.requests = flushed.requests.saturating_add(usage.total(None).requests);
                    flushed.ops = flushed.ops.saturating_add(usage.of(Endpoint::Ops).requests);
                }
                Err(failure) => flushed.failure = Some(failure),
            }
        }
        let meter = self.meter();
        (flushed.unwritten, flushed.lost) = (meter.unwritten(), meter.lost());
        flushed
    }

    async fn write(&self, due: Due) -> Result<AppUsage, Unavailable> {
        self.log.add(self.writer, due.sequence, &due.add).await?;
        self.meter().written(&due);
        Ok(due.add.usage)
    }
}
