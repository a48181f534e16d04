//! A registry with one tenant's books, as tests of tokens need it, and forms to ask with.

use crate::house::{Answer, Ask, House, NOW_UNIX_MS};
use axum::http::Method;
use domain::claims::AllowedDomain;
use domain::ids::{AppId, AppKey, ClientId, PlanId, TenantId};
use domain::limits::PlanLimits;
use domain::ports::{Registry, SecretHashes, Unavailable, Vault};
use domain::registry::{App, Client, Plan, Refresh, SecretHash, Tenant};
use functions::Issuer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stores::jwt::{Start, TenantKeys};
use stores::memory::MemoryRegistry;

/// The secret of every client of [`Books`].
pub(crate) const SECRET: &str = "wss_its+own%secret";
/// A client that may have refresh tokens.
pub(crate) const CLIENT: &str = "client_refreshing";
/// Another one, of the same app.
pub(crate) const OTHER: &str = "client_other";
/// One that may not have refresh tokens.
pub(crate) const PLAIN: &str = "client_plain";
/// One that is revoked.
pub(crate) const REVOKED: &str = "client_revoked";
/// The tenant of all of them.
pub(crate) const TENANT: &str = "acme";

/// What a tenant's books hold.
pub(crate) struct Books {
    pub(crate) registry: Arc<MemoryRegistry>,
    pub(crate) hashes: Arc<PlainHashes>,
    pub(crate) keys: Arc<TenantKeys>,
}

impl Books {
    pub(crate) async fn new() -> Self {
        let registry = Arc::new(MemoryRegistry::new());
        let keys = Arc::new(TenantKeys::new(registry.clone(), Arc::new(OpenVault)));
        let books = Self { registry, hashes: Arc::default(), keys };
        books.write().await;
        books
    }

    async fn write(&self) {
        let registry = &self.registry;
        registry.add_tenant(&Tenant { id: tenant(), name: "Acme".to_owned() }).await.unwrap();
        self.keys.make(&tenant(), NOW_UNIX_MS / 1000, Start::AtOnce).await.unwrap();
        registry.set_plan(&plan(100)).await.unwrap();
        registry.add_app(&app()).await.unwrap();
        for (id, refresh) in [
            (CLIENT, Refresh::Allowed),
            (OTHER, Refresh::Allowed),
            (PLAIN, Refresh::Denied),
            (REVOKED, Refresh::Allowed),
        ] {
            registry.add_client(&client(id, refresh)).await.unwrap();
        }
        registry.revoke_client(&ClientId::parse(REVOKED).unwrap(), 1).await.unwrap();
    }

    pub(crate) fn issuer(&self) -> Issuer {
        Issuer {
            registry: self.registry.clone(),
            families: self.registry.clone(),
            secrets: self.hashes.clone(),
            signer: self.keys.clone(),
        }
    }

    /// A house that issues tokens from these books.
    pub(crate) fn house(&self) -> House {
        House::with(|plane| plane.issuer = Some(self.issuer()))
    }
}

/// A house over books of its own.
pub(crate) async fn issuing_house() -> House {
    Books::new().await.house()
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse(TENANT).unwrap()
}

/// The one plan, with this many connections.
pub(crate) fn plan(connections_max: u64) -> Plan {
    let limits =
        PlanLimits { connections_max, documents_max: 20, users_per_document_max: 5, ops_per_minute_max: 600 };
    Plan { id: PlanId::parse("pro").unwrap(), limits, monthly_requests: None, price: Default::default() }
}

fn app() -> App {
    App {
        key: AppKey { tenant: tenant(), app: AppId::parse("editor").unwrap() },
        name: String::new(),
        plan: plan(0).id,
        home: None,
        allowed_domains: vec![AllowedDomain::parse("app.example.com").unwrap()],
    }
}

fn client(id: &str, refresh: Refresh) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        app: app().key,
        secret: SecretHash(SECRET.to_owned()),
        refresh,
        created_unix_s: 0,
        revoked_unix_s: None,
    }
}

impl Ask {
    /// A request for a token with this form.
    pub(crate) fn form(form: &str) -> Self {
        Self::new(Method::POST, "/connect/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec())
    }
}

/// A form that asks with the secret of a client.
pub(crate) fn with_secret(client: &str, more: &str) -> String {
    format!("grant_type=client_credentials&client_id={client}&client_secret=wss_its%2Bown%25secret{more}")
}

/// A form that asks with a refresh token.
pub(crate) fn with_refresh(client: &str, token: &str) -> String {
    format!("grant_type=refresh_token&client_id={client}&refresh_token={token}")
}

impl House {
    pub(crate) async fn form(&self, form: &str) -> Answer {
        self.ask(Ask::form(form)).await
    }

    /// The refresh token that a client gets for its secret.
    pub(crate) async fn refresh_token(&self, client: &str) -> String {
        self.form(&with_secret(client, "&scope=offline_access")).await.refresh_token()
    }
}

impl Answer {
    pub(crate) fn refresh_token(&self) -> String {
        self.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("{}", self.text)).to_owned()
    }

    /// Status and code of a refusal as RFC 6749 section 5.2 has it, which nobody may keep.
    pub(crate) fn oauth(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("pragma"), Some("no-cache"));
        let answer = self.json();
        let description = answer["error_description"].as_str().unwrap();
        // The characters that the section allows.
        assert!(
            description.chars().all(|c| (' '..='~').contains(&c) && !"\"\\".contains(c)),
            "{description}"
        );
        assert_eq!(answer.as_object().unwrap().len(), 2);
        (self.status.as_u16(), answer["error"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
    }
}

/// Knows secrets by themselves, and counts how often it is asked: what hashing them costs is tested where it is done.
#[derive(Default)]
pub(crate) struct PlainHashes(AtomicU64);

impl PlainHashes {
    pub(crate) fn compared(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl SecretHashes for PlainHashes {
    async fn hash(&self, secret: &str) -> Result<SecretHash, Unavailable> {
        Ok(SecretHash(secret.to_owned()))
    }

    async fn fits(&self, secret: &str, hash: Option<&SecretHash>) -> Result<bool, Unavailable> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(hash.is_some_and(|hash| hash.0 == secret))
    }
}

/// Seals nothing: what a vault keeps is tested where vaults are.
pub(crate) struct OpenVault;

#[async_trait::async_trait]
impl Vault for OpenVault {
    async fn seal(
        &self,
        _: &TenantId,
        _: &domain::ids::KeyId,
        secret: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        Ok(secret.to_vec())
    }

    async fn open(
        &self,
        _: &TenantId,
        _: &domain::ids::KeyId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        Ok(sealed.to_vec())
    }
}
