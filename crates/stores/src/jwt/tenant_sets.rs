use super::FETCH_DEADLINE;
use super::generations::Generations;
use super::tenant_jwks::TenantJwks;
use super::tenant_set::{Age, TenantSet};
use super::token::UnverifiedToken;
use super::trusted::Trusted;
use domain::clock::Clock;
use domain::ids::TenantId;
use domain::token::{InvalidToken, TokenRefusal};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Tenants whose keys are held, in each of two generations.
const TENANTS_MAX: usize = 4096;
/// Tenants that are remembered as unknown, in each of two generations: anybody can name any.
const UNKNOWN_MAX: usize = 8192;
/// Key sets that are fetched at once.
const FETCHES_MAX: usize = 8;
/// How often it is said at most that keys can't be fetched.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// The key sets of tenants, fetched as they are wanted.
pub(super) struct TenantSets {
    source: Arc<dyn TenantJwks>,
    clock: Arc<dyn Clock>,
    known: Mutex<Generations<TenantId, Arc<TenantSet>>>,
    unknown: Mutex<Generations<TenantId, Arc<TenantSet>>>,
    fetches: Semaphore,
    warned: Mutex<Option<Duration>>,
}

impl TenantSets {
    pub(super) fn new(source: Arc<dyn TenantJwks>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            source,
            clock,
            known: Mutex::new(Generations::new(TENANTS_MAX)),
            unknown: Mutex::new(Generations::new(UNKNOWN_MAX)),
            fetches: Semaphore::new(FETCHES_MAX),
            warned: Mutex::default(),
        })
    }

    /// The keys of `tenant` by which `token` is genuine.
    pub(super) async fn check(
        self: &Arc<Self>,
        tenant: &TenantId,
        token: &UnverifiedToken<'_>,
    ) -> Result<Arc<Trusted>, TokenRefusal> {
        let set = self.set(tenant);
        let tried = self.fresh(&set).await;
        let refusal = match &tried {
            None => InvalidToken::UnknownKey,
            Some(trusted) => match trusted.keys.check(token) {
                Ok(()) => return Ok(trusted.clone()),
                Err(refusal) => refusal,
            },
        };
        match self.newer_than(&set, tried.as_ref()).await {
            Some(newer) => newer.keys.check(token).map(|()| newer).map_err(TokenRefusal::from),
            None if set.is_told() => Err(refusal.into()),
            None => Err(TokenRefusal::Unverifiable),
        }
    }

    /// The keys of `tenant` as they are known, and no older than they may be.
    pub(super) async fn current(self: &Arc<Self>, tenant: &TenantId) -> Option<Arc<Trusted>> {
        let set = self.set(tenant);
        self.fresh(&set).await
    }

    fn set(&self, tenant: &TenantId) -> Arc<TenantSet> {
        if let Some(set) = self.known.lock().find(tenant) {
            return set;
        }
        let mut unknown = self.unknown.lock();
        unknown.find(tenant).unwrap_or_else(|| {
            let set = Arc::new(TenantSet::new(tenant.clone()));
            unknown.insert(tenant.clone(), set.clone(), 1);
            set
        })
    }

    async fn fresh(self: &Arc<Self>, set: &Arc<TenantSet>) -> Option<Arc<Trusted>> {
        match set.age(self.clock.monotonic()) {
            Age::Young => {}
            Age::Ripe => self.refresh_beside(set),
            Age::Old => {
                let _turn = set.fetching.acquire().await.ok()?;
                self.ask(set).await;
            }
        }
        set.trusted()
    }

    fn refresh_beside(self: &Arc<Self>, set: &Arc<TenantSet>) {
        let Ok(turn) = set.fetching.clone().try_acquire_owned() else { return };
        let (sets, set) = (self.clone(), set.clone());
        tokio::spawn(async move {
            let _turn = turn;
            sets.ask(&set).await;
        });
    }

    /// Another key set than `tried`, if there is one; fetches it unless that was done within the minute.
    async fn newer_than(&self, set: &Arc<TenantSet>, tried: Option<&Arc<Trusted>>) -> Option<Arc<Trusted>> {
        let _turn = set.fetching.acquire().await.ok()?;
        let is_tried = |trusted: Option<&Arc<Trusted>>| trusted.map(Arc::as_ptr) == tried.map(Arc::as_ptr);
        if is_tried(set.trusted().as_ref()) {
            self.ask(set).await;
        }
        set.trusted().filter(|trusted| !is_tried(Some(trusted)))
    }

    /// Asks the source for a tenant's keys, where it may be asked. Whoever calls has the turn.
    async fn ask(&self, set: &Arc<TenantSet>) {
        if !set.may_ask(self.clock.monotonic()) {
            return;
        }
        match tokio::time::timeout(FETCH_DEADLINE, self.fetch(set)).await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => self.warn(set, &cause),
            Err(_) => self.warn(set, "their source takes too long"),
        }
    }

    async fn fetch(&self, set: &Arc<TenantSet>) -> Result<(), String> {
        let _one_of_few = self.fetches.acquire().await.map_err(|closed| closed.to_string())?;
        let document = self.source.fetch(&set.tenant).await.map_err(|error| error.to_string())?;
        let is_known = document.is_some();
        set.take(document, self.clock.monotonic())?;
        if is_known {
            self.known.lock().insert(set.tenant.clone(), set.clone(), 1);
        }
        Ok(())
    }

    fn warn(&self, set: &TenantSet, cause: &str) {
        let now = self.clock.monotonic();
        let mut warned = self.warned.lock();
        if warned.is_none_or(|warned| now.saturating_sub(warned) >= WARN_EVERY) {
            *warned = Some(now);
            tracing::warn!(tenant = %set.tenant, cause, "a tenant's keys stay as they were");
        }
    }
}
