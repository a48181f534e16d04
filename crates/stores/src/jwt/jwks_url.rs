use super::https::{Fetcher, is_private, shown};
use super::jwks::{Jwks, JwksError};
use hyper::Uri;
use serde_json::Value;

/// A key set behind a URL: `https://`, or `http://` within a private network. Redirects are not followed.
#[derive(Debug, Clone)]
pub struct JwksUrl {
    url: Uri,
    fetcher: Fetcher,
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
    /// Where the tenant's id belongs is not said, or is said of the host.
    #[error("expected {{tenantId}} once, in the path: https://HOST/{{tenantId}}/.well-known/jwks")]
    NoTenant,
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
        let url = checked(url)?;
        // A fetch a minute at most: no connection is worth keeping.
        let fetcher = Fetcher::new(0).map_err(InvalidJwksUrl::NoCertificates)?;
        Ok(Self { url, fetcher })
    }
}

#[async_trait::async_trait]
impl Jwks for JwksUrl {
    async fn fetch(&self) -> Result<Value, JwksError> {
        let not_found =
            || JwksError::Unreadable { place: self.place(), cause: "the answer is 404 Not Found".to_owned() };
        self.fetcher.fetch(&self.url).await?.ok_or_else(not_found)
    }

    /// Without a query, which may hold a secret.
    fn place(&self) -> String {
        shown(&self.url)
    }
}

/// A URL that keys may come from.
pub(super) fn checked(url: &str) -> Result<Uri, InvalidJwksUrl> {
    let url: Uri = url.parse().map_err(|_| InvalidJwksUrl::NotAUrl)?;
    let host = url.host().filter(|host| !host.is_empty()).ok_or(InvalidJwksUrl::NotAUrl)?;
    match url.scheme_str() {
        Some("https") => {}
        Some("http") if is_private(host) => {}
        Some("http") => return Err(InvalidJwksUrl::Unprotected),
        _ => return Err(InvalidJwksUrl::NotAUrl),
    }
    Ok(url)
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
