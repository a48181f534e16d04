use domain::ids::{ApiKeyId, AppKey, ClientId, KeyId, PlanId, TenantId};
use domain::ports::Added;
use domain::registry::{ApiKey, App, Client, KeyHolder, Plan, Tenant, TenantKey};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The entries of a registry, each in the order of its ids.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Books {
    pub(crate) tenants: BTreeMap<TenantId, Tenant>,
    pub(crate) plans: BTreeMap<PlanId, Plan>,
    pub(crate) apps: BTreeMap<AppKey, App>,
    pub(crate) clients: BTreeMap<ClientId, Client>,
    pub(crate) keys: BTreeMap<(TenantId, KeyId), TenantKey>,
    pub(crate) api_keys: BTreeMap<ApiKeyId, ApiKey>,
}

impl Books {
    pub(crate) fn add_tenant(&mut self, tenant: &Tenant) -> Added {
        add(&mut self.tenants, tenant.id.clone(), tenant)
    }

    pub(crate) fn set_plan(&mut self, plan: &Plan) {
        self.plans.insert(plan.id.clone(), plan.clone());
    }

    pub(crate) fn add_app(&mut self, app: &App) -> Added {
        add(&mut self.apps, app.key.clone(), app)
    }

    pub(crate) fn set_app(&mut self, app: &App) {
        self.apps.insert(app.key.clone(), app.clone());
    }

    pub(crate) fn apps(&self, tenant: &TenantId) -> Vec<App> {
        self.apps.values().filter(|app| app.key.tenant == *tenant).cloned().collect()
    }

    pub(crate) fn add_client(&mut self, client: &Client) -> Added {
        add(&mut self.clients, client.id.clone(), client)
    }

    pub(crate) fn clients(&self, tenant: &TenantId) -> Vec<Client> {
        self.clients.values().filter(|client| client.app.tenant == *tenant).cloned().collect()
    }

    pub(crate) fn revoke_client(&mut self, id: &ClientId, now_unix_s: u64) -> bool {
        let client = self.clients.get_mut(id);
        client.map(|client| client.revoked_unix_s.get_or_insert(now_unix_s)).is_some()
    }

    pub(crate) fn add_key(&mut self, key: &TenantKey) -> Added {
        add(&mut self.keys, (key.tenant.clone(), key.id.clone()), key)
    }

    pub(crate) fn keys(&self, tenant: &TenantId) -> Vec<TenantKey> {
        self.keys.values().filter(|key| key.tenant == *tenant).cloned().collect()
    }

    pub(crate) fn drop_key(&mut self, tenant: &TenantId, id: &KeyId) -> bool {
        self.keys.remove(&(tenant.clone(), id.clone())).is_some()
    }

    pub(crate) fn add_api_key(&mut self, key: &ApiKey) -> Added {
        add(&mut self.api_keys, key.id.clone(), key)
    }

    pub(crate) fn api_keys(&self, holder: &KeyHolder) -> Vec<ApiKey> {
        self.api_keys.values().filter(|key| key.holder == *holder).cloned().collect()
    }

    pub(crate) fn revoke_api_key(&mut self, id: &ApiKeyId, now_unix_s: u64) -> bool {
        let key = self.api_keys.get_mut(id);
        key.map(|key| key.revoked_unix_s.get_or_insert(now_unix_s)).is_some()
    }

    pub(crate) fn note_use(&mut self, id: &ApiKeyId, now_unix_s: u64) {
        if let Some(key) = self.api_keys.get_mut(id) {
            key.used_unix_s = key.used_unix_s.max(Some(now_unix_s));
        }
    }
}

fn add<K: Ord, V: Clone>(entries: &mut BTreeMap<K, V>, id: K, entry: &V) -> Added {
    match entries.entry(id) {
        Entry::Occupied(_) => Added::Exists,
        Entry::Vacant(place) => {
            place.insert(entry.clone());
            Added::New
        }
    }
}
