use super::key_set::KeySet;
use domain::ids::TenantId;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A key set as it was fetched. Another one is another `Arc`, which is how the two are told apart.
pub(super) struct Trusted {
    pub(super) document: Value,
    pub(super) keys: KeySet,
}

/// By whose keys a token was found genuine.
#[derive(Debug, Clone)]
pub(super) enum Voucher {
    /// The operator's, which are trusted for every tenant.
    Operator(Arc<Trusted>),
    /// Those of the tenant that the token names.
    Tenant(TenantId, Arc<Trusted>),
}

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trusted").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
