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
    // Document by document, each with all its sessions, so that other nodes open it while this one still drains.
    let documents = node.registry.open();
    let relayed = usize::try_from(node.metrics.relayed.get()).unwrap_or(0);
    let share = documents.len() as f64 / (documents.len() + relayed).max(1) as f64;
    let for_documents = node.config.drain_for.mul_f64(share);
    in_waves(&documents, for_documents, |document| document.evict(CloseReason::NodeRestarting)).await;
    // What is left: connections to documents of other nodes.
    let rest = node.config.drain_for.saturating_sub(for_documents);
    in_waves(&node.links(), rest, |link| link.close(CloseReason::NodeRestarting)).await;
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
