//! HTTP/1.1 for routes that need nothing but HTTP.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Connections at once. Others wait with the system, which has a bound of its own.
const CONNECTIONS_MAX: usize = 4096;
/// How long a connection may live: long enough to be used again, short enough that one who asks and never reads is
/// gone soon.
const LIFE: Duration = Duration::from_secs(120);
/// How long a request's head may take to arrive, and the next one to begin.
const HEAD_WAIT: Duration = Duration::from_secs(10);
/// Bytes of a request's head: a token of 16 KiB fits, with the names that a proxy adds. Bodies are bounded by what reads them.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long the answers that are under way at the end may take: longer than any store is waited for.
const END_WITHIN: Duration = Duration::from_secs(5);
/// A pause after a connection could not be accepted: mostly for want of file descriptors, which come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `routes` until `shutdown` is ready; then answers what was asked, and ends.
pub(crate) async fn serve(listener: TcpListener, routes: Router, shutdown: impl Future<Output = ()>) {
    let (serving, ends) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((tcp, peer)) => {
                    connections.spawn(connection(tcp, peer, routes.clone(), ends.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    drop(serving);
    let all_end = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(END_WITHIN, all_end).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut off at the end");
    }
}

/// Serves one connection, until it ends or the server does.
async fn connection(tcp: TcpStream, peer: SocketAddr, routes: Router, mut ends: watch::Receiver<()>) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT).max_buf_size(HEAD_BYTES_MAX);
    let mut served = pin!(http.serve_connection(TokioIo::new(tcp), answer));
    let served = async {
        tokio::select! {
            outcome = served.as_mut() => outcome,
            // Only ever an error: that the server ends.
            _ = ends.changed() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    };
    // Whatever breaks off here concerns this client alone.
    if let Ok(Err(error)) = tokio::time::timeout(LIFE, served).await {
        tracing::debug!(%peer, %error, "an HTTP connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};
    use tokio::task::JoinHandle;

    struct Served {
        address: SocketAddr,
        end: oneshot::Sender<()>,
        task: JoinHandle<()>,
        asked: Arc<Notify>,
        answers: Arc<Notify>,
    }

    /// A server with one route, which tells who asks, and answers when it is let.
    async fn served() -> Served {
        let (asked, answers) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (of_route, let_answer) = (asked.clone(), answers.clone());
        let route = get(|peer: ConnectInfo<SocketAddr>| async move {
            of_route.notify_one();
            let_answer.notified().await;
            peer.0.ip().to_string()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let shutdown = async { ended.await.unwrap() };
        let task = tokio::spawn(serve(listener, Router::new().route("/", route), shutdown));
        Served { address, end, task, asked, answers }
    }

    async fn ask(address: SocketAddr, head: &str) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(head.as_bytes()).await.unwrap();
        client
    }

    async fn told(mut client: TcpStream) -> String {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn what_was_asked_before_the_end_is_answered_and_idle_connections_are_closed() {
        let Served { address, end, task, asked, answers } = served().await;
        let idle = ask(address, "").await;
        let waiting = ask(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        asked.notified().await;
        end.send(()).unwrap();
        assert_eq!(told(idle).await, "");
        assert!(TcpStream::connect(address).await.is_err(), "nobody is let in any more");
        answers.notify_one();
        let answer = told(waiting).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_arrive_is_waited_for_no_longer_than_its_time() {
        let server = served().await;
        let begun = tokio::time::Instant::now();
        let answer = told(ask(server.address, "GET / HTTP/1.1\r\nhost: ").await).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(begun.elapsed() <= HEAD_WAIT + Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_head_over_its_bound_is_refused() {
        let server = served().await;
        // As long as may be, and not at its end.
        let begun = "GET / HTTP/1.1\r\nhost: a\r\nx: ";
        let long = begun.to_owned() + &"x".repeat(HEAD_BYTES_MAX - begun.len());
        let answer = told(ask(server.address, &long).await).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_holds_the_end_up_no_longer_than_its_time() {
        let Served { address, end, task, asked, .. } = served().await;
        let _waiting = ask(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        asked.notified().await;
        let begun = tokio::time::Instant::now();
        end.send(()).unwrap();
        task.await.unwrap();
        assert!(begun.elapsed() <= END_WITHIN + Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}
