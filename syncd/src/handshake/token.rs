//! Where a request carries its token: header, subprotocol or query, the first found wins.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use percent_encoding::percent_decode_str;

/// What a request presents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Presented {
    /// The token.
    pub(crate) token: Option<String>,
    /// A document's name, still encoded, that came behind the token in the query: a client added the room to
    /// a URL that ends in `?token=JWT`.
    pub(crate) name_behind_token: Option<String>,
    /// The subprotocol to answer with: the word before the token, never the token.
    pub(crate) subprotocol: Option<&'static str>,
}

/// Reads the token from `Authorization`, then `Sec-WebSocket-Protocol`, then the query.
#[must_use]
pub(crate) fn presented(headers: &HeaderMap, query: Option<&str>) -> Presented {
    let (subprotocol, from_subprotocol) = subprotocol(headers);
    let (from_query, name_behind_token) = in_query(query.unwrap_or_default());
    let token = bearer(headers).or(from_subprotocol).or(from_query);
    Presented { token, name_behind_token, subprotocol }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

fn subprotocol(headers: &HeaderMap) -> (Option<&'static str>, Option<String>) {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|line| line.to_str().ok());
    let mut words = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| ["access_token", "Bearer"].into_iter().find(|w| *w == word));
    (first, first.and_then(|_| words.next()).map(str::to_owned))
}

fn in_query(query: &str) -> (Option<String>, Option<String>) {
    let pairs = || query.split(['&', '?']).filter_map(|pair| pair.split_once('='));
    let find =
        |name: &str| pairs().find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value);
    let Some(value) = find("token").or_else(|| find("access_token")) else { return (None, None) };
    // A JWT has no slash.
    let (token, name) = match value.split_once('/') {
        Some((token, name)) => (token, Some(name.to_owned())),
        None => (value, None),
    };
    let token = percent_decode_str(token).decode_utf8_lossy().into_owned();
    (Some(token).filter(|token| !token.is_empty()), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (hyper::header::HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    fn token(pairs: &[(&'static str, &str)], query: &str) -> Option<String> {
        presented(&headers(pairs), Some(query)).token
    }

    #[test]
    fn the_first_place_that_holds_a_token_wins() {
        let bearer = ("authorization", "bearer H");
        let protocol = ("sec-websocket-protocol", "access_token, P");
        assert_eq!(token(&[bearer, protocol], "token=Q").as_deref(), Some("H"));
        assert_eq!(token(&[protocol], "token=Q").as_deref(), Some("P"));
        assert_eq!(token(&[], "access_token=A&token=Q").as_deref(), Some("Q"));
        assert_eq!(token(&[], "x=1&access_token=A").as_deref(), Some("A"));
        assert_eq!(token(&[("authorization", "Basic x")], "token="), None);
    }

    #[test]
    fn the_subprotocol_echoed_is_the_word_before_the_token() {
        for word in ["access_token", "Bearer"] {
            let presented = presented(&headers(&[("sec-websocket-protocol", &format!("{word},J"))]), None);
            assert_eq!((presented.subprotocol, presented.token.as_deref()), (Some(word), Some("J")));
        }
        let other = presented(&headers(&[("sec-websocket-protocol", "yjs, J")]), None);
        assert_eq!((other.subprotocol, other.token), (None, None));
    }

    #[test]
    fn a_room_added_to_a_token_url_is_the_documents_name() {
        let presented = presented(&headers(&[]), Some("token=a.b.c/my%20doc?x=1"));
        assert_eq!(presented.token.as_deref(), Some("a.b.c"));
        assert_eq!(presented.name_behind_token.as_deref(), Some("my%20doc"));
    }
}
