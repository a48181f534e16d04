//! Drain: leave discovery, refuse who is new, give documents up and close sessions in waves, give everything back.

use crate::caps::DRAIN_FLUSH;
use crate::node::Node;
use domain::close::CloseReason;
use std::time::Duration;
use tokio::time::Instant;

/// How often a wave is closed, and how often the flush is looked at.
const STEP: Duration = Duration::from_millis(50);

/// Drains the node. Takes the configured time for documents and sessions, and at most [`DRAIN_FLUSH`] after that.
pub(crate) async fn drain(node: &Node) {
    node.drain();
    tracing::info!(connections = node.metrics.connections.get(), "draining");
    let began = Instant::now();
    give_documents_up(node).await;
    close_sessions(node, node.config.drain_for.saturating_sub(began.elapsed())).await;
    let deadline = Instant::now() + DRAIN_FLUSH;
    while Instant::now() < deadline && !is_done(node) {
        // What was being admitted when the drain began.
        node.links().iter().for_each(|link| link.close(CloseReason::NodeRestarting));
        node.registry.open().iter().for_each(|document| document.evict(CloseReason::NodeRestarting));
        tokio::time::sleep(STEP / 10).await;
    }
    if is_done(node) {
        tracing::info!("drained");
    } else {
        tracing::warn!("the drain did not finish in time");
    }
}

/// Ends document by document, with all its sessions, so that other nodes can open it while this one still drains.
async fn give_documents_up(node: &Node) {
    in_waves(&node.registry.open(), node.config.drain_for, |document| {
        document.evict(CloseReason::NodeRestarting);
    })
    .await;
}

/// Closes what is left: connections to documents of other nodes.
async fn close_sessions(node: &Node, over: Duration) {
    in_waves(&node.links(), over, |link| link.close(CloseReason::NodeRestarting)).await;
}

async fn in_waves<T>(all: &[T], over: Duration, mut end: impl FnMut(&T)) {
    let waves = (over.as_millis() / STEP.as_millis()).max(1);
    let per_wave = all.len().div_ceil(usize::try_from(waves).unwrap_or(usize::MAX)).max(1);
    for wave in all.chunks(per_wave) {
        wave.iter().for_each(&mut end);
        tokio::time::sleep(STEP.min(over)).await;
    }
}

fn is_done(node: &Node) -> bool {
    let has_no_sessions = node.metrics.connections.get() == 0 && node.metrics.relay_sessions.get() == 0;
    has_no_sessions && node.registry.is_empty() && node.homes().all(|home| home.desk().is_quiet())
}
