use super::generations::Generations;
use super::signing_key::SigningKey;
use domain::bounds::{CLOCKS_APART_MAX, KEY_PUBLISHED_BEFORE, RETIRED_KEY_KEPT, TENANT_KEYS_MAX};
use domain::ids::{KeyId, TenantId};
use domain::ports::{Registry, TokenSigner, Unavailable, Vault};
use domain::registry::{Standing, TenantKey, signing, standing};
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Seconds for which a tenant's key may sign without a look at the registry: a revoked one signs that much longer.
const KNOWN_FOR_SECONDS: u64 = 5;
/// Tenants whose opened keys are held, in each of two generations.
const SIGNERS_MAX: usize = 1024;
const NAME: &str = "signing keys";

/// The keys that sign in tenants' names: listed in the registry, their private parts sealed by a vault.
pub struct TenantKeys {
    registry: Arc<dyn Registry>,
    vault: Arc<dyn Vault>,
    signers: Mutex<Generations<TenantId, Arc<Signer>>>,
}

/// From when on a new key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At once: for a tenant's first key, and where the ones before it can't be trusted. One that was to sign next is
    /// deleted: it was made before. Whoever verifies may not know the new one for up to a minute.
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

/// What signs for one tenant.
struct Signer {
    /// One look at the registry and the vault at a time; whoever signs meanwhile waits for what it finds.
    turn: Semaphore,
    known: Mutex<Option<Known>>,
}

/// What was lately read of a tenant's keys.
struct Known {
    keys: Vec<TenantKey>,
    read_unix_s: u64,
    /// The one that signed when they were read.
    opened: Option<Arc<SigningKey>>,
}

impl Known {
    /// What signs, if anything does; `None` where that takes another look.
    fn signer(&self, now_unix_s: u64) -> Option<Option<Arc<SigningKey>>> {
        if !self.is_fresh(now_unix_s) {
            return None;
        }
        match signing(&self.keys, now_unix_s) {
            Some(key) => self.opened(key).map(Some),
            None => Some(None),
        }
    }

    fn opened(&self, key: &TenantKey) -> Option<Arc<SigningKey>> {
        self.opened.clone().filter(|opened| opened.kid() == key.id.as_str())
    }

    /// A wall clock that was put back makes nothing last longer.
    fn is_fresh(&self, now_unix_s: u64) -> bool {
        (self.read_unix_s..self.read_unix_s.saturating_add(KNOWN_FOR_SECONDS)).contains(&now_unix_s)
    }
}

impl TenantKeys {
    /// The keys that are listed in `registry` and sealed by `vault`.
    #[must_use]
    pub fn new(registry: Arc<dyn Registry>, vault: Arc<dyn Vault>) -> Self {
        Self { registry, vault, signers: Mutex::new(Generations::new(SIGNERS_MAX)) }
    }

    /// Makes a key for a tenant, and deletes those that are long past. Where the answer is lost, a repeat makes another.
    ///
    /// # Errors
    /// [`MakeKeyError`].
    pub async fn make(
        &self,
        tenant: &TenantId,
        now_unix_s: u64,
        start: Start,
    ) -> Result<TenantKey, MakeKeyError> {
        let keys = self.kept(tenant, now_unix_s, start).await?;
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
        *self.signer(tenant).known.lock() = None;
        Ok(key)
    }

    /// The keys that stay beside a new one; drops the others.
    async fn kept(
        &self,
        tenant: &TenantId,
        now_unix_s: u64,
        start: Start,
    ) -> Result<Vec<TenantKey>, Unavailable> {
        let keys = self.registry.keys(tenant).await?;
        // Past for as long again: the clock that tells may be ahead.
        let long_ago = now_unix_s.saturating_sub(RETIRED_KEY_KEPT.as_secs());
        let stays = |key: &TenantKey| {
            let is_superseded = start == Start::AtOnce && standing(key, &keys, now_unix_s) == Standing::Next;
            !is_superseded && standing(key, &keys, long_ago) != Standing::Past
        };
        let (kept, dropped): (Vec<TenantKey>, _) = keys.iter().cloned().partition(stays);
        drop_all(&*self.registry, &dropped).await?;
        Ok(kept)
    }

