use super::Unavailable;
use crate::ids::{KeyId, TenantId};
use crate::registry::SecretHash;
use serde_json::Value;

/// Tells secrets by their hashes.
///
/// # Contract
/// - Checking takes the same work whether or not there is a hash, and whether or not the secret fits.
/// - It works on bounded memory: checks past a bound wait for others.
#[async_trait::async_trait]
pub trait SecretHashes: Send + Sync + 'static {
    /// What `secret` is known by from now on; another text each time.
    async fn hash(&self, secret: &str) -> Result<SecretHash, Unavailable>;

    /// Whether `secret` is the one that is known by `hash`; never, where there is none.
    async fn fits(&self, secret: &str, hash: Option<&SecretHash>) -> Result<bool, Unavailable>;
}

/// Keeps the private parts of signing keys unreadable at rest, under a key that only the operator has.
///
/// # Contract
/// - What was sealed for one tenant and key opens for no other.
/// - What was changed, or was sealed under another of the operator's keys, does not open: [`Unavailable`], with the
///   cause.
#[async_trait::async_trait]
pub trait Vault: Send + Sync + 'static {
    /// Seals a secret of at most 4 KiB.
    async fn seal(&self, tenant: &TenantId, key: &KeyId, secret: &[u8]) -> Result<Vec<u8>, Unavailable>;

    /// Opens what was sealed for the same tenant and key.
    async fn open(&self, tenant: &TenantId, key: &KeyId, sealed: &[u8]) -> Result<Vec<u8>, Unavailable>;
}

/// Signs tokens in a tenant's name.
///
/// # Contract
/// - The key is the one that [`crate::registry::signing`] names at that moment, as the registry has it.
/// - `None` where the tenant has no key that may sign.
#[async_trait::async_trait]
pub trait TokenSigner: Send + Sync + 'static {
    /// A JWT that says `claims`, signed by the tenant's key.
    async fn sign(
        &self,
        tenant: &TenantId,
        claims: &Value,
        now_unix_s: u64,
    ) -> Result<Option<String>, Unavailable>;
}
