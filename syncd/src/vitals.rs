//! What a node measures of itself.

use crate::caps::MEMORY_LOOK_EVERY;
use crate::document::DocumentHandle;
use crate::node::Node;
use std::sync::Arc;

/// Looks at the process's memory, and at what is quarantined, until it is aborted.
pub(crate) async fn watch(node: Arc<Node>) {
    let mut looks = tokio::time::interval(MEMORY_LOOK_EVERY);
    loop {
        looks.tick().await;
        measure(&node);
    }
}

/// Has every open document ask its store whether it still has it, whenever the store may have lost something, until
/// it is aborted.
pub(crate) async fn watch_documents(node: Arc<Node>) {
    loop {
        node.ports.documents.interrupted().await;
        let documents = node.registry.open();
        tracing::warn!(
            documents = documents.len(),
            "the document store may have lost something; all are checked"
        );
        documents.iter().for_each(DocumentHandle::check_soon);
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
