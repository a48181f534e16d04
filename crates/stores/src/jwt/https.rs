use super::jwks::{JWKS_BYTES_MAX, JwksError};
use crate::causes::with_causes;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::{ACCEPT, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::fmt::Display;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// How long a fetch may take, from the name's look-up to the last byte.
const DEADLINE: Duration = Duration::from_secs(4);

/// Fetches key sets.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Fetcher {
    /// One that keeps up to `idle_max` connections to a host between fetches.
    ///
    /// # Errors
    /// What the system said of its certificates.
    pub(super) fn new(idle_max: usize) -> io::Result<Self> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(idle_max).build(connector),
        })
    }

    /// The document at `url`; `None` where the answer is 404.
    pub(super) async fn fetch(&self, url: &Uri) -> Result<Option<Value>, JwksError> {
        let unreadable =
            |cause: &dyn Display| JwksError::Unreadable { place: shown(url), cause: cause.to_string() };
        let got = tokio::time::timeout(DEADLINE, self.get(url)).await;
        let body = got.map_err(|_| unreadable(&"no answer within the deadline"))?;
        let Some(body) = body.map_err(|cause| unreadable(&cause))? else { return Ok(None) };
        let malformed =
            |error: serde_json::Error| JwksError::Malformed { place: shown(url), cause: error.to_string() };
        serde_json::from_slice(&body).map(Some).map_err(malformed)
    }

    async fn get(&self, url: &Uri) -> Result<Option<Bytes>, String> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = url.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("wiresocket"));
        let answer = self.client.request(request).await.map_err(|error| with_causes(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            other => return Err(format!("the answer is {other}")),
        }
        let body = Limited::new(answer.into_body(), JWKS_BYTES_MAX);
        let body = body.collect().await.map_err(|error| with_causes(&*error))?;
        Ok(Some(body.to_bytes()))
    }
}

/// A URL without its query and user, which may hold secrets.
pub(super) fn shown(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or_default();
    let authority = url.authority().map_or("", |authority| {
        authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host)
    });
    format!("{scheme}://{authority}{}", url.path())
}

/// Whether no stranger is on the way to a host: it is this machine, or its address or name is a private network's.
pub(super) fn is_private(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        Err(_) => {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            let is_inner = [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end));
            is_inner || !name.contains('.')
        }
    }
}
