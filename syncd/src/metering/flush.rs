//! Writing down what is counted, period by period.

use super::Metering;
use crate::caps::{PEAKS_LOOKED_FOR, PEAKS_LOOKED_UP_AT_ONCE, USAGE_FLUSH_WAIT};
use crate::node::Node;
use domain::calendar::Hour;
use domain::ids::AppKey;
use domain::metering::Flushed;
use domain::ports::Unavailable;
use futures_util::StreamExt;
use futures_util::stream;
use std::sync::Arc;
use std::time::Duration;

/// A flush comes so late after the end of its period at most, in parts of the period: nodes share a table.
const DRAWN_OF_PERIOD: u32 = 6;

/// Writes down what is counted after the end of each period, until it is aborted.
pub(crate) async fn keep(node: Arc<Node>) {
    let Some(metering) = node.meter.metering() else { return };
    let mut lost = 0;
    loop {
        tokio::time::sleep(next_flush(&node)).await;
        look_up_unseen(&node, metering).await;
        let flushed = flush(&node, metering).await;
        report(&flushed, lost);
        lost = flushed.lost;
    }
}

/// How long it is till the next period's end, and a drawn time more.
fn next_flush(node: &Node) -> Duration {
    let every = node.config.usage_every;
    let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX).max(1);
    let left = Duration::from_millis(every_ms - node.ports.clock.unix_ms() % every_ms);
    left + node.ports.entropy.between(Duration::ZERO, every / DRAWN_OF_PERIOD)
}

/// Writes down what is counted, for as long as a log that answers may take. What is left is due again.
async fn flush(node: &Node, Metering { recorder, .. }: &Metering) -> Flushed {
    let before = recorder.meter().written();
    let flush = recorder.flush(node.ports.clock.unix_ms());
    let flushed = tokio::time::timeout(USAGE_FLUSH_WAIT, flush).await.unwrap_or_else(|_| {
        recorder.flushed_since(before, Some(Unavailable::new("usage log", "it took too long for all of it")))
    });
    node.metrics.usage_flushed(&flushed);
    flushed
}

/// The lines of a killed node tell what it had written down; what is held all the time is not worth one.
fn report(flushed: &Flushed, lost_before: u64) {
    let Flushed { additions, requests, ops, unwritten, lost, .. } = flushed;
    if let Some(error) = &flushed.failure {
        tracing::warn!(%error, additions, requests, ops, unwritten, lost, "usage could not be written down");
    } else if *requests > 0 {
        tracing::info!(additions, requests, ops, "usage of a period is written down");
    }
    if *lost > lost_before {
        tracing::error!(lost = lost - lost_before, unwritten, "usage was lost");
    }
}

/// Reads the ledger of apps that something is held of and that nobody wrote in this hour: what was held all the time is
/// the hour's peak.
async fn look_up_unseen(node: &Node, Metering { recorder, .. }: &Metering) {
    let unseen = recorder.meter().unseen(Hour::of_unix_ms(node.ports.clock.unix_ms()));
    let looks = stream::iter(unseen).map(|app| async move { look_up(node, &app).await });
    let looks = looks.buffer_unordered(PEAKS_LOOKED_UP_AT_ONCE).for_each(|()| async {});
    // Who is not looked up in time is so at the next flush.
    let _ = tokio::time::timeout(PEAKS_LOOKED_FOR, looks).await;
}

/// Reads an app's records in the homes that this node has asked for places of it: the ledger notes what it sees.
async fn look_up(node: &Node, app: &AppKey) {
    for home in node.homes().filter(|home| home.desk().has_books_of(app)) {
        // A peak that is not seen in time is one that the writers of the hour have seen, or none.
        let _ = home.desk().record(app).await;
    }
}
