//! The owner's side of one request on the relay port: answered before the upgrade, served after it.

use super::pass::{GiveUp, Pass, Sealed};
use super::refusal::RelayRefusal;
use super::secret::ClusterSecret;
use crate::attempt::web_socket_key;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The header that carries what is sealed.
pub(super) const X_WIRESOCKET_PASS: HeaderName = HeaderName::from_static("x-wiresocket-pass");
/// Where sessions are asked for.
pub(super) const SESSION: &str = "/session";
/// Where documents in grace are asked for.
pub(super) const GIVE_UP: &str = "/give-up";

/// What a node does with what others ask of it. The seal is checked before anything gets here; that `to` is the
/// node's present life in that home is for the implementor to check.
pub(crate) trait Reception: Send + Sync + 'static {
    /// What a session was given when it was let in. Dropped, it is given back.
    type Place: Send + 'static;

    /// Lets a session in or refuses it. Its edge calls the node silent after 2 s; it goes on to its end all the same, and
    /// what it then gives is given back.
    fn admit(&self, pass: &Pass) -> impl Future<Output = Result<Self::Place, RelayRefusal>> + Send;

    /// Serves a session that was let in, on a socket that speaks WebSocket after `early`, until it ends.
    fn serve(
        &self,
        place: Self::Place,
        pass: Pass,
        tcp: TcpStream,
        early: Bytes,
    ) -> impl Future<Output = ()> + Send;

    /// Gives up one document in grace of an app. Returns whether there was one.
    fn give_up(&self, plea: &GiveUp) -> impl Future<Output = Result<bool, RelayRefusal>> + Send;
}

pub(super) type RelayAnswer = Response<String>;

/// Answers one request.
pub(super) async fn answer<R: Reception>(
    reception: Arc<R>,
    secret: Arc<ClusterSecret>,
    mut request: Request<Incoming>,
) -> RelayAnswer {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (parts, _) = request.into_parts();
    let answered = match (parts.uri.path(), &parts.method) {
        (SESSION, &Method::GET) => session(reception, &secret, &parts, upgrade).await,
        (GIVE_UP, &Method::POST) => give_up(&*reception, &secret, &parts).await,
        _ => Err(RelayRefusal::Malformed),
    };
    answered.unwrap_or_else(|refusal| {
        tracing::debug!(%refusal, "refused on the relay port");
        with_status(refusal.status())
    })
}

async fn session<R: Reception>(
    reception: Arc<R>,
    secret: &ClusterSecret,
    parts: &Parts,
    upgrade: Option<OnUpgrade>,
) -> Result<RelayAnswer, RelayRefusal> {
    let key = web_socket_key(parts).ok_or(RelayRefusal::Malformed)?;
    let upgrade = upgrade.ok_or(RelayRefusal::Malformed)?;
    let pass: Pass = opened(secret, parts)?;
    let (place, pass) = admitted(&reception, pass).await?;
    tokio::spawn(upgraded(reception, upgrade, place, pass));
    Ok(accept(key))
}

/// Runs to its end even where the edge hangs up meanwhile: a document that is half open would be left pinned.
async fn admitted<R: Reception>(reception: &Arc<R>, pass: Pass) -> Result<(R::Place, Pass), RelayRefusal> {
    let reception = Arc::clone(reception);
    let admitting = tokio::spawn(async move { reception.admit(&pass).await.map(|place| (place, pass)) });
    admitting.await.unwrap_or(Err(RelayRefusal::Unavailable))
}

async fn give_up<R: Reception>(
    reception: &R,
    secret: &ClusterSecret,
    parts: &Parts,
) -> Result<RelayAnswer, RelayRefusal> {
    let plea: GiveUp = opened(secret, parts)?;
    let was_given_up = reception.give_up(&plea).await?;
    Ok(with_status(if was_given_up { StatusCode::OK } else { StatusCode::NO_CONTENT }))
}

fn opened<S: Sealed>(secret: &ClusterSecret, parts: &Parts) -> Result<S, RelayRefusal> {
    let header = parts.headers.get(X_WIRESOCKET_PASS).ok_or(RelayRefusal::Malformed)?;
    S::open(header, secret)
}

fn with_status(status: StatusCode) -> RelayAnswer {
    let mut answer = RelayAnswer::default();
    *answer.status_mut() = status;
    answer
}

/// RFC 6455 section 4.2.2.
fn accept(key: &[u8]) -> RelayAnswer {
    let mut answer = with_status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(value) = HeaderValue::from_str(&derive_accept_key(key)) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, value);
    }
    answer
}

async fn upgraded<R: Reception>(reception: Arc<R>, upgrade: OnUpgrade, place: R::Place, pass: Pass) {
    // An error means that the edge hung up before it read the answer.
    let Ok(upgraded) = upgrade.await else { return };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => reception.serve(place, pass, parts.io.into_inner(), parts.read_buf).await,
        Err(_) => tracing::error!("an upgraded relay connection is no TCP stream; dropped"),
    }
}
