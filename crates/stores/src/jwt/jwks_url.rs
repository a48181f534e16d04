use super::jwks::{JWKS_BYTES_MAX, Jwks, JwksError};
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
use std::net::IpAddr;
use std::time::Duration;

/// How long a fetch may take, from the name's look-up to the last byte.
const DEADLINE: Duration = Duration::from_secs(4);

/// A key set behind a URL: `https://`, or `http://` within a private network. Redirects are not followed.
#[derive(Debug, Clone)]
pub struct JwksUrl {
    url: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

/// Why a URL is not taken as the place of a key set.
#[derive(Debug, thiserror::Error)]
pub enum InvalidJwksUrl {
    /// It is no URL, or of another scheme.
    #[error("expected https://HOST/PATH, or a file")]
    NotAUrl,
    /// Whoever is on the way could replace the keys, and so forge tokens.
    #[error("http:// is taken only for private hosts, as keys on the way could be replaced: use https://")]
    Unprotected,
    /// The machine has no certificates to know servers by.
    #[error("the certificates of this machine can't be read ({0}): install ca-certificates")]
    NoCertificates(std::io::Error),
}

impl JwksUrl {
    /// The key set at `url`. It is first fetched when keys are wanted.
    ///
    /// # Errors
    /// [`InvalidJwksUrl`].
    pub fn new(url: &str) -> Result<Self, InvalidJwksUrl> {
        let url: Uri = url.parse().map_err(|_| InvalidJwksUrl::NotAUrl)?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or(InvalidJwksUrl::NotAUrl)?;
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if is_private(host) => {}
            Some("http") => return Err(InvalidJwksUrl::Unprotected),
            _ => return Err(InvalidJwksUrl::NotAUrl),
        }
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(InvalidJwksUrl::NoCertificates)?
            .https_or_http()
            .enable_http1()
            .build();
        // A fetch a minute at most: no connection is worth keeping.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { url, client })
    }

    async fn get(&self) -> Result<Bytes, String> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.url.clone();
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("wiresocket"));
        let answer = self.client.request(request).await.map_err(|error| with_causes(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer is {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), JWKS_BYTES_MAX);
        let body = body.collect().await.map_err(|error| with_causes(&*error))?;
        Ok(body.to_bytes())
    }
}

/// Whether no stranger is on the way to a host: it is this machine, or its address or name is a private network's.
fn is_private(host: &str) -> bool {
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

#[async_trait::async_trait]
impl Jwks for JwksUrl {
    async fn fetch(&self) -> Result<Value, JwksError> {
        let unreadable =
            |cause: &dyn Display| JwksError::Unreadable { place: self.place(), cause: cause.to_string() };
        let got = tokio::time::timeout(DEADLINE, self.get()).await;
        let body = got.map_err(|_| unreadable(&"no answer within the deadline"))?;
        let body = body.map_err(|cause| unreadable(&cause))?;
        serde_json::from_slice(&body)
            .map_err(|error| JwksError::Malformed { place: self.place(), cause: error.to_string() })
    }

    /// Without a query, which may hold a secret.
    fn place(&self) -> String {
        let scheme = self.url.scheme_str().unwrap_or_default();
        let authority = self.url.authority().map_or("", |authority| {
            authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host)
        });
        format!("{scheme}://{authority}{}", self.url.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_travel_unprotected_only_within_a_private_network() {
        for good in [
            "https://keys.example.com/jwks",
            "http://127.0.0.1:80/jwks",
            "http://[::1]/jwks",
            "http://10.1.2.3/jwks",
            "http://keys:8080/",
            "http://keys.cluster.local/jwks",
        ] {
            assert!(JwksUrl::new(good).is_ok(), "{good}");
        }
        for bad in ["http://keys.example.com/jwks", "http://8.8.8.8/", "http://[2001:db8::1]/"] {
            assert!(matches!(JwksUrl::new(bad), Err(InvalidJwksUrl::Unprotected)), "{bad}");
        }
        for bad in ["", "keys.json", "/etc/keys.json", "ftp://a/b", "https://"] {
            assert!(matches!(JwksUrl::new(bad), Err(InvalidJwksUrl::NotAUrl)), "{bad}");
        }
    }

    #[test]
    fn messages_name_the_place_without_its_secrets() {
        let url = JwksUrl::new("https://user:password@keys.example.com/jwks?key=secret").unwrap();
        assert_eq!(url.place(), "https://keys.example.com/jwks");
    }
}
