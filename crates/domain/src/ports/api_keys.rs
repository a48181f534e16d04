use super::{Added, Unavailable};
use crate::ids::ApiKeyId;
use crate::registry::{ApiKey, KeyHolder};

/// The API keys of the operator and of tenants.
///
/// # Contract
/// - Every write is atomic and concerns one key. What a call returned is seen by every call that begins after it.
/// - [`ApiKeys::add_api_key`] adds a key unless there is one of that id; ids are unique over all holders.
/// - [`ApiKeys::revoke_api_key`] says whether there is such a key; revoked once, it keeps its first time.
/// - [`ApiKeys::note_use`] notes a use, where none as late was noted; of a key that is not known it notes nothing.
/// - Lists are whole, revoked keys included, in the order of their ids.
/// - After [`Unavailable`] a change may or may not have happened; every call may be repeated.
#[async_trait::async_trait]
pub trait ApiKeys: Send + Sync + 'static {
    /// Adds a key.
    async fn add_api_key(&self, key: &ApiKey) -> Result<Added, Unavailable>;

    /// The key of this id.
    async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable>;

    /// Every key of a holder.
    async fn api_keys(&self, holder: &KeyHolder) -> Result<Vec<ApiKey>, Unavailable>;

    /// Revokes a key at this time. Returns whether there is one.
    async fn revoke_api_key(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<bool, Unavailable>;

    /// Notes that a key was used at this time.
    async fn note_use(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<(), Unavailable>;
}
