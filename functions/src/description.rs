//! `GET /openapi.json`: the whole HTTP surface, described for machines.

use crate::endpoint::Endpoint;
use crate::kept::kept;
use axum::http::HeaderMap;
use axum::response::Response;

/// What is served over HTTP, by the control plane and by nodes, as an OpenAPI 3.1 document.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Every path that the control plane serves, with the names of its variable parts in braces.
pub fn served_paths() -> impl Iterator<Item = &'static str> {
    Endpoint::PATHS.into_iter()
}

/// Seconds for which the document may be kept.
const KEPT_SECONDS: u64 = 300;

/// Answers with the document: the same for everybody, from memory.
pub(crate) async fn description(headers: HeaderMap) -> Response {
    kept(OPENAPI.into(), KEPT_SECONDS, &headers)
}
