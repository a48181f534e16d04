//! Who asks: the client's address, and what its token says.

use crate::asker::Asker;
use crate::plane::{ControlPlane, Front};
use crate::query::raw_value;
use crate::refusal::Refusal;
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use domain::bounds::LOOKUP_DEADLINE;
use domain::claims::Claims;
use domain::client_ip::ClientIp;
use domain::ports::Unavailable;
use domain::token::TokenRefusal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Request extension: the address that the request came from, where the server has no socket to tell it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub IpAddr);

impl Front {
    /// The client as rate policies see it.
    pub(crate) fn client(&self, parts: &Parts) -> ClientIp {
        let hops = parts.headers.get_all("x-forwarded-for").iter();
        // A line that is no text ends the walk over the hops, as an address that can't be read does.
        let hops = hops.map(|line| line.to_str().unwrap_or(""));
        ClientIp::from_request(peer(&parts.extensions), hops, &self.trusted_proxies)
    }
}

impl ControlPlane {
    /// What the request's token says, where it is genuine and the request's `Origin` may use it.
    pub(crate) async fn authenticate(&self, parts: &Parts) -> Result<Arc<Claims>, Refusal> {
        let token = token(&parts.headers, parts.uri.query().unwrap_or("")).ok_or(TokenRefusal::Missing)?;
        let verdict =
            tokio::time::timeout(LOOKUP_DEADLINE, self.tokens.verify(token, self.front.clock.unix_ms()));
        let claims =
            verdict.await.map_err(|_| Unavailable::new("keys", "no answer within the deadline"))??;
        if let Some(asker) = parts.extensions.get::<Asker>() {
            asker.is(&claims.app);
        }
        claims.check_origin(origin(&parts.headers)).map_err(TokenRefusal::from)?;
        Ok(claims)
    }
}

/// Requests without a known peer all count as one client's.
fn peer(extensions: &Extensions) -> IpAddr {
    let named = extensions.get::<PeerAddr>().map(|peer| peer.0);
    let connected = || extensions.get::<ConnectInfo<SocketAddr>>().map(|connected| connected.0.ip());
    named.or_else(connected).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// The request's token: of the header, else of `?token=`, else of `?access_token=`. An empty one is none. The
/// characters of a JWT need no escapes, so none are decoded: an escaped one is malformed.
fn token<'r>(headers: &'r HeaderMap, query: &'r str) -> Option<&'r str> {
    let in_query = |name| raw_value(query, name).filter(|token| !token.is_empty());
    bearer(headers).or_else(|| in_query("token")).or_else(|| in_query("access_token"))
}

/// The token of the first `Authorization: Bearer`. The scheme's case does not count (RFC 9110 section 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut credentials = headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.to_str().ok());
    credentials.find_map(|text| {
        let (scheme, token) = text.trim().split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
    })
}

/// An origin that is no text is on no allowed domain, like `null`.
fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(authorization: &[&str], query: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        token(&headers, query).map(str::to_owned)
    }

    #[test]
    fn the_first_token_found_wins() {
        let all = "access_token=c&token=b";
        let cases: [(&[&str], &str, Option<&str>); 8] = [
            (&["Bearer a"], all, Some("a")),
            (&["bEARER   a "], "", Some("a")),
            (&["Basic eA==", "Bearer a"], all, Some("a")),
            (&["Basic eA=="], all, Some("b")),
            (&["Bearer "], "token=&access_token=c", Some("c")),
            (&[], "access_token=c", Some("c")),
            (&["Bearera"], "", None),
            (&[], "Token=b", None),
        ];
        for (authorization, query, expected) in cases {
            assert_eq!(found(authorization, query).as_deref(), expected, "{authorization:?} {query}");
        }
    }
}