    fn signer(&self, tenant: &TenantId) -> Arc<Signer> {
        let mut signers = self.signers.lock();
        signers.find(tenant).unwrap_or_else(|| {
            let signer = Arc::new(Signer { turn: Semaphore::new(1), known: Mutex::default() });
            signers.insert(tenant.clone(), signer.clone(), 1);
            signer
        })
    }

    /// What signs for a tenant; read anew where that was last done a while ago.
    async fn key(&self, tenant: &TenantId, now_unix_s: u64) -> Result<Option<Arc<SigningKey>>, Unavailable> {
        let signer = self.signer(tenant);
        let at_hand = || signer.known.lock().as_ref().and_then(|known| known.signer(now_unix_s));
        if let Some(key) = at_hand() {
            return Ok(key);
        }
        let _turn = signer.turn.acquire().await.map_err(|closed| Unavailable::new(NAME, closed))?;
        if let Some(key) = at_hand() {
            return Ok(key);
        }
        let keys = self.registry.keys(tenant).await?;
        let opened = match signing(&keys, now_unix_s) {
            Some(key) => Some(self.opened(key, &signer).await?),
            None => None,
        };
        *signer.known.lock() = Some(Known { keys, read_unix_s: now_unix_s, opened: opened.clone() });
        Ok(opened)
    }

    /// A key as it was opened before, or else by the vault.
    async fn opened(&self, key: &TenantKey, signer: &Signer) -> Result<Arc<SigningKey>, Unavailable> {
        if let Some(opened) = signer.known.lock().as_ref().and_then(|known| known.opened(key)) {
            return Ok(opened);
        }
        let private = self.vault.open(&key.tenant, &key.id, &key.sealed).await;
        let private = private.map_err(|error| still_sealed(key, &error))?;
        read(&private, &key.id).map(Arc::new)
    }
}

/// Deletes a signing key, and first those that are past: with their follower gone they might be published again, or even
/// sign. Returns whether there was one. A repeat is harmless.
///
/// # Errors
/// [`Unavailable`]: the key may or may not be deleted.
pub async fn revoke_key(
    registry: &dyn Registry,
    tenant: &TenantId,
    id: &KeyId,
    now_unix_s: u64,
) -> Result<bool, Unavailable> {
    let keys = registry.keys(tenant).await?;
    let is_past = |key: &TenantKey| standing(key, &keys, now_unix_s) == Standing::Past;
    let others = keys.iter().filter(|key| key.id != *id).cloned();
    drop_all(registry, &others.filter(is_past).collect::<Vec<_>>()).await?;
    registry.drop_key(tenant, id).await
}

async fn drop_all(registry: &dyn Registry, keys: &[TenantKey]) -> Result<(), Unavailable> {
    for key in keys {
        registry.drop_key(&key.tenant, &key.id).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl TokenSigner for TenantKeys {
    async fn sign(
        &self,
        tenant: &TenantId,
        claims: &Value,
        now_unix_s: u64,
    ) -> Result<Option<String>, Unavailable> {
        Ok(self.key(tenant, now_unix_s).await?.map(|key| key.sign(claims)))
    }
}

/// At once means after every key that signs already, and where there is none, or it has long signed, by every clock:
/// also by one that is behind this one.
fn signs_from(keys: &[TenantKey], now_unix_s: u64, start: Start) -> u64 {
    match start {
        Start::WhenKnown => now_unix_s.saturating_add(KEY_PUBLISHED_BEFORE.as_secs()),
        Start::AtOnce => {
            let by_every_clock = now_unix_s.saturating_sub(CLOCKS_APART_MAX.as_secs());
            let follows = signing(keys, now_unix_s).map(|active| active.signs_from_unix_s.saturating_add(1));
            by_every_clock.max(follows.unwrap_or_default())
        }
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
