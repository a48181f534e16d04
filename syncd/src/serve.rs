//! The life of a node: announce, accept, drain.

use crate::config::NodeConfig;
use crate::connections::Connections;
use crate::metrics::{Metrics, OutsideCounter};
use crate::node::{Node, Ports};
use crate::owner::Owner;
use crate::{drain, leases, metering, relay, vitals};
use axum::Router;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Why a node could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A metric is defined twice.
    #[error("the metrics could not be set up: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// What a node's port serves besides the node's own: the control plane, where one process holds both.
#[derive(Default)]
pub struct Besides {
    /// Answers what is neither a WebSocket attempt nor the node's own.
    pub routes: Router,
    /// Told in `/metrics` too.
    pub counters: Vec<OutsideCounter>,
}

/// Where a node is reached.
#[derive(Debug)]
pub struct Listeners {
    /// By clients.
    pub clients: TcpListener,
    /// By the other nodes of its region.
    pub relay: Option<TcpListener>,
}

/// Runs a node on `listeners` until `shutdown` is ready, then drains it.
///
/// # Errors
/// [`RunError`], before anything is served.
pub async fn run(
    listeners: Listeners,
    ports: Ports,
    config: NodeConfig,
    besides: Besides,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let node = Node::new(config, ports, Arc::new(Metrics::new(besides.counters)?));
    let mut tasks = JoinSet::new();
    tasks.spawn(vitals::watch(Arc::clone(&node)));
    tasks.spawn(vitals::watch_documents(Arc::clone(&node)));
    tasks.spawn(metering::keep_written(Arc::clone(&node)));
    tasks.spawn(metering::keep_minutes(Arc::clone(&node)));
    leases::announce(&node).await;
    leases::keep(&node, &mut tasks);
    if let (Some(listener), Some(relay)) = (listeners.relay, &node.config.relay) {
        tasks.spawn(relay::listen(listener, relay.secret.clone(), Arc::new(Owner(Arc::clone(&node)))));
    }
    let connections = Connections::accept(&node, listeners.clients, besides.routes);
    shutdown.await;
    drain::drain(&node).await;
    // What is answered is counted: all of it comes before the last usage is written down.
    connections.end().await;
    tasks.shutdown().await;
    metering::end(&node).await;
    leases::end(&node).await;
    Ok(())
}
