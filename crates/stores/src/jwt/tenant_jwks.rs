use super::jwks::JwksError;
use domain::clock::Clock;
use domain::ids::TenantId;
use domain::ports::Registry;
use domain::registry::key_set;
use serde_json::Value;
use std::sync::Arc;

/// Where the JSON Web Key Sets of tenants come from.
#[async_trait::async_trait]
pub trait TenantJwks: Send + Sync + 'static {
    /// A tenant's key set as it is at this moment; `None` where there is no such tenant, or it has no keys.
    async fn fetch(&self, tenant: &TenantId) -> Result<Option<Value>, JwksError>;

    /// What they come from, for messages.
    fn place(&self) -> String;
}

/// The key sets that follow from a registry's keys.
pub struct RegistryJwks {
    registry: Arc<dyn Registry>,
    clock: Arc<dyn Clock>,
}

impl RegistryJwks {
    /// The key sets of the tenants in `registry`. `clock` says which keys are past.
    #[must_use]
    pub fn new(registry: Arc<dyn Registry>, clock: Arc<dyn Clock>) -> Self {
        Self { registry, clock }
    }
}

#[async_trait::async_trait]
impl TenantJwks for RegistryJwks {
    async fn fetch(&self, tenant: &TenantId) -> Result<Option<Value>, JwksError> {
        let unreadable = |cause: String| JwksError::Unreadable {
            place: format!("of {tenant} in {}", self.place()),
            cause,
        };
        let keys = self.registry.keys(tenant).await.map_err(|error| unreadable(error.to_string()))?;
        Ok((!keys.is_empty()).then(|| key_set(&keys, self.clock.unix_ms() / 1000)))
    }

    fn place(&self) -> String {
        "the registry".to_owned()
    }
}
