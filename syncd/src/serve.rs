//! The life of a node: announce, accept, drain.

use crate::caps::{HEAD_BYTES_MAX, HEAD_WAIT, HTTP_CONNECTIONS_MAX, HTTP_LIFE};
use crate::config::NodeConfig;
use crate::metrics::{Metrics, OutsideCounter};
use crate::node::{Node, Ports};
use crate::owner::Owner;
use crate::{drain, http, leases, metering, relay, vitals};
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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
    tasks.spawn(accept(Arc::clone(&node), listeners.clients, besides.routes));
    shutdown.await;
    drain::drain(&node).await;
    tasks.shutdown().await;
    metering::end(&node).await;
    leases::end(&node).await;
    Ok(())
}

async fn accept(node: Arc<Node>, listener: TcpListener, routes: Router) {
    let room = Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX));
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => {
                // Past the bound the connection is dropped: nothing of it has been read yet.
                if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
                    tokio::spawn(connection(Arc::clone(&node), routes.clone(), tcp, peer, permit));
                }
            }
            Err(error) => {
                // Mostly out of file descriptors; those come back when connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Speaks HTTP/1.1 on a connection until it ends or is upgraded.
async fn connection(
    node: Arc<Node>,
    routes: Router,
    tcp: TcpStream,
    peer: SocketAddr,
    _room: OwnedSemaphorePermit,
) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let (node, routes) = (Arc::clone(&node), routes.clone());
        async move { Ok::<_, Infallible>(http::answer(node, routes, peer, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_BYTES_MAX);
    let served = builder.serve_connection(TokioIo::new(tcp), service).with_upgrades();
    // Whatever breaks off here concerns this client alone. A client that asks and never reads is ended by time.
    if let Ok(Err(error)) = tokio::time::timeout(HTTP_LIFE, served).await {
        tracing::debug!(%peer, %error, "an HTTP connection broke off");
    }
}
