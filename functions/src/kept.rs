//! Documents that clients may keep for a while, and ask whether they have changed.

use crate::token::sha256;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

/// The answer with a JSON document, or that the client has it already.
pub(crate) fn kept(document: Cow<'static, str>, seconds: u64, headers: &HeaderMap) -> Response {
    let tag = tag(&document);
    let kept = HeaderValue::try_from(format!("public, max-age={seconds}"));
    let kept = kept.expect("words and digits may stand in a header");
    let common = [(CACHE_CONTROL, kept), (ETAG, tag.clone())];
    if has_it(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, "application/json")], Body::from(document)).into_response()
}

/// What the document is known by: the first half of its SHA-256.
fn tag(document: &str) -> HeaderValue {
    let digest = sha256(document.as_bytes());
    let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{hex}\"")).expect("quoted hex digits may stand in a header")
}

/// Whether the client has this document already (RFC 9110 section 13.1.2: weakly compared).
fn has_it(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut known = lists.flat_map(|list| list.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known).as_bytes() == tag.as_bytes())
}
