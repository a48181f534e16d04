use super::Unavailable;
use crate::ids::{AppKey, ClientId, KeyId, PlanId, TenantId};
use crate::registry::{App, Client, Plan, Tenant, TenantKey};

/// Whether something was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was not there, and is now.
    New,
    /// There is one of that id, which stays as it is.
    Exists,
}

/// What the operator has on the books: tenants, plans, apps, clients, and the tenants' signing keys.
///
/// # Contract
/// - Every write is atomic and concerns one entry. What a call returned is seen by every call that begins after it.
/// - `add_…` adds an entry unless there is one of that id. A repeat whose first answer was lost is told
///   [`Added::Exists`].
/// - [`Registry::set_plan`] and [`Registry::set_app`] add or replace; a repeat is harmless.
/// - Lists are whole, in the order of the ids.
/// - [`Registry::revoke_client`] says whether there is such a client; revoked once, it keeps its first time.
/// - A client's id is unique over all tenants. Nothing is checked across entries: whoever adds an app looks for its
///   tenant and its plan.
/// - After [`Unavailable`] a change may or may not have happened.
#[async_trait::async_trait]
pub trait Registry: Send + Sync + 'static {
    /// Adds a tenant.
    async fn add_tenant(&self, tenant: &Tenant) -> Result<Added, Unavailable>;

    /// The tenant of this id.
    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, Unavailable>;

    /// Every tenant.
    async fn tenants(&self) -> Result<Vec<Tenant>, Unavailable>;

    /// Adds a plan, or replaces it: tokens that are issued from then on carry its limits.
    async fn set_plan(&self, plan: &Plan) -> Result<(), Unavailable>;

    /// The plan of this id.
    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, Unavailable>;

    /// Every plan.
    async fn plans(&self) -> Result<Vec<Plan>, Unavailable>;

    /// Adds an app.
    async fn add_app(&self, app: &App) -> Result<Added, Unavailable>;

    /// Replaces an app, or adds it.
    async fn set_app(&self, app: &App) -> Result<(), Unavailable>;

    /// The app of this key.
    async fn app(&self, key: &AppKey) -> Result<Option<App>, Unavailable>;

    /// Every app of a tenant.
    async fn apps(&self, tenant: &TenantId) -> Result<Vec<App>, Unavailable>;

    /// Adds a client.
    async fn add_client(&self, client: &Client) -> Result<Added, Unavailable>;

    /// The client of this id.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable>;

    /// Every client of a tenant's apps, revoked ones included.
    async fn clients(&self, tenant: &TenantId) -> Result<Vec<Client>, Unavailable>;

    /// Revokes a client at this time. Returns whether there is one.
    async fn revoke_client(&self, id: &ClientId, now_unix_s: u64) -> Result<bool, Unavailable>;

    /// Adds a signing key.
    async fn add_key(&self, key: &TenantKey) -> Result<Added, Unavailable>;

    /// Every signing key of a tenant, past ones included.
    async fn keys(&self, tenant: &TenantId) -> Result<Vec<TenantKey>, Unavailable>;

    /// Deletes a signing key. Returns whether there was one.
    async fn drop_key(&self, tenant: &TenantId, id: &KeyId) -> Result<bool, Unavailable>;
}
