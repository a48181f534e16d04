use super::{Metering, flush, platform};
use crate::caps::{USAGE_END_RETRY, USAGE_END_WAIT};
use crate::node::Node;
use domain::metering::Flushed;

/// Writes down everything that is counted, once nothing is counted any more, and says what is lost. Takes
/// [`USAGE_END_WAIT`] at most.
pub(crate) async fn end(node: &Node) {
    let Some(metering) = node.meter.metering() else { return };
    let mut written = Flushed::default();
    let everything = async {
        tokio::join!(write_all(node, metering, &mut written), note_all(node, metering));
    };
    let in_time = tokio::time::timeout(USAGE_END_WAIT, everything).await.is_ok();
    let lost = {
        let meter = metering.recorder.meter();
        meter.lost().saturating_add(meter.unwritten())
    };
    node.metrics.usage_lost(lost);
    let Flushed { requests, ops, .. } = written;
    if lost == 0 && in_time {
        tracing::info!(requests, ops, lost, "usage is written down");
    } else {
        tracing::error!(requests, ops, lost, "usage was lost");
    }
}

/// Flushes until the log has taken everything: first what was under way, and then what was counted behind that.
async fn write_all(node: &Node, metering: &Metering, written: &mut Flushed) {
    let mut taken_whole = 0;
    while taken_whole < 2 {
        let flushed = flush::flush(node, metering).await;
        written.requests = written.requests.saturating_add(flushed.requests);
        written.ops = written.ops.saturating_add(flushed.ops);
        if flushed.failure.is_some() {
            tokio::time::sleep(USAGE_END_RETRY).await;
        } else {
            taken_whole += 1;
        }
    }
}

async fn note_all(node: &Node, metering: &Metering) {
    platform::end(node);
    while platform::note(&node.meter, metering).await.is_err() {
        tokio::time::sleep(USAGE_END_RETRY).await;
    }
}
