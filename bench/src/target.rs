//! Where a run connects to: an address, a URL template, a token.

use crate::wire::upgrade;
use std::net::{SocketAddr, ToSocketAddrs};

/// A server's door.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Where TCP goes.
    pub(crate) address: SocketAddr,
    authority: String,
    /// Path and query, with `{doc}` where the document's name stands.
    path: String,
    token: Option<String>,
}

/// A URL template that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidUrl {
    /// Only plain TCP is measured.
    #[error("the URL must begin with ws://")]
    Scheme,
    /// Without it all documents would be one.
    #[error("the URL must contain {{doc}}")]
    NoDocument,
    /// The host has no address.
    #[error("{0} has no address")]
    Host(String),
}

impl Target {
    /// Reads a template such as `ws://127.0.0.1:{port}/{doc}`. A token goes into the `Authorization` header,
    /// or where `{token}` stands.
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub(crate) fn parse(template: &str, port: u16, token: Option<&str>) -> Result<Self, InvalidUrl> {
        let url = template.replace("{port}", &port.to_string());
        let (authority, path) = url
            .strip_prefix("ws://")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .ok_or(InvalidUrl::Scheme)?;
        if !path.contains("{doc}") {
            return Err(InvalidUrl::NoDocument);
        }
        let no_address = || InvalidUrl::Host(authority.to_owned());
        let address =
            authority.to_socket_addrs().ok().and_then(|mut all| all.next()).ok_or_else(no_address)?;
        let in_path = path.contains("{token}");
        Ok(Self {
            address,
            authority: authority.to_owned(),
            path: format!("/{}", path.replace("{token}", token.unwrap_or_default())),
            token: token.filter(|_| !in_path).map(str::to_owned),
        })
    }

    /// The upgrade request for a document.
    pub(crate) fn request(&self, document: &str) -> String {
        upgrade::request(&self.authority, &self.path.replace("{doc}", document), self.token.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in() {
        let target = Target::parse("ws://127.0.0.1:{port}/d/{doc}/ws/{doc}", 7, Some("JWT")).unwrap();
        assert_eq!(target.address, "127.0.0.1:7".parse().unwrap());
        let request = target.request("a");
        assert!(request.starts_with("GET /d/a/ws/a HTTP/1.1\r\nHost: 127.0.0.1:7\r\n"));
        assert!(request.contains("Bearer JWT"));
    }

    #[test]
    fn a_token_in_the_template_is_not_sent_twice() {
        let target = Target::parse("ws://127.0.0.1:{port}/{doc}?token={token}", 7, Some("JWT")).unwrap();
        let request = target.request("a");
        assert!(request.starts_with("GET /a?token=JWT HTTP/1.1\r\n"));
        assert!(!request.contains("Bearer"));
    }

    #[test]
    fn bad_templates_are_told_apart() {
        let error = |template| Target::parse(template, 7, None).unwrap_err();
        assert_eq!(error("wss://127.0.0.1:1/{doc}"), InvalidUrl::Scheme);
        assert_eq!(error("ws://127.0.0.1:1/x"), InvalidUrl::NoDocument);
        assert_eq!(error("ws://127.0.0.1/{doc}"), InvalidUrl::Host("127.0.0.1".to_owned()));
    }
}
