use super::caps::{RELAY_HEAD_BYTES_MAX, RELAY_HTTP_CONNECTIONS_MAX, RELAY_HTTP_LIFE};
use super::request::{self, Reception};
use super::secret::ClusterSecret;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Answers on a node's relay port for as long as it is polled. Sessions that were let in go on without it.
pub(crate) async fn listen<R: Reception>(listener: TcpListener, secret: ClusterSecret, reception: Arc<R>) {
    let secret = Arc::new(secret);
    let room = Arc::new(Semaphore::new(RELAY_HTTP_CONNECTIONS_MAX));
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                // Past the bound the connection is dropped: nothing of it has been read yet.
                if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
                    tokio::spawn(connection(tcp, Arc::clone(&secret), Arc::clone(&reception), permit));
                }
            }
            Err(error) => {
                // Mostly out of file descriptors; those come back when connections end.
                tracing::warn!(%error, "a relay connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Speaks HTTP/1.1 on a connection for one request.
async fn connection<R: Reception>(
    tcp: TcpStream,
    secret: Arc<ClusterSecret>,
    reception: Arc<R>,
    _room: OwnedSemaphorePermit,
) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let (reception, secret) = (Arc::clone(&reception), Arc::clone(&secret));
        async move { Ok::<_, Infallible>(request::answer(reception, secret, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(RELAY_HTTP_LIFE);
    builder.max_buf_size(RELAY_HEAD_BYTES_MAX).keep_alive(false);
    let served = builder.serve_connection(TokioIo::new(tcp), service).with_upgrades();
    // Whatever breaks off here concerns the one node that asked, and it asks again.
    if let Ok(Err(error)) = tokio::time::timeout(RELAY_HTTP_LIFE, served).await {
        tracing::debug!(%error, "a relay connection broke off");
    }
}
