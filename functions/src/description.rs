//! `GET /openapi.json`: the whole HTTP surface, described for machines.

use crate::kept::kept;
use axum::http::HeaderMap;
use axum::response::Response;

/// What is served over HTTP, by the control plane and by nodes, as an OpenAPI 3.1 document.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Seconds for which the document may be kept.
const KEPT_SECONDS: u64 = 300;

/// Answers with the document: the same for everybody, from memory.
pub(crate) async fn description(headers: HeaderMap) -> Response {
    kept(OPENAPI.into(), KEPT_SECONDS, &headers)
}
