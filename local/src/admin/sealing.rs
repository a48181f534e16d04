//! Whether a vault is the one that the books' signing keys are sealed by. Where another seals a key, its tenant gets no
//! token once that key is to sign: nothing that issues tokens can open it.

use super::error::AdminError;
use crate::data_folder::DataFolder;
use domain::ports::{Registry, Unavailable, Vault};
use domain::registry::TenantKey;
use std::cmp::Reverse;
use std::sync::Arc;

/// What seals signing keys.
pub(super) enum SealedBy {
    /// The key in a data folder.
    KeyOf(DataFolder),
    /// This vault.
    Vault(Arc<dyn Vault>),
    /// A vault that was not named.
    Unknown,
}

impl SealedBy {
    /// The vault, to seal by.
    pub(super) async fn vault(&self, books: &dyn Registry) -> Result<Arc<dyn Vault>, AdminError> {
        match self {
            Self::KeyOf(folder) => Ok(folder.vault(books).await?),
            Self::Vault(vault) => Ok(Arc::clone(vault)),
            Self::Unknown => Err(AdminError::NoVault),
        }
    }
}

/// Refuses a vault that opens none of the keys that are sealed. The newest is tried first: those before it may be of a
/// vault that was left.
pub(super) async fn expect_of(vault: &dyn Vault, sealed: &[TenantKey]) -> Result<(), AdminError> {
    let mut newest_first: Vec<&TenantKey> = sealed.iter().collect();
    newest_first.sort_by_key(|key| Reverse(key.signs_from_unix_s));
    let mut refused = None;
    for key in newest_first {
        match vault.open(&key.tenant, &key.id, &key.sealed).await {
            Ok(_) => return Ok(()),
            Err(error) if may_not_open(&error) => return Ok(()),
            Err(error) => refused = refused.or(Some((key, error))),
        }
    }
    let Some((key, error)) = refused else { return Ok(()) };
    Err(AdminError::OtherVault { tenant: key.tenant.clone(), key: key.id.clone(), cause: error.cause })
}

/// Whether KMS lets this operator seal only, so that nothing can be told.
fn may_not_open(error: &Unavailable) -> bool {
    error.cause.starts_with("AccessDeniedException")
}
