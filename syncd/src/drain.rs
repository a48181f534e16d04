//! Drain: leave discovery, refuse who is new, close the sessions in waves, give everything back.

use crate::caps::DRAIN_FLUSH;
use crate::heartbeat;
use crate::node::Node;
use domain::close::CloseReason;
use std::time::Duration;
use tokio::time::Instant;

/// How often a wave of sessions is closed, and how often the flush is looked at.
const STEP: Duration = Duration::from_millis(50);

/// Drains the node. Takes the configured time for the sessions, and at most [`DRAIN_FLUSH`] after that.
pub(crate) async fn drain(node: &Node) {
    node.drain();
    tracing::info!(connections = node.metrics.connections.get(), "draining");
    heartbeat::tell_drain(node).await;
    close_in_waves(node).await;
    let deadline = Instant::now() + DRAIN_FLUSH;
    while Instant::now() < deadline && !is_done(node) {
        // Sessions that were being admitted when the drain began.
        node.links().iter().for_each(|link| link.close(CloseReason::NodeRestarting));
        for document in node.registry.open() {
            let _ = tokio::time::timeout_at(deadline, document.give_up()).await;
        }
        tokio::time::sleep(STEP / 10).await;
    }
    if is_done(node) {
        tracing::info!("drained");
    } else {
        tracing::warn!("the drain did not finish in time");
    }
}

async fn close_in_waves(node: &Node) {
    let links = node.links();
    let waves = (node.config.drain_for.as_millis() / STEP.as_millis()).max(1);
    let per_wave = links.len().div_ceil(usize::try_from(waves).unwrap_or(usize::MAX)).max(1);
    for wave in links.chunks(per_wave) {
        wave.iter().for_each(|link| link.close(CloseReason::NodeRestarting));
        tokio::time::sleep(STEP.min(node.config.drain_for)).await;
    }
}

fn is_done(node: &Node) -> bool {
    node.metrics.connections.get() == 0 && node.registry.is_empty() && node.desk.is_quiet()
}
