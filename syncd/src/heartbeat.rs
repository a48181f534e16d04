//! What a node tells the cluster, and what it measures of itself.

use crate::caps::{BEAT_EVERY, MEMORY_LOOK_EVERY, STORE_DEADLINE};
use crate::node::Node;
use domain::ports::{Beat, NodeRecord, Unavailable};
use std::sync::Arc;

/// Makes the node known.
pub(crate) async fn announce(node: &Node) {
    tell(node, 0, Telling::Announce).await;
}

/// Beats until it is aborted, and looks at the process's memory in between.
pub(crate) async fn beat(node: Arc<Node>) {
    let mut beat = 0;
    let mut looks = tokio::time::interval(MEMORY_LOOK_EVERY);
    let looks_per_beat = (BEAT_EVERY.as_secs() / MEMORY_LOOK_EVERY.as_secs()).max(1);
    for look in 0_u64.. {
        looks.tick().await;
        measure(&node);
        if look % looks_per_beat == 0 {
            beat += 1;
            tell(&node, beat, Telling::Beat).await;
        }
    }
}

/// Strikes the node from the cluster's list.
pub(crate) async fn leave(node: &Node) {
    let forget = node.ports.cluster.forget(&node.config.region, &node.id);
    if let Ok(Err(error)) = tokio::time::timeout(STORE_DEADLINE, forget).await {
        tracing::warn!(%error, "the cluster was not told that this node leaves");
    }
}

/// Tells the cluster of a drain at once, so that discovery sends nobody here.
pub(crate) async fn tell_drain(node: &Node) {
    tell(node, u64::MAX, Telling::Beat).await;
}

#[derive(Clone, Copy)]
enum Telling {
    Announce,
    Beat,
}

async fn tell(node: &Node, beat: u64, telling: Telling) {
    let record = record(node, beat);
    let cluster = &node.ports.cluster;
    let telling = async {
        match telling {
            Telling::Announce => cluster.announce(&record).await,
            Telling::Beat => cluster.beat(&record).await,
        }
    };
    let outcome = match tokio::time::timeout(STORE_DEADLINE, telling).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Unavailable::new("cluster", "no answer in time")),
    };
    node.cluster_answers.note(outcome.is_ok(), node.now());
    match outcome {
        Ok(Beat::Alive) => {}
        Ok(Beat::Fenced) => tracing::error!(node = %node.id, "this node was declared dead"),
        Err(error) => {
            node.metrics.store_error("cluster");
            tracing::warn!(%error, "the cluster did not answer a heartbeat");
        }
    }
}

fn record(node: &Node, beat: u64) -> NodeRecord {
    NodeRecord {
        node: node.id.clone(),
        region: node.config.region.clone(),
        beat,
        state: node.state(),
        url: node.config.regions.get(&node.config.region).cloned().unwrap_or_default(),
        relay: String::new(),
        connections: u64::try_from(node.metrics.connections.get()).unwrap_or(0),
        capacity: node.config.capacity,
    }
}

fn measure(node: &Node) {
    if let Some(bytes) = resident_bytes() {
        node.metrics.memory.set(bytes);
    }
    let quarantined = node.registry.sweep_quarantine(node.now());
    node.metrics.quarantined.set(i64::try_from(quarantined).unwrap_or(i64::MAX));
}

/// Resident memory of this process, from the kernel's accounting (proc(5), `VmRSS` of `status`). `None` where
/// there is none.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}
