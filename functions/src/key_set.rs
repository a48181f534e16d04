//! `GET /{tenantId}/.well-known/jwks`: the keys that a tenant's tokens are verified by (RFC 7517).

use crate::kept::kept;
use crate::plane::{Front, answered};
use crate::refusal::Refusal;
use crate::token::TokenPlane;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::Response;
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
    Ok(kept(document.into(), KEY_SET_SECONDS, &parts.headers))
}

async fn document(front: &Front, registry: &dyn Registry, tenant: &TenantId) -> Result<String, Refusal> {
    let keys = answered("registry", registry.keys(tenant)).await?;
    if keys.is_empty() {
        // A tenant whose last key was deleted has an empty set: that tells whoever kept it that it is no good.
        answered("registry", registry.tenant(tenant)).await?.ok_or(HttpError::NotFound)?;
    }
    Ok(domain::registry::key_set(&keys, front.clock.unix_ms() / 1000).to_string())
}
