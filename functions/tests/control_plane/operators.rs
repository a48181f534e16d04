//! A house with operators, as tests of keys, reports, webhooks and counts need it.

use crate::house::{Answer, Ask, House, NOW_UNIX_MS};
use crate::issuing::OpenVault;
use aws_lc_rs::digest::{SHA256, digest};
use domain::alerts::Hosts;
use domain::calendar::Hour;
use domain::ids::{ApiKeyId, AppId, AppKey, PlanId, TenantId};
use domain::limits::PlanLimits;
use domain::metering::AppUsage;
use domain::ports::{ApiKeys, Registry, UsageAdd, Writer};
use domain::registry::{ApiKey, ApiScope, App, KeyHolder, Plan, Tenant};
use functions::{ControlPlane, Operators, WebhookDesk};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stores::memory::MemoryRegistry;
use stores::usage::UsagePorts;

/// The tenant of the house, with a plan of 1,000 monthly requests for its app [`APP`].
pub(crate) const TENANT: &str = "acme";
pub(crate) const APP: &str = "board";

pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) registry: Arc<MemoryRegistry>,
    pub(crate) usage: UsagePorts,
    sequence: AtomicU64,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A desk whose operators' ports were changed before its routes were made.
    pub(crate) async fn with(change: impl FnOnce(&mut Operators)) -> Self {
        Self::with_plane(|plane| change(plane.operators.as_mut().unwrap())).await
    }

    pub(crate) async fn with_plane(change: impl FnOnce(&mut ControlPlane)) -> Self {
        let (registry, usage) = (Arc::new(MemoryRegistry::new()), UsagePorts::in_memory());
        let desk =
            WebhookDesk { alerts: usage.alerts.clone(), vault: Arc::new(OpenVault), hosts: Hosts::Public };
        let operators = Operators {
            registry: registry.clone(),
            api_keys: registry.clone(),
            usage: usage.log.clone(),
            platform: usage.platform.clone(),
            webhooks: Some(desk),
        };
        let house = House::with(|plane| {
            plane.operators = Some(operators);
            change(plane);
        });
        write_books(&registry).await;
        Self { house, registry, usage, sequence: AtomicU64::new(0) }
    }

    /// Adds a key of the first of these holders that may have all of its scopes. Returns its text.
    pub(crate) async fn key(&self, holder: KeyHolder, id: u64, scopes: &[ApiScope]) -> String {
        let text = format!("{}{id:016x}_{}", holder.prefix(), "s".repeat(43));
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        let key = ApiKey {
            id: key_id(id),
            holder,
            scopes: BTreeSet::from_iter(scopes.iter().copied()),
            description: String::new(),
            digest: sha256,
            created_unix_s: 0,
            revoked_unix_s: None,
            used_unix_s: None,
        };
        self.registry.add_api_key(&key).await.unwrap();
        text
    }

    /// A key of [`TENANT`] with all scopes that a tenant may have.
    pub(crate) async fn account_key(&self) -> String {
        let scopes = [ApiScope::UsageRead, ApiScope::WebhooksRead, ApiScope::WebhooksWrite];
        self.key(tenant_holder(), 1, &scopes).await
    }

    pub(crate) async fn platform_key(&self) -> String {
        self.key(KeyHolder::Platform, 2, &[ApiScope::PlatformRead]).await
    }

    /// Adds usage of an app of [`TENANT`] in an hour.
    pub(crate) async fn used(&self, app: &str, hour: Hour, count: impl FnOnce(&mut AppUsage)) {
        let mut usage = AppUsage::default();
        count(&mut usage);
        let add = UsageAdd { app: app_key(app), hour, usage };
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        self.usage.log.add(Writer(1), sequence, &add).await.unwrap();
    }

    /// `GET` with an account key.
    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        self.house.ask(with_key(Ask::get(path), key)).await
    }

    /// `GET` with a platform key.
    pub(crate) async fn admin(&self, key: &str, path: &str) -> Answer {
        self.house.ask(Ask::get(path).header("im-api-key", key)).await
    }
}

async fn write_books(registry: &MemoryRegistry) {
    registry.add_tenant(&Tenant { id: tenant(), name: String::new() }).await.unwrap();
    let limits =
        PlanLimits { connections_max: 1, documents_max: 1, users_per_document_max: 1, ops_per_minute_max: 1 };
    for (id, monthly_requests) in [("small", Some(1_000)), ("free", None)] {
        let plan = Plan { id: plan_id(id), limits, monthly_requests, price: "2.50".parse().unwrap() };
        registry.set_plan(&plan).await.unwrap();
    }
    for (app, name, plan) in [(APP, "Board", "small"), ("wiki", "", "free")] {
        let app = App {
            key: app_key(app),
            name: name.to_owned(),
            plan: plan_id(plan),
            home: None,
            allowed_domains: Vec::new(),
        };
        registry.set_app(&app).await.unwrap();
    }
}

pub(crate) fn with_key(ask: Ask, key: &str) -> Ask {
    ask.header("authorization", &format!("Bearer {key}"))
}

pub(crate) fn tenant_holder() -> KeyHolder {
    KeyHolder::Tenant(tenant())
}

pub(crate) fn key_id(id: u64) -> ApiKeyId {
    ApiKeyId::parse(&format!("{id:016x}")).unwrap()
}

/// The hour of the house's clock.
pub(crate) fn this_hour() -> Hour {
    Hour::of_unix_ms(NOW_UNIX_MS)
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse(TENANT).unwrap()
}

pub(crate) fn app_key(app: &str) -> AppKey {
    AppKey { tenant: tenant(), app: AppId::parse(app).unwrap() }
}

fn plan_id(id: &str) -> PlanId {
    PlanId::parse(id).unwrap()
}
