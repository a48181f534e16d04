//! The edge's side of a request on another node's relay port.

use super::caps::{DIAL_WAIT, RELAY_HEAD_BYTES_MAX};
use super::pass::{GiveUp, Pass, Sealed};
use super::refusal::RelayRefusal;
use super::request::{GIVE_UP, SESSION, X_WIRESOCKET_PASS};
use super::secret::ClusterSecret;
use super::socket::RelaySocket;
use domain::clock::Entropy;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Why another node did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// Nobody listens at its address: its process is dead. Each address that the name stands for says so.
    #[error("nobody listens there")]
    Refused,
    /// It did not answer within 2 s. Dead, cut off or slow: nobody knows.
    #[error("it does not answer")]
    Silent,
    /// It answered no.
    #[error("it refuses: {0}")]
    Answered(RelayRefusal),
    /// The connection broke off, its address has no meaning, or it speaks something else.
    #[error("the connection broke off: {0}")]
    Broken(#[source] io::Error),
}

/// Asks other nodes.
#[derive(Clone)]
pub(crate) struct Dialer {
    secret: ClusterSecret,
    entropy: Arc<dyn Entropy>,
}

impl Dialer {
    /// Asks under `secret`.
    pub(crate) fn new(secret: ClusterSecret, entropy: Arc<dyn Entropy>) -> Self {
        Self { secret, entropy }
    }

    /// Opens a session on the node at `address` (`host:port`).
    ///
    /// # Errors
    /// [`DialError`], at the latest after 2 s.
    pub(crate) async fn open_session(&self, address: &str, pass: &Pass) -> Result<RelaySocket, DialError> {
        within_wait(async {
            let key = generate_key();
            let mut request = self.request(Method::GET, SESSION, address, pass)?;
            let headers = request.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).map_err(invalid)?);
            let mut exchange = Exchange::begin(address).await?;
            let answer = exchange.ask(request).await?;
            self.upgraded(answer, &key).await
        })
        .await
    }

    /// Asks the node at `address` to give one document in grace up. Returns whether it did.
    ///
    /// # Errors
    /// [`DialError`], at the latest after 2 s; then it may have done so.
    pub(crate) async fn ask_to_give_up(&self, address: &str, plea: &GiveUp) -> Result<bool, DialError> {
        within_wait(async {
            let request = self.request(Method::POST, GIVE_UP, address, plea)?;
            let answer = Exchange::begin(address).await?.ask(request).await?;
            match answer.status() {
                StatusCode::OK => Ok(true),
                StatusCode::NO_CONTENT => Ok(false),
                status => Err(refused(status)),
            }
        })
        .await
    }

    fn request(
        &self,
        method: Method,
        path: &'static str,
        address: &str,
        sealed: &impl Sealed,
    ) -> Result<Request<String>, DialError> {
        let pass = sealed.seal(&self.secret).ok_or_else(|| invalid("the pass is too long"))?;
        let mut request = Request::new(String::new());
        *request.method_mut() = method;
        *request.uri_mut() = hyper::Uri::from_static(path);
        request.headers_mut().insert(HOST, HeaderValue::from_str(address).map_err(invalid)?);
        request.headers_mut().insert(X_WIRESOCKET_PASS, pass);
        Ok(request)
    }

    async fn upgraded(&self, answer: Response<Incoming>, key: &str) -> Result<RelaySocket, DialError> {
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(answer.status()));
        }
        let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accepted.is_none_or(|accepted| *accepted != derive_accept_key(key.as_bytes())) {
            return Err(invalid("its answer to the key is wrong"));
        }
        let upgraded = hyper::upgrade::on(answer).await.map_err(broken)?;
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| invalid("it is no TCP stream"))?;
        let tcp = parts.io.into_inner();
        Ok(RelaySocket::new(tcp, &parts.read_buf, Arc::clone(&self.entropy)))
    }
}

/// One request and its answer on a connection of their own. Dropped, the connection ends.
struct Exchange {
    requests: http1::SendRequest<String>,
    /// Drives the connection.
    _driver: JoinSet<()>,
}

impl Exchange {
    async fn begin(address: &str) -> Result<Self, DialError> {
        let tcp = connect(address).await?;
        tcp.set_nodelay(true).map_err(DialError::Broken)?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(RELAY_HEAD_BYTES_MAX);
        let (requests, connection) = builder.handshake(TokioIo::new(tcp)).await.map_err(broken)?;
        let mut driver = JoinSet::new();
        // How it ends is told to whoever waits for the answer.
        driver.spawn(async move { drop(connection.with_upgrades().await) });
        Ok(Self { requests, _driver: driver })
    }

    async fn ask(&mut self, request: Request<String>) -> Result<Response<Incoming>, DialError> {
        self.requests.send_request(request).await.map_err(broken)
    }
}

/// Connects to the first address that takes it.
async fn connect(address: &str) -> Result<TcpStream, DialError> {
    let mut failed = None;
    for address in tokio::net::lookup_host(address).await.map_err(DialError::Broken)? {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                failed.get_or_insert(DialError::Refused);
            }
            // One address that says nothing leaves open whether the process lives.
            Err(error) => failed = Some(DialError::Broken(error)),
        }
    }
    Err(failed.unwrap_or_else(|| invalid("its address stands for nothing")))
}

async fn within_wait<T>(asked: impl Future<Output = Result<T, DialError>>) -> Result<T, DialError> {
    tokio::time::timeout(DIAL_WAIT, asked).await.unwrap_or(Err(DialError::Silent))
}

fn refused(status: StatusCode) -> DialError {
    match RelayRefusal::from_status(status) {
        Some(refusal) => DialError::Answered(refusal),
        None => invalid(format!("it answers {status}")),
    }
}

fn broken(error: hyper::Error) -> DialError {
    DialError::Broken(io::Error::other(error))
}

fn invalid(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DialError {
    DialError::Broken(io::Error::new(io::ErrorKind::InvalidData, cause))
}
