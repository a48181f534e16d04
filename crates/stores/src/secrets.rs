//! What clients' secrets are known by: argon2id (RFC 9106).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand;
use domain::bounds::SECRET_BYTES_MAX;
use domain::ports::{SecretHashes, Unavailable};
use domain::registry::SecretHash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;

/// KiB that one hash works on, its passes over them and its lanes: the least memory of what OWASP's password storage
/// sheet recommends for argon2id that a small function bears twice.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes that are computed at once: 38 MiB.
const AT_ONCE: usize = 2;
/// Hashes that wait for their turn: some seconds of work, as long as a client waits. Those past it are not computed.
const WAITING_MAX: usize = 64;
const SALT_BYTES: usize = 16;
/// Characters of a salt and of a hash of 32 bytes, in base64 without padding.
const SALT_CHARS: usize = 22;
const HASH_CHARS: usize = 43;
const NAME: &str = "secrets";

/// Secrets by their argon2id hashes, computed on threads for blocking work.
#[derive(Debug)]
pub struct Argon2Hashes {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

impl Argon2Hashes {
    /// Hashes of which few are computed at once, over all that share this.
    #[must_use]
    pub fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING_MAX)),
            computed: Arc::default(),
        }
    }

    /// Hashes that were computed so far: the work, as what asks for it can be compared by.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Does `work`, which computes one hash, when it is its turn.
    async fn compute<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<R, Unavailable> + Send + 'static,
    ) -> Result<R, Unavailable> {
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| unavailable("too many secrets wait to be checked"))?;
        let turn = self.turns.clone().acquire_owned().await.map_err(unavailable)?;
        let computed = self.computed.clone();
        let worked = tokio::task::spawn_blocking(move || {
            // Held by the work and not by who asked for it, who may have gone.
            let _held = (place, turn);
            computed.fetch_add(1, Ordering::Relaxed);
            work()
        });
        worked.await.map_err(unavailable)?
    }
}

impl Default for Argon2Hashes {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait::async_trait]
impl SecretHashes for Argon2Hashes {
    async fn hash(&self, secret: &str) -> Result<SecretHash, Unavailable> {
        let secret = secret.to_owned();
        self.compute(move || hash(&secret)).await
    }

    /// A secret that is longer than any is refused for that, whoever it is for.
    async fn fits(&self, secret: &str, hash: Option<&SecretHash>) -> Result<bool, Unavailable> {
        if secret.len() > SECRET_BYTES_MAX {
            return Ok(false);
        }
        let is_known = hash.is_some();
        let (secret, hash) = (secret.to_owned(), hash.map_or_else(nobodys, |hash| hash.0.clone()));
        self.compute(move || verify(&secret, &hash).map(|fits| fits && is_known)).await
    }
}

/// A hash of nothing that is known, by the parameters of all others: what a secret is compared with where there is none.
fn nobodys() -> String {
    let (salt, hash) = ("A".repeat(SALT_CHARS), "A".repeat(HASH_CHARS));
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")
}

fn hash(secret: &str) -> Result<SecretHash, Unavailable> {
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt).map_err(unavailable)?;
    let hash = argon2id()?.hash_password_with_salt(secret.as_bytes(), &salt).map_err(unavailable)?;
    Ok(SecretHash(hash.to_string()))
}

fn verify(secret: &str, hash: &str) -> Result<bool, Unavailable> {
    let hash = PasswordHash::new(hash).map_err(unavailable)?;
    match argon2id()?.verify_password(secret.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(unavailable(error)),
    }
}

fn argon2id() -> Result<Argon2<'static>, Unavailable> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(unavailable)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn unavailable(cause: impl std::fmt::Display) -> Unavailable {
    Unavailable::new(NAME, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So that nobody learns from an answer's time whether a client is known.
    #[test]
    fn nobodys_hash_is_as_much_work_as_everybodys() {
        let (everybodys, nobodys) = (hash("secret").unwrap().0, nobodys());
        let [everybodys, nobodys] = [&everybodys, &nobodys].map(|hash| PasswordHash::new(hash).unwrap());
        assert_eq!(nobodys.algorithm, everybodys.algorithm);
        assert_eq!(nobodys.version, everybodys.version);
        assert_eq!(nobodys.params, everybodys.params);
        let lengths = |hash: &PasswordHash| {
            (hash.salt.as_ref().map(|salt| salt.len()), hash.hash.as_ref().map(|hash| hash.len()))
        };
        assert_eq!(lengths(&nobodys), lengths(&everybodys));
    }
}
