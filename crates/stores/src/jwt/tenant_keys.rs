use super::signing_key::SigningKey;
use domain::bounds::{KEY_PUBLISHED_BEFORE, TENANT_KEYS_MAX};
use domain::ids::{KeyId, TenantId};
use domain::ports::{Registry, TokenSigner, Unavailable, Vault};
use domain::registry::{Standing, TenantKey, signing, standing};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Seconds for which a tenant's key may sign without a look at the registry: a revoked one signs that much longer.
const KNOWN_FOR_SECONDS: u64 = 5;
/// Tenants whose opened keys are held. Past it all are forgotten, and opened again as they are wanted.
const TENANTS_MAX: usize = 1024;
const NAME: &str = "signing keys";

/// The keys that sign in tenants' names: listed in the registry, their private parts sealed by a vault.
pub struct TenantKeys {
    registry: Arc<dyn Registry>,
    vault: Arc<dyn Vault>,
    known: Mutex<HashMap<TenantId, Known>>,
}

/// From when on a new key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At once: for a tenant's first key, and where the one before it can't be trusted. Whoever verifies may not know it
    /// for up to a minute.
    AtOnce,
    /// When everybody who verifies has had the time to learn of it: after [`KEY_PUBLISHED_BEFORE`].
    WhenKnown,
}

/// Why there is no new key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeKeyError {
    /// The tenant has as many as it may have.
    #[error("the tenant has {TENANT_KEYS_MAX} keys that are in use or were lately: revoke one, or wait")]
    TooMany,
    /// The system gave no entropy.
    #[error("cannot generate a signing key")]
    Generation,
    /// The registry or the vault did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What was lately read of a tenant's keys.
struct Known {
    keys: Arc<[TenantKey]>,
    read_unix_s: u64,
    /// The last of them that signed.
    opened: Option<(KeyId, Arc<SigningKey>)>,
}

impl Known {
    /// A wall clock that was put back makes nothing last longer.
    fn is_fresh(&self, now_unix_s: u64) -> bool {
        (self.read_unix_s..self.read_unix_s.saturating_add(KNOWN_FOR_SECONDS)).contains(&now_unix_s)
    }
}

impl TenantKeys {
    /// The keys that are listed in `registry` and sealed by `vault`.
    #[must_use]
    pub fn new(registry: Arc<dyn Registry>, vault: Arc<dyn Vault>) -> Self {
        Self { registry, vault, known: Mutex::default() }
    }

    /// Makes a key for a tenant, and deletes its past ones. Where the answer is lost, a repeat makes another.
    ///
    /// # Errors
    /// [`MakeKeyError`].
    pub async fn make(
        &self,
        tenant: &TenantId,
        now_unix_s: u64,
        start: Start,
    ) -> Result<TenantKey, MakeKeyError> {
        let keys = self.without_past(tenant, now_unix_s).await?;
        if keys.len() >= TENANT_KEYS_MAX {
            return Err(MakeKeyError::TooMany);
        }
        let pair = SigningKey::generate().map_err(|_| MakeKeyError::Generation)?;
        let id = KeyId::parse(pair.kid()).map_err(|_| MakeKeyError::Generation)?;
        let private = pair.private_jwk().map_err(|_| MakeKeyError::Generation)?.to_string();
        let key = TenantKey {
            sealed: self.vault.seal(tenant, &id, private.as_bytes()).await?,
            tenant: tenant.clone(),
            id,
            public: pair.public_jwk(),
            signs_from_unix_s: signs_from(&keys, now_unix_s, start),
        };
        self.registry.add_key(&key).await?;
        self.known.lock().remove(tenant);
        Ok(key)
    }

    async fn without_past(&self, tenant: &TenantId, now_unix_s: u64) -> Result<Vec<TenantKey>, Unavailable> {
        let keys = self.registry.keys(tenant).await?;
        let is_past = |key: &TenantKey| standing(key, &keys, now_unix_s) == Standing::Past;
        let (past, kept): (Vec<TenantKey>, _) = keys.iter().cloned().partition(is_past);
        for key in past {
            self.registry.drop_key(tenant, &key.id).await?;
        }
        Ok(kept)
    }

    async fn keys(&self, tenant: &TenantId, now_unix_s: u64) -> Result<Arc<[TenantKey]>, Unavailable> {
        if let Some(known) = self.known.lock().get(tenant).filter(|known| known.is_fresh(now_unix_s)) {
            return Ok(known.keys.clone());
        }
        let keys: Arc<[TenantKey]> = self.registry.keys(tenant).await?.into();
        let mut known = self.known.lock();
        if known.len() >= TENANTS_MAX && !known.contains_key(tenant) {
            known.clear();
        }
        let opened = known.remove(tenant).and_then(|known| known.opened);
        known.insert(tenant.clone(), Known { keys: keys.clone(), read_unix_s: now_unix_s, opened });
        Ok(keys)
    }

    async fn opened(&self, key: &TenantKey) -> Result<Arc<SigningKey>, Unavailable> {
        let known = |known: &Known| known.opened.clone().filter(|(id, _)| *id == key.id);
        if let Some((_, opened)) = self.known.lock().get(&key.tenant).and_then(known) {
            return Ok(opened);
        }
        let private = self.vault.open(&key.tenant, &key.id, &key.sealed).await;
        let private = private.map_err(|error| still_sealed(key, &error))?;
        let opened = Arc::new(read(&private, &key.id)?);
        if let Some(known) = self.known.lock().get_mut(&key.tenant) {
            known.opened = Some((key.id.clone(), opened.clone()));
        }
        Ok(opened)
    }
}

#[async_trait::async_trait]
impl TokenSigner for TenantKeys {
    async fn sign(
        &self,
        tenant: &TenantId,
        claims: &Value,
        now_unix_s: u64,
    ) -> Result<Option<String>, Unavailable> {
        let keys = self.keys(tenant, now_unix_s).await?;
        let Some(key) = signing(&keys, now_unix_s) else { return Ok(None) };
        Ok(Some(self.opened(key).await?.sign(claims)))
    }
}

/// At once means after every key that signs already, also one of the same second.
fn signs_from(keys: &[TenantKey], now_unix_s: u64, start: Start) -> u64 {
    match start {
        Start::WhenKnown => now_unix_s.saturating_add(KEY_PUBLISHED_BEFORE.as_secs()),
        Start::AtOnce => signing(keys, now_unix_s)
            .map_or(now_unix_s, |active| now_unix_s.max(active.signs_from_unix_s.saturating_add(1))),
    }
}

/// The log is to say whose tokens are concerned, and which key to replace.
fn still_sealed(key: &TenantKey, error: &Unavailable) -> Unavailable {
    let cause = format!("the key {} of the tenant {} can't be opened: {}", key.id, key.tenant, error.cause);
    Unavailable::new(error.store, cause)
}

fn read(private: &[u8], id: &KeyId) -> Result<SigningKey, Unavailable> {
    let unusable = |cause: &str| Unavailable::new(NAME, format!("the key {id} can't be used: {cause}"));
    let jwk = serde_json::from_slice(private).map_err(|_| unusable("what was sealed is no JWK"))?;
    let key = SigningKey::from_private_jwk(&jwk).map_err(unusable)?;
    if key.kid() == id.as_str() { Ok(key) } else { Err(unusable("another one was sealed")) }
}
