//! The HTTP connections of a node's port, from the first to the last.

use crate::caps::{ACCEPT_PAUSE, HEAD_BYTES_MAX, HEAD_WAIT, HTTP_CONNECTIONS_MAX, HTTP_END_WAIT, HTTP_LIFE};
use crate::http;
use crate::node::Node;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A port that is open. Ended, nothing of it is answered any more.
pub(crate) struct Connections {
    serving: watch::Sender<()>,
    accepting: JoinHandle<JoinSet<()>>,
}

impl Connections {
    /// Accepts connections, and answers what they ask.
    pub(crate) fn accept(node: &Arc<Node>, listener: TcpListener, routes: Router) -> Self {
        let (serving, ends) = watch::channel(());
        let accepting = tokio::spawn(accept(Arc::clone(node), listener, routes, ends));
        Self { serving, accepting }
    }

    /// Accepts no more, answers what was asked, and closes. Upgraded ones are no HTTP connections any more. Takes
    /// [`HTTP_END_WAIT`] at most, and cuts off what is left then.
    pub(crate) async fn end(self) {
        drop(self.serving);
        let Ok(mut connections) = self.accepting.await else { return };
        let all_end = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(HTTP_END_WAIT, all_end).await.is_err() {
            tracing::warn!(connections = connections.len(), "HTTP connections were cut off at the end");
            connections.shutdown().await;
        }
    }
}

/// Accepts until the end. Returns the connections that there are then.
async fn accept(
    node: Arc<Node>,
    listener: TcpListener,
    routes: Router,
    mut ends: watch::Receiver<()>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let of_connections = ends.clone();
    loop {
        tokio::select! {
            // Only ever an error: that the node ends.
            _ = ends.changed() => return connections,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                // Past the bound the connection is dropped: nothing of it has been read yet.
                Ok(_) if connections.len() >= HTTP_CONNECTIONS_MAX => {}
                Ok((tcp, peer)) => {
                    let (node, routes) = (Arc::clone(&node), routes.clone());
                    connections.spawn(connection(node, routes, tcp, peer, of_connections.clone()));
                }
                Err(error) => {
                    // Mostly out of file descriptors; those come back when connections end.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// Speaks HTTP/1.1 on a connection until it ends or is upgraded, or the node ends.
async fn connection(
    node: Arc<Node>,
    routes: Router,
    tcp: TcpStream,
    peer: SocketAddr,
    mut ends: watch::Receiver<()>,
) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let (node, routes) = (Arc::clone(&node), routes.clone());
        async move { Ok::<_, Infallible>(http::answer(node, routes, peer, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_BYTES_MAX);
    let mut served = pin!(builder.serve_connection(TokioIo::new(tcp), service).with_upgrades());
    let served = async {
        tokio::select! {
            outcome = served.as_mut() => outcome,
            _ = ends.changed() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    };
    // Whatever breaks off here concerns this client alone. A client that asks and never reads is ended by time.
    if let Ok(Err(error)) = tokio::time::timeout(HTTP_LIFE, served).await {
        tracing::debug!(%peer, %error, "an HTTP connection broke off");
    }
}
