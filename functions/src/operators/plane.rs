use super::{Operators, Right, holder};
use crate::caller::bearer;
use crate::plane::Front;
use crate::refusal::Refusal;
use axum::http::request::Parts;
use domain::http_error::HttpError;
use domain::ids::TenantId;
use domain::registry::KeyHolder;

/// What tenants' reports and webhooks work on.
#[derive(Clone)]
pub(crate) struct OperatorsPlane {
    pub(crate) front: Front,
    pub(crate) operators: Operators,
}

impl OperatorsPlane {
    /// The tenant whose account key the request carries, where it gives this right.
    pub(crate) async fn tenant(&self, parts: &Parts, right: Right) -> Result<TenantId, Refusal> {
        let text = bearer(&parts.headers);
        match holder(&self.front, &*self.operators.api_keys, text, parts, right).await? {
            KeyHolder::Tenant(tenant) => Ok(tenant),
            KeyHolder::Platform => Err(HttpError::ScopeMissing(right.scope.name()).into()),
        }
    }

    /// Seconds since 1970.
    pub(crate) fn now_unix_s(&self) -> u64 {
        self.front.clock.unix_ms() / 1000
    }
}
