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
