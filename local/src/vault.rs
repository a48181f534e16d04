//! What a registry's signing keys are sealed by.

use crate::error::LocalError;
use domain::ports::{Registry, Unavailable, Vault};
use domain::registry::TenantKey;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::vault::VaultAt;
use syncd::setup::RegistryAt;

/// The vault that the options name, if any. One without a registry would go unused, and is refused.
pub(crate) async fn opened(
    vault: Option<&VaultAt>,
    registry: Option<&RegistryAt>,
) -> Result<Option<Arc<dyn Vault>>, LocalError> {
    match (vault, registry) {
        (None, _) => Ok(None),
        (Some(_), None) => Err(LocalError::VaultAlone),
        (Some(vault), Some(_)) => Ok(Some(vault.open(&Access::from_environment().await)?)),
    }
}

/// Signing keys that a registry's vault has sealed: those of the first tenant that has any.
pub(crate) async fn sealed_by_it(books: &dyn Registry) -> Result<Vec<TenantKey>, Unavailable> {
    for tenant in books.tenants().await? {
        let keys = books.keys(&tenant.id).await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
    }
    Ok(Vec::new())
}
