//! A WebSocket attempt, as its HTTP request tells it.

use crate::handshake::{DocumentPath, Presented, classify, presented};
use domain::client_ip::ClientIp;
use domain::ids::{DocumentName, InvalidId};
use hyper::header::{CONNECTION, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use std::time::Duration;

/// What a client that was upgraded asks for.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// When its request arrived, on the node's monotonic clock.
    pub(crate) arrived: Duration,
    pub(crate) client: ClientIp,
    pub(crate) name: Result<DocumentName, InvalidId>,
    pub(crate) token: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) subprotocol: Option<&'static str>,
}

impl Attempt {
    /// Reads a request. `None` where its path is no document's.
    pub(crate) fn read(parts: &Parts, client: ClientIp, arrived: Duration) -> Option<Self> {
        let Presented { token, name_behind_token, subprotocol } =
            presented(&parts.headers, parts.uri.query());
        let name = match classify(parts.uri.path()) {
            DocumentPath::Document(name) => name,
            DocumentPath::Root => match name_behind_token {
                Some(name) => DocumentName::from_percent_encoded(name.trim_end_matches('/')),
                None => Err(InvalidId::DocumentName),
            },
            DocumentPath::Unknown => return None,
        };
        let origin = parts.headers.get(ORIGIN).map(|o| String::from_utf8_lossy(o.as_bytes()).into_owned());
        Some(Self { arrived, client, name, token, origin, subprotocol })
    }
}

/// Whether a request asks for a WebSocket, and the key to answer (RFC 6455 section 4.2.1).
pub(crate) fn web_socket_key(parts: &Parts) -> Option<&[u8]> {
    let is_upgrade = parts.method == Method::GET
        && has_word(&parts.headers, UPGRADE, "websocket")
        && has_word(&parts.headers, CONNECTION, "upgrade")
        && parts.headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = parts.headers.get(SEC_WEBSOCKET_KEY)?.as_bytes();
    (is_upgrade && key.len() == 24).then_some(key)
}

/// Whether a request means to be a WebSocket attempt, well-formed or not.
pub(crate) fn means_upgrade(parts: &Parts) -> bool {
    has_word(&parts.headers, UPGRADE, "websocket")
}

fn has_word(headers: &HeaderMap, name: hyper::header::HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|w| w.trim().eq_ignore_ascii_case(word))
}
