use super::ask::Ask;
use super::target::Target;
use super::world::World;
use crate::api_key::{enter_api_key, enter_tenant_key};
use crate::signer::unix_seconds;
use crate::waiting::eventually;
use domain::calendar::Hour;
use domain::ids::{
    AppId, AppKey, ClientId, DocumentKey, DocumentName, HomeRegion, NodeId, NodeName, PlanId, Region,
    TenantId,
};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::limits::PlanLimits;
use domain::metering::AppUsage;
use domain::ports::{Owner, Resolution, TokenSigner, UsageAdd, Writer};
use domain::registry::{ApiKeyText, ApiScope, App, Client, KeyHolder, Plan, Refresh, Tenant};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use stores::jwt::Start;

/// How many callers this process has had: each has names and an address that no other has.
static CALLERS: AtomicU32 = AtomicU32::new(1);

/// A tenant with one app and a signing key of its own, and who asks in its name.
pub struct Caller<'w> {
    world: &'w World,
    app: AppKey,
    home: Option<HomeRegion>,
    from: IpAddr,
    token: String,
}

/// What a client of an app asks for tokens with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
}

impl<'w> Caller<'w> {
    /// A new tenant, whose app is at the default home.
    pub async fn fresh(plane: &'w impl Target) -> Self {
        Self::at_home(plane, None).await
    }

    /// A new tenant, whose app is at this home.
    pub async fn at_home(plane: &'w impl Target, home: Option<&str>) -> Self {
        let number = CALLERS.fetch_add(1, Ordering::Relaxed);
        let tenant =
            TenantId::parse(&format!("tenant-{}-{number}", std::process::id())).expect("it is an id");
        let app = AppKey { tenant, app: AppId::parse("app").expect("it is an id") };
        let home = home.map(|name| HomeRegion::parse(name).expect("it is a home region's name"));
        let from = IpAddr::V4(Ipv4Addr::from_bits((10 << 24) | number));
        let mut caller = Self { world: plane.world(), app, home, from, token: String::new() };
        caller.enter_into_the_books().await;
        caller.token = caller.sign(&json!({})).await;
        caller
    }

    async fn enter_into_the_books(&self) {
        let registry = &self.world.registry;
        let tenant = Tenant { id: self.app.tenant.clone(), name: String::new() };
        registry.add_tenant(&tenant).await.expect("the registry answers");
        let plan = Plan {
            id: self.plan_id(),
            limits: limits(),
            monthly_requests: Some(1_000),
            price: "2.5".parse().expect("a price"),
        };
        registry.set_plan(&plan).await.expect("the registry answers");
        registry.add_app(&self.app()).await.expect("the registry answers");
        let key = self.world.keys.make(&self.app.tenant, unix_seconds(), Start::AtOnce).await;
        key.expect("the registry and the vault answer");
    }

    /// A new account key of the tenant, that may all that such keys may.
    pub async fn account_key(&self) -> String {
        enter_tenant_key(&*self.world.api_keys, &self.app.tenant, unix_seconds()).await
    }

    /// A new account key of the tenant, that may this alone.
    pub async fn account_key_for(&self, scope: ApiScope) -> String {
        let holder = KeyHolder::Tenant(self.app.tenant.clone());
        enter_api_key(&*self.world.api_keys, holder, &[scope], unix_seconds()).await
    }

    /// A new key of the operator's.
    pub async fn platform_key(&self) -> String {
        let scopes = [ApiScope::PlatformRead];
        enter_api_key(&*self.world.api_keys, KeyHolder::Platform, &scopes, unix_seconds()).await
    }

    /// Revokes an API key.
    pub async fn revoke_key(&self, key: &str) {
        let id = ApiKeyText::parse(key).expect("it is a key's text").id();
        assert_eq!(self.world.api_keys.revoke_api_key(&id, unix_seconds()).await, Ok(true));
    }

    /// Counts of the app at this hour what nobody has asked.
    pub async fn has_used(&self, hour: Hour, usage: AppUsage) {
        let add = UsageAdd { app: self.app.clone(), hour, usage };
        let writer = Writer(rand::random());
        self.world.usage.log.add(writer, 1, &add).await.expect("the usage log answers");
    }

    /// Waits until so many requests of the app are written down.
    pub async fn is_metered(&self, requests: u64) {
        let now = Hour::of_unix_s(unix_seconds());
        let from = Hour(now.0.saturating_sub(1));
        eventually("what was answered is written down", async || {
            let read = self.world.usage.log.read(&self.app, from, now.plus(2), Resolution::Hours).await;
            let spans = read.expect("the usage log answers");
            let counted: u64 = spans.iter().map(|(_, usage)| usage.total(None).requests).sum();
            (counted >= requests).then_some(())
        })
        .await;
    }

