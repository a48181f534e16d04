//! `GET /{tenantId}/.well-known/jwks`: the keys that a tenant's tokens are verified by (RFC 7517).

use crate::plane::{Front, answered};
use crate::refusal::Refusal;
use crate::token::{TokenPlane, sha256};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::bounds::KEY_SET_SECONDS;
use domain::http_error::HttpError;
use domain::ids::TenantId;
use domain::policy::Policy;
use domain::ports::Registry;
use std::sync::Arc;

/// Answers with the keys that are to sign, that sign, and that signed lately.
pub(crate) async fn key_set(
    State(plane): State<Arc<TokenPlane>>,
    path: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let TokenPlane { front, issuer } = &*plane;
    front.admit(Policy::Token, front.client(&parts)).await?;
    // An escape that makes no text names no tenant.
    let Path(tenant) = path.map_err(|_| HttpError::NotFound)?;
    let tenant = TenantId::parse(&tenant).map_err(|_| HttpError::NotFound)?;
    let document = document(front, &*issuer.registry, &tenant).await?;
    Ok(render(document, &parts.headers))
}

async fn document(front: &Front, registry: &dyn Registry, tenant: &TenantId) -> Result<String, Refusal> {
    let keys = answered("registry", registry.keys(tenant)).await?;
    if keys.is_empty() {
        // A tenant whose last key was deleted has an empty set: that tells whoever kept it that it is no good.
        answered("registry", registry.tenant(tenant)).await?.ok_or(HttpError::NotFound)?;
    }
    Ok(domain::registry::key_set(&keys, front.clock.unix_ms() / 1000).to_string())
}

fn render(document: String, headers: &HeaderMap) -> Response {
    let tag = tag(&document);
    let kept = format!("public, max-age={KEY_SET_SECONDS}");
    let kept = HeaderValue::try_from(kept).expect("words and digits may stand in a header");
    let common = [(CACHE_CONTROL, kept), (ETAG, tag.clone())];
    if has_it(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, "application/json")], document).into_response()
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
