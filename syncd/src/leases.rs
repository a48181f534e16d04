//! The node's leases: kept in every home table, and what their loss means for its sessions.

use crate::caps::{ANNOUNCE_WAIT, LEAVE_WAIT};
use crate::config::OnLeaseLoss;
use crate::home::Home;
use crate::node::Node;
use domain::bounds::LEASE;
use domain::close::CloseReason;
use futures_util::future::join_all;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Makes the node known in every home table, so that it can admit whom it is first asked to. Those that do not answer
/// soon are tried again by [`keep`].
pub(crate) async fn announce(node: &Node) {
    let announced = join_all(node.homes().map(|home| home.announce()));
    if tokio::time::timeout(ANNOUNCE_WAIT, announced).await.is_err() {
        tracing::warn!("a home table takes long to answer; serving without it");
    }
}

/// Starts what keeps the leases, and what acts on their loss.
pub(crate) fn keep(node: &Arc<Node>, tasks: &mut JoinSet<()>) {
    for home in node.homes() {
        let lease = Arc::clone(home);
        tasks.spawn(async move { lease.run().await });
        tasks.spawn(renew_documents(Arc::clone(node), Arc::clone(home)));
        if node.config.on_lease_loss == OnLeaseLoss::Close {
            tasks.spawn(close_on_loss(Arc::clone(node), Arc::clone(home)));
        }
    }
}

/// Ends the node's lives in order.
pub(crate) async fn end(node: &Node) {
    let ends = join_all(node.homes().map(|home| home.leave()));
    if tokio::time::timeout(LEAVE_WAIT, ends).await.is_err() {
        tracing::warn!("the end of this node was not written down in time; others will see it");
    }
}

/// Has every open document of the home region pinned again whenever another life begins.
async fn renew_documents(node: Arc<Node>, home: Arc<Home>) {
    let mut lives = home.lives();
    while lives.changed().await.is_ok() {
        for document in node.registry.open() {
            if document.is_of(&home) {
                document.renew();
            }
        }
    }
}

/// Closes the home region's sessions when its lease is over without another life.
async fn close_on_loss(node: Arc<Node>, home: Arc<Home>) {
    let mut held = false;
    loop {
        let holds = home.lease().holds(node.now()).is_some();
        if held && !holds {
            tracing::warn!(home = %home.name(), "cut off from the home table: closing its sessions");
            node.close_sessions_of(&home, &CloseReason::NodeRestarting);
        }
        held = holds;
        tokio::time::sleep(LEASE / 20).await;
    }
}
