//! Writing down what a control plane counts that has no node beside it.

use domain::clock::Clock;
use domain::metering::Recorder;
use std::time::Duration;

/// How often it is written down.
const EVERY: Duration = Duration::from_secs(10);
/// How long one try may take, the last one too.
const WITHIN: Duration = Duration::from_secs(5);

/// Writes down what is counted, for as long as it is polled.
pub(crate) async fn keep_written(recorder: &Recorder, clock: &dyn Clock) {
    loop {
        tokio::time::sleep(EVERY).await;
        write(recorder, clock).await;
    }
}

/// Writes down what is left, once nothing is counted any more, and says what is lost.
pub(crate) async fn write_last(recorder: &Recorder, clock: &dyn Clock) {
    // The second time what was counted while an earlier addition was under way.
    write(recorder, clock).await;
    write(recorder, clock).await;
    let meter = recorder.meter();
    let lost = meter.lost().saturating_add(meter.unwritten());
    if lost == 0 {
        tracing::info!(lost, "usage is written down");
    } else {
        tracing::error!(lost, "usage was lost");
    }
}

async fn write(recorder: &Recorder, clock: &dyn Clock) {
    match tokio::time::timeout(WITHIN, recorder.flush(clock.unix_ms())).await {
        Ok(flushed) => {
            if let Some(error) = flushed.failure {
                tracing::warn!(%error, flushed.unwritten, flushed.lost, "usage could not be written down");
            }
        }
        Err(_) => tracing::warn!(error = "no answer in time", "usage could not be written down"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{AppId, AppKey, TenantId};
    use domain::metering::Endpoint;
    use domain::ports::Writer;
    use std::sync::Arc;
    use stores::memory::MemoryUsageLog;
    use stores::system::TurnedClock;

    #[tokio::test(start_paused = true)]
    async fn what_is_counted_is_written_down_by_and_by_and_at_the_end() {
        let recorder = Recorder::new(Writer(1), Arc::new(MemoryUsageLog::new()));
        let clock = TurnedClock::default();
        let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
        let count = || recorder.count(&app, Endpoint::Usage, None, Duration::ZERO, clock.unix_ms());
        count();
        let counting = tokio::time::timeout(EVERY - Duration::from_secs(1), keep_written(&recorder, &clock));
        assert!(counting.await.is_err());
        assert_eq!(recorder.meter().unwritten(), 1);
        assert!(tokio::time::timeout(EVERY * 2, keep_written(&recorder, &clock)).await.is_err());
        assert_eq!(recorder.meter().unwritten(), 0);
        count();
        write_last(&recorder, &clock).await;
        assert_eq!(recorder.meter().unwritten(), 0);
    }
}