    fn app(&self) -> App {
        App {
            key: self.app.clone(),
            name: String::new(),
            plan: self.plan_id(),
            home: self.home.clone(),
            allowed_domains: Vec::new(),
        }
    }

    fn plan_id(&self) -> PlanId {
        PlanId::parse(self.tenant()).expect("a tenant's id is an id")
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.app.tenant.as_str()
    }

    /// A good token of the app, signed by the tenant's key.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request without a token.
    #[must_use]
    pub fn ask(&self, method: &str, uri: &str) -> Ask {
        Ask::new(method, uri, self.from)
    }

    /// `GET` with the good token.
    #[must_use]
    pub fn get(&self, uri: &str) -> Ask {
        self.ask("GET", uri).bearer(&self.token)
    }

    /// `GET` with a token of which these claims differ.
    pub async fn get_with(&self, uri: &str, changed: &Value) -> Ask {
        self.ask("GET", uri).bearer(&self.sign(changed).await)
    }

    /// A request for a token.
    #[must_use]
    pub fn token_request(&self, fields: &[(&str, &str)]) -> Ask {
        self.ask("POST", "/connect/token").form(fields)
    }

    /// A good token's claims with these changes, signed by the tenant's key.
    pub async fn sign(&self, changed: &Value) -> String {
        self.sign_as(&self.app.tenant, changed).await
    }

    /// The same, signed by another's key.
    pub async fn sign_by_key_of(&self, other: &Caller<'_>, changed: &Value) -> String {
        self.sign_as(&other.app.tenant, changed).await
    }

    async fn sign_as(&self, signer: &TenantId, changed: &Value) -> String {
        let mut claims = self.claims();
        for (name, value) in changed.as_object().expect("changes are an object") {
            claims[name] = value.clone();
        }
        let signed = self.world.keys.sign(signer, &claims, unix_seconds()).await;
        signed.expect("the registry and the vault answer").expect("the tenant has a key")
    }

    fn claims(&self) -> Value {
        let mut claims = json!({
            "aud": "WireSocket.API",
            "scope": "WireSocket.API",
            "tenantid": self.tenant(),
            "appId": self.app.app.as_str(),
            "exp": unix_seconds() + 600,
            "limits": limits().to_claim(),
        });
        if let Some(home) = &self.home {
            claims["dbCode"] = json!(home.as_str());
        }
        claims
    }

    /// Makes a client of the app.
    pub async fn client(&self, refresh: Refresh) -> Credentials {
        let number = CALLERS.fetch_add(1, Ordering::Relaxed);
        let id = format!("client-{}-{number}", std::process::id());
        let secret = format!("wss_the-secret-of-client-{number}");
        let client = Client {
            id: ClientId::parse(&id).expect("it is an id"),
            app: self.app.clone(),
            secret: self.world.hashes.hash(&secret).await.expect("there is memory for a hash"),
            refresh,
            created_unix_s: unix_seconds(),
            revoked_unix_s: None,
        };
        self.world.registry.add_client(&client).await.expect("the registry answers");
        Credentials { id, secret }
    }

    /// Revokes a client.
    pub async fn revoke(&self, client: &Credentials) {
        let id = ClientId::parse(&client.id).expect("it is an id");
        let revoked = self.world.registry.revoke_client(&id, unix_seconds()).await;
        assert_eq!(revoked, Ok(true));
    }

    /// Makes another key for the tenant.
    pub async fn rotate(&self, start: Start) {
        let made = self.world.keys.make(&self.app.tenant, unix_seconds(), start).await;
        made.expect("the registry and the vault answer");
    }

    /// Has a node account for these counts of the app.
    pub async fn count(&self, by: &str, connections: u64, documents: u64) {
        let new = Share { connections, documents, sequence: 1, sealed: false };
        let write = ShareWrite { node: node(by), old: None, new, bounds: Bounds::default() };
        self.world.home.ledger.write(&self.app, &write).await.expect("the ledger answers");
    }

    /// Pins a document of the app to some node of a region.
    pub async fn pin(&self, document: &str, region: &str) {
        let region = Region::parse(region).expect("it is a region");
        let owner = Owner { region, node: node("owner"), relay: String::new() };
        let name = DocumentName::parse(document).expect("it is a document's name");
        let document = DocumentKey { app: self.app.clone(), name };
        self.world.home.pins.pin(&document, &owner).await.expect("the pins answer");
    }
}

/// The plan of every app.
fn limits() -> PlanLimits {
    PlanLimits {
        connections_max: 100,
        documents_max: 20,
        users_per_document_max: 10,
        ops_per_minute_max: 10_000,
    }
}

fn node(name: &str) -> NodeId {
    NodeId { name: NodeName::parse(name).expect("it is a node's name"), epoch: 1 }
}
