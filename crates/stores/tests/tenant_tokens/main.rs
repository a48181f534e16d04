//! Tokens of tenants: signed by keys of a registry, and verified by the keys of the tenant that they name.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod caching;
mod confusion;
mod rotation;
mod trust;

use domain::clock::Clock;
use domain::ids::TenantId;
use domain::ports::{TokenSigner, Tokens};
use domain::token::TokenRefusal;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stores::jwt::{
    JwksError, KeySources, RegistryJwks, SigningKey, Start, StaticKeys, TenantJwks, TenantKeys, Verifier,
};
use stores::memory::MemoryRegistry;
use stores::system::TurnedClock;
use stores::vault::FileVault;

/// A registry with its signer and a verifier, on one clock.
struct House {
    clock: Arc<TurnedClock>,
    registry: Arc<MemoryRegistry>,
    keys: TenantKeys,
    source: Arc<Counted>,
    operator: SigningKey,
    verifier: Verifier,
}

impl House {
    /// With the tenants `a` and `b`, who have a key each.
    async fn new() -> Self {
        let clock = Arc::new(TurnedClock::default());
        let registry = Arc::new(MemoryRegistry::new());
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open_or_create(&folder.path().join("vault.key")).unwrap();
        let keys = TenantKeys::new(registry.clone(), Arc::new(vault));
        let source = Arc::new(Counted::new(RegistryJwks::new(registry.clone(), clock.clone())));
        let operator = SigningKey::generate().unwrap();
        let sources = KeySources {
            operator: Some(Box::new(StaticKeys::new(operator.public_jwks()))),
            tenants: Some(source.clone()),
        };
        let verifier = Verifier::of(sources, clock.clone(), Vec::new());
        verifier.load().await.unwrap();
        let house = Self { clock, registry, keys, source, operator, verifier };
        for tenant in ["a", "b"] {
            house.keys.make(&id(tenant), house.now_s(), Start::AtOnce).await.unwrap();
        }
        house
    }

    /// Another one by the tenants' keys, which knows nothing yet.
    fn another_verifier(&self) -> Verifier {
        let sources = KeySources { operator: None, tenants: Some(self.source.clone()) };
        Verifier::of(sources, self.clock.clone(), Vec::new())
    }

    fn now_s(&self) -> u64 {
        self.clock.unix_ms() / 1000
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// What a token of `tenant` says that is issued at this moment.
    fn claims(&self, tenant: &str) -> Value {
        json!({
            "iat": self.now_s(), "exp": self.now_s() + 900, "aud": "WireSocket.API", "scope": "WireSocket.API",
            "tenantid": tenant, "appId": "app",
            "limits": {"maxConnections": 1, "maxDocuments": 2, "maxUsersPerDoc": 3, "opsPerMinute": 4}
        })
    }

    /// A token that `signer`'s key signs, whatever it says.
    async fn sign(&self, signer: &str, claims: &Value) -> String {
        self.keys.sign(&id(signer), claims, self.now_s()).await.unwrap().unwrap()
    }

    async fn token(&self, tenant: &str) -> String {
        self.sign(tenant, &self.claims(tenant)).await
    }

    /// The tenant that a token speaks for, or why it is refused.
    async fn verify(&self, jwt: &str) -> Result<String, TokenRefusal> {
        let claims = self.verifier.verify(jwt, self.clock.unix_ms()).await;
        claims.map(|claims| claims.app.tenant.to_string())
    }
}

fn id(tenant: &str) -> TenantId {
    TenantId::parse(tenant).unwrap()
}

/// A source that counts how often it is asked, and may be away or hang.
struct Counted {
    source: RegistryJwks,
    fetches: AtomicU64,
    away: Mutex<bool>,
    hanging: Mutex<bool>,
}

impl Counted {
    fn new(source: RegistryJwks) -> Self {
        Self { source, fetches: AtomicU64::new(0), away: Mutex::new(false), hanging: Mutex::new(false) }
    }

    fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::SeqCst)
    }

    fn set_away(&self, away: bool) {
        *self.away.lock() = away;
    }

    fn set_hanging(&self, hanging: bool) {
        *self.hanging.lock() = hanging;
    }
}

#[async_trait::async_trait]
impl TenantJwks for Counted {
    async fn fetch(&self, tenant: &TenantId) -> Result<Option<Value>, JwksError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let hangs = *self.hanging.lock();
        if hangs {
            std::future::pending::<()>().await;
        }
        if *self.away.lock() {
            return Err(JwksError::Unreadable { place: self.place(), cause: "it is away".to_owned() });
        }
        self.source.fetch(tenant).await
    }

    fn place(&self) -> String {
        "the test".to_owned()
    }
}
