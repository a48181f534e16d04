use super::jwks::{Jwks, JwksError};
use super::key_set::KeySet;
use super::remembered::{Genuine, Remembered, digest_of};
use super::token::UnverifiedToken;
use domain::bounds::TOKEN_BYTES_MAX;
use domain::claims::Claims;
use domain::clock::Clock;
use domain::ids::HomeRegion;
use domain::ports::Tokens;
use domain::token::{InvalidToken, TokenRefusal};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often the key set is fetched again at most, where no key fits (SPEC 2.2).
const FETCH_EVERY: Duration = Duration::from_secs(60);
/// How often it is fetched at most as long as there is none at all: until then every token is refused.
const FIRST_FETCH_EVERY: Duration = Duration::from_secs(5);
/// How long a source may take before the keys at hand have to do.
const FETCH_DEADLINE: Duration = Duration::from_secs(5);

/// The tokens port over a key set.
///
/// Keys are parsed when the set is fetched. A token that was found genuine is known again by its SHA-256, as
/// long as the set stays the same; only its times are checked each time.
pub struct Verifier {
    source: Box<dyn Jwks>,
    clock: Arc<dyn Clock>,
    known_homes: Vec<HomeRegion>,
    trusted: RwLock<Arc<Trusted>>,
    fetched: Mutex<Option<Duration>>,
    /// One fetch at a time; whoever finds no key meanwhile waits for it, and then looks again.
    fetching: Semaphore,
}

/// A key set with what was found genuine by it.
#[derive(Default)]
struct Trusted {
    document: Option<Value>,
    keys: KeySet,
    remembered: Remembered,
}

impl Verifier {
    /// A verifier by the keys of `source`, which are first fetched when a token comes. Tokens whose home
    /// region is not among `known_homes` are forbidden.
    #[must_use]
    pub fn new(source: impl Jwks, clock: Arc<dyn Clock>, known_homes: Vec<HomeRegion>) -> Self {
        Self {
            source: Box::new(source),
            clock,
            known_homes,
            trusted: RwLock::default(),
            fetched: Mutex::new(None),
            fetching: Semaphore::new(1),
        }
    }

    /// Fetches the key set before any token comes, so that a wrong place shows at the start. Returns how many
    /// keys may verify tokens. Where that fails, it is tried again as tokens come.
    ///
    /// # Errors
    /// [`JwksError`], and the keys stay as they were.
    pub async fn load(&self) -> Result<usize, JwksError> {
        *self.fetched.lock() = Some(self.clock.monotonic());
        let document = self.source.fetch().await?;
        if self.trusted().document.as_ref() != Some(&document) {
            let malformed = |cause| JwksError::Malformed { place: self.source.place(), cause };
            let keys = KeySet::parse(&document).map_err(malformed)?;
            let remembered = Remembered::default();
            *self.trusted.write() = Arc::new(Trusted { document: Some(document), keys, remembered });
        }
        Ok(self.trusted().keys.len())
    }

    fn trusted(&self) -> Arc<Trusted> {
        self.trusted.read().clone()
    }

    /// The keys by which `token` is genuine.
    async fn check(&self, token: &UnverifiedToken<'_>) -> Result<Arc<Trusted>, InvalidToken> {
        let trusted = self.trusted();
        let Err(refusal) = trusted.keys.check(token) else { return Ok(trusted) };
        let newer = self.newer_than(&trusted).await.ok_or(refusal)?;
        newer.keys.check(token)?;
        Ok(newer)
    }

    /// Another key set than `tried`, if there is one; fetches it unless that was done within the minute.
    async fn newer_than(&self, tried: &Arc<Trusted>) -> Option<Arc<Trusted>> {
        let _turn = self.fetching.acquire().await.ok()?;
        if Arc::ptr_eq(&self.trusted(), tried) && self.may_fetch() {
            match tokio::time::timeout(FETCH_DEADLINE, self.load()).await {
                Ok(Ok(keys)) => tracing::info!(keys, "fetched the key set"),
                Ok(Err(error)) => tracing::warn!(%error, "the key set stays as it was"),
                Err(_) => tracing::warn!("the key set stays as it was: its source takes too long"),
            }
        }
        Some(self.trusted()).filter(|trusted| !Arc::ptr_eq(trusted, tried))
    }

    fn may_fetch(&self) -> bool {
        let every = if self.trusted().document.is_some() { FETCH_EVERY } else { FIRST_FETCH_EVERY };
        let since = |fetched: Duration| self.clock.monotonic().saturating_sub(fetched);
        self.fetched.lock().is_none_or(|fetched| since(fetched) >= every)
    }
}

#[async_trait::async_trait]
impl Tokens for Verifier {
    async fn verify(&self, jwt: &str, now_unix_ms: u64) -> Result<Arc<Claims>, TokenRefusal> {
        if jwt.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken::Malformed.into());
        }
        let now_unix_s = now_unix_ms / 1000;
        let digest = digest_of(jwt);
        let known = self.trusted().remembered.find(&digest);
        if let Some(verdict) = known.and_then(|genuine| genuine.verdict(now_unix_s)) {
            return verdict;
        }
        let token = UnverifiedToken::parse(jwt)?;
        let trusted = self.check(&token).await?;
        let genuine = Arc::new(Genuine::read(&token, now_unix_s, &self.known_homes)?);
        trusted.remembered.insert(digest, genuine.clone());
        genuine.reading()
    }
}
