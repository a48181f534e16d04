use super::{Metering, platform};
use crate::caps::{USAGE_END_RETRY, USAGE_END_STALL, USAGE_END_WAIT};
use crate::node::Node;
use domain::metering::{Recorder, Written};
use tokio::time::{Instant, timeout};

/// Writes down everything that is counted, once nothing is counted any more, and says what is lost. Takes
/// [`USAGE_END_WAIT`] at most.
pub(crate) async fn end(node: &Node) {
    let Some(metering) = node.meter.metering() else { return };
    let before = metering.recorder.meter().written();
    tokio::join!(write_all(node, &metering.recorder), note_all(node, metering));
    report(node, &metering.recorder, before);
}

/// What nobody writes down any more is lost: what is left, and what documents that have not ended keep to themselves.
fn report(node: &Node, recorder: &Recorder, before: Written) {
    let last = recorder.flushed_since(before, None);
    let lost = last.lost.saturating_add(last.unwritten);
    node.metrics.usage_lost(lost);
    let (requests, ops, documents) = (last.requests, last.ops, node.meter.tallying());
    if lost == 0 && documents == 0 {
        tracing::info!(requests, ops, lost, "usage is written down");
    } else {
        // Of these documents, the ops of the last seconds are not known.
        tracing::error!(requests, ops, lost, documents, "usage was lost");
    }
}

/// Flushes until the log has taken everything, for as long as it takes something now and then.
async fn write_all(node: &Node, recorder: &Recorder) {
    let _ = timeout(USAGE_END_WAIT, async {
        tokio::select! {
            () = flush_until_whole(node, recorder) => {}
            () = stalled(recorder) => {}
        }
    })
    .await;
}

/// First what was under way, and then what was counted behind that.
async fn flush_until_whole(node: &Node, recorder: &Recorder) {
    let mut taken_whole = 0;
    while taken_whole < 2 {
        let flushed = recorder.flush(node.ports.clock.unix_ms()).await;
        node.metrics.usage_flushed(&flushed);
        if flushed.failure.is_some() {
            tokio::time::sleep(USAGE_END_RETRY).await;
        } else {
            taken_whole += 1;
        }
    }
}

/// Ready once the log has taken nothing for a while.
async fn stalled(recorder: &Recorder) {
    let (mut written, mut since) = (recorder.meter().written(), Instant::now());
    while since.elapsed() < USAGE_END_STALL {
        tokio::time::sleep(USAGE_END_RETRY).await;
        let now_written = recorder.meter().written();
        if now_written != written {
            (written, since) = (now_written, Instant::now());
        }
    }
}

async fn note_all(node: &Node, metering: &Metering) {
    platform::end(node);
    let noting = async {
        while platform::note(&node.meter, metering).await.is_err() {
            tokio::time::sleep(USAGE_END_RETRY).await;
        }
    };
    if timeout(USAGE_END_STALL, noting).await.is_err() {
        let minutes = node.meter.minutes().lock().due().len();
        tracing::warn!(minutes, "what the node did in its last minutes could not be noted");
    }
}
