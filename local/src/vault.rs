//! What a registry's signing keys are sealed by, where a server is told so.

use crate::error::LocalError;
use domain::ports::Vault;
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
