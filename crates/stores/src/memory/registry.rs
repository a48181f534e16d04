use crate::registry::{Books, Families};
use domain::ids::{ApiKeyId, AppKey, ClientId, KeyId, PlanId, TenantId};
use domain::ports::{Added, ApiKeys, RefreshFamilies, Registry, Turn, Unavailable};
use domain::registry::{ApiKey, App, Client, KeyHolder, Plan, Presented, RefreshFamily, Tenant, TenantKey};
use parking_lot::Mutex;

/// What the operator has on the books, and families of refresh tokens, in memory.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    books: Mutex<Books>,
    families: Mutex<Families>,
}

impl MemoryRegistry {
    /// Empty books.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl Registry for MemoryRegistry {
    async fn add_tenant(&self, tenant: &Tenant) -> Result<Added, Unavailable> {
        Ok(self.books.lock().add_tenant(tenant))
    }

    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, Unavailable> {
        Ok(self.books.lock().tenants.get(id).cloned())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Unavailable> {
        Ok(self.books.lock().tenants.values().cloned().collect())
    }

    async fn set_plan(&self, plan: &Plan) -> Result<(), Unavailable> {
        self.books.lock().set_plan(plan);
        Ok(())
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, Unavailable> {
        Ok(self.books.lock().plans.get(id).cloned())
    }

    async fn plans(&self) -> Result<Vec<Plan>, Unavailable> {
        Ok(self.books.lock().plans.values().cloned().collect())
    }

    async fn add_app(&self, app: &App) -> Result<Added, Unavailable> {
        Ok(self.books.lock().add_app(app))
    }

    async fn set_app(&self, app: &App) -> Result<(), Unavailable> {
        self.books.lock().set_app(app);
        Ok(())
    }

    async fn app(&self, key: &AppKey) -> Result<Option<App>, Unavailable> {
        Ok(self.books.lock().apps.get(key).cloned())
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<App>, Unavailable> {
        Ok(self.books.lock().apps(tenant))
    }

    async fn add_client(&self, client: &Client) -> Result<Added, Unavailable> {
        Ok(self.books.lock().add_client(client))
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        Ok(self.books.lock().clients.get(id).cloned())
    }

    async fn clients(&self, tenant: &TenantId) -> Result<Vec<Client>, Unavailable> {
        Ok(self.books.lock().clients(tenant))
    }

    async fn revoke_client(&self, id: &ClientId, now_unix_s: u64) -> Result<bool, Unavailable> {
        Ok(self.books.lock().revoke_client(id, now_unix_s))
    }

    async fn add_key(&self, key: &TenantKey) -> Result<Added, Unavailable> {
        Ok(self.books.lock().add_key(key))
    }

    async fn keys(&self, tenant: &TenantId) -> Result<Vec<TenantKey>, Unavailable> {
        Ok(self.books.lock().keys(tenant))
    }

    async fn drop_key(&self, tenant: &TenantId, id: &KeyId) -> Result<bool, Unavailable> {
        Ok(self.books.lock().drop_key(tenant, id))
    }
}

#[async_trait::async_trait]
impl RefreshFamilies for MemoryRegistry {
    async fn begin(&self, family: &RefreshFamily) -> Result<(), Unavailable> {
        self.families.lock().begin(family);
        Ok(())
    }

    async fn turn(&self, turn: &Turn, now_unix_s: u64) -> Result<Presented, Unavailable> {
        Ok(self.families.lock().turn(turn, now_unix_s))
    }
}

#[async_trait::async_trait]
impl ApiKeys for MemoryRegistry {
    async fn add_api_key(&self, key: &ApiKey) -> Result<Added, Unavailable> {
        Ok(self.books.lock().add_api_key(key))
    }

    async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.books.lock().api_keys.get(id).cloned())
    }

    async fn api_keys(&self, holder: &KeyHolder) -> Result<Vec<ApiKey>, Unavailable> {
        Ok(self.books.lock().api_keys(holder))
    }

    async fn revoke_api_key(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<bool, Unavailable> {
        Ok(self.books.lock().revoke_api_key(id, now_unix_s))
    }

    async fn note_use(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<(), Unavailable> {
        self.books.lock().note_use(id, now_unix_s);
        Ok(())
    }
}
