use super::jwks::{Jwks, JwksError};
use super::key_set::KeySet;
use super::token::UnverifiedToken;
use super::trusted::Trusted;
use super::{FETCH_DEADLINE, FETCH_EVERY, FIRST_FETCH_EVERY};
use domain::clock::Clock;
use domain::token::TokenRefusal;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The operator's own key set. It is fetched again where no key fits.
pub(super) struct OperatorKeys {
    source: Box<dyn Jwks>,
    clock: Arc<dyn Clock>,
    trusted: RwLock<Arc<Trusted>>,
    fetched: Mutex<Option<Duration>>,
    /// One fetch at a time; whoever finds no key meanwhile waits for it, and then looks again.
    fetching: Semaphore,
}

impl OperatorKeys {
    pub(super) fn new(source: Box<dyn Jwks>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            trusted: RwLock::default(),
            fetched: Mutex::new(None),
            fetching: Semaphore::new(1),
        }
    }

    /// Fetches the key set; how many keys may verify tokens.
    pub(super) async fn load(&self) -> Result<usize, JwksError> {
        *self.fetched.lock() = Some(self.clock.monotonic());
        let document = self.source.fetch().await?;
        if self.trusted().document.as_ref() != Some(&document) {
            let malformed = |cause| JwksError::Malformed { place: self.source.place(), cause };
            let keys = KeySet::parse(&document).map_err(malformed)?;
            *self.trusted.write() = Arc::new(Trusted { document: Some(document), keys });
        }
        Ok(self.trusted().keys.len())
    }

    /// The key set as it is known.
    pub(super) fn trusted(&self) -> Arc<Trusted> {
        self.trusted.read().clone()
    }

    /// The keys by which `token` is genuine.
    pub(super) async fn check(&self, token: &UnverifiedToken<'_>) -> Result<Arc<Trusted>, TokenRefusal> {
        let trusted = self.trusted();
        let Err(refusal) = trusted.keys.check(token) else { return Ok(trusted) };
        match self.newer_than(&trusted).await {
            Some(newer) => newer.keys.check(token).map(|()| newer).map_err(TokenRefusal::from),
            None if trusted.document.is_some() => Err(refusal.into()),
            None => Err(TokenRefusal::Unverifiable),
        }
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
