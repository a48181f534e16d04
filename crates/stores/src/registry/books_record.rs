//! The books as a file holds them: one list of each kind of entry, in JSON.

use super::api_key_record::ApiKeyRecord;
use super::books::Books;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::claims::AllowedDomain;
use domain::ids::{AppId, AppKey, ClientId, HomeRegion, KeyId, PlanId, TenantId};
use domain::limits::PlanLimits;
use domain::money::PricePerMillion;
use domain::registry::{App, Client, Plan, Refresh, SecretHash, Tenant, TenantKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What `registry.json` holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BooksRecord {
    tenants: Vec<TenantRecord>,
    plans: Vec<PlanRecord>,
    apps: Vec<AppRecord>,
    clients: Vec<ClientRecord>,
    keys: Vec<KeyRecord>,
    /// Files of an earlier version have none.
    #[serde(default)]
    api_keys: Vec<ApiKeyRecord>,
}

#[derive(Serialize, Deserialize)]
struct TenantRecord {
    id: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct PlanRecord {
    id: String,
    /// As the claim of a token says them.
    limits: Value,
    #[serde(default)]
    monthly_requests: Option<u64>,
    /// In US dollars per million requests.
    #[serde(default)]
    price: String,
}

#[derive(Serialize, Deserialize)]
struct AppRecord {
    tenant: String,
    id: String,
    name: String,
    plan: String,
    home: Option<String>,
    allowed_domains: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ClientRecord {
    id: String,
    tenant: String,
    app: String,
    secret_hash: String,
    refresh: RefreshRecord,
    created_unix_s: u64,
    revoked_unix_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefreshRecord {
    Allowed,
    Denied,
}

#[derive(Serialize, Deserialize)]
struct KeyRecord {
    tenant: String,
    id: String,
    public: Value,
    /// In base64url.
    sealed: String,
    signs_from_unix_s: u64,
}

impl BooksRecord {
    pub(super) fn of(books: &Books) -> Self {
        Self {
            tenants: books.tenants.values().map(TenantRecord::of).collect(),
            plans: books.plans.values().map(PlanRecord::of).collect(),
            apps: books.apps.values().map(AppRecord::of).collect(),
            clients: books.clients.values().map(ClientRecord::of).collect(),
            keys: books.keys.values().map(KeyRecord::of).collect(),
            api_keys: books.api_keys.values().map(ApiKeyRecord::of).collect(),
        }
    }

    /// The books that it speaks of; what is wrong with it, where it is none.
    pub(super) fn read(self) -> Result<Books, String> {
        let mut books = Books::default();
        for tenant in self.tenants {
            books.add_tenant(&tenant.read()?);
        }
        for plan in self.plans {
            books.set_plan(&plan.read()?);
        }
        for app in self.apps {
            books.set_app(&app.read()?);
        }
        for client in self.clients {
            books.add_client(&client.read()?);
        }
        for key in self.keys {
            books.add_key(&key.read()?);
        }
        for key in self.api_keys {
            books.add_api_key(&key.read()?);
        }
        Ok(books)
    }
}

impl TenantRecord {
    fn of(tenant: &Tenant) -> Self {
        Self { id: tenant.id.to_string(), name: tenant.name.clone() }
    }

    fn read(self) -> Result<Tenant, String> {
        Ok(Tenant { id: TenantId::parse(&self.id).map_err(text)?, name: self.name })
    }
}

impl PlanRecord {
    fn of(plan: &Plan) -> Self {
        Self {
            id: plan.id.to_string(),
            limits: plan.limits.to_claim(),
            monthly_requests: plan.monthly_requests,
            price: plan.price.to_string(),
        }
    }

    fn read(self) -> Result<Plan, String> {
        Ok(Plan {
            id: PlanId::parse(&self.id).map_err(text)?,
            limits: PlanLimits::from_claim(&self.limits).map_err(text)?,
            monthly_requests: self.monthly_requests,
            // Plans of an earlier version cost nothing.
            price: if self.price.is_empty() {
                PricePerMillion::default()
            } else {
                self.price.parse().map_err(text)?
            },
        })
    }
}

impl AppRecord {
    fn of(app: &App) -> Self {
        Self {
            tenant: app.key.tenant.to_string(),
            id: app.key.app.to_string(),
            name: app.name.clone(),
            plan: app.plan.to_string(),
            home: app.home.as_ref().map(ToString::to_string),
            allowed_domains: app.allowed_domains.iter().map(ToString::to_string).collect(),
        }
    }

    fn read(self) -> Result<App, String> {
        let domain =
            |rule: &String| AllowedDomain::parse(rule).ok_or_else(|| format!("`{rule}` is no domain"));
        Ok(App {
            key: app_key(&self.tenant, &self.id)?,
            name: self.name,
            plan: PlanId::parse(&self.plan).map_err(text)?,
            home: self.home.map(|home| HomeRegion::parse(&home).map_err(text)).transpose()?,
            allowed_domains: self.allowed_domains.iter().map(domain).collect::<Result<_, _>>()?,
        })
    }
}

impl ClientRecord {
    fn of(client: &Client) -> Self {
        Self {
            id: client.id.to_string(),
            tenant: client.app.tenant.to_string(),
            app: client.app.app.to_string(),
            secret_hash: client.secret.0.clone(),
            refresh: match client.refresh {
                Refresh::Allowed => RefreshRecord::Allowed,
                Refresh::Denied => RefreshRecord::Denied,
            },
            created_unix_s: client.created_unix_s,
            revoked_unix_s: client.revoked_unix_s,
        }
    }

    fn read(self) -> Result<Client, String> {
        Ok(Client {
            id: ClientId::parse(&self.id).map_err(text)?,
            app: app_key(&self.tenant, &self.app)?,
            secret: SecretHash(self.secret_hash),
            refresh: match self.refresh {
                RefreshRecord::Allowed => Refresh::Allowed,
                RefreshRecord::Denied => Refresh::Denied,
            },
            created_unix_s: self.created_unix_s,
            revoked_unix_s: self.revoked_unix_s,
        })
    }
}

impl KeyRecord {
    fn of(key: &TenantKey) -> Self {
        Self {
            tenant: key.tenant.to_string(),
            id: key.id.to_string(),
            public: key.public.clone(),
            sealed: URL_SAFE_NO_PAD.encode(&key.sealed),
            signs_from_unix_s: key.signs_from_unix_s,
        }
    }

    fn read(self) -> Result<TenantKey, String> {
        Ok(TenantKey {
            tenant: TenantId::parse(&self.tenant).map_err(text)?,
            id: KeyId::parse(&self.id).map_err(text)?,
            public: self.public,
            sealed: URL_SAFE_NO_PAD.decode(&self.sealed).map_err(text)?,
            signs_from_unix_s: self.signs_from_unix_s,
        })
    }
}

fn app_key(tenant: &str, app: &str) -> Result<AppKey, String> {
    Ok(AppKey { tenant: TenantId::parse(tenant).map_err(text)?, app: AppId::parse(app).map_err(text)? })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
