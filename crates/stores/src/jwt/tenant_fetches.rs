use super::fetched_set::{Ask, Source};
use super::jwks::JwksError;
use super::key_set::KeySet;
use super::moment::Moment;
use super::tenant_jwks::TenantJwks;
use domain::bounds::STRANGERS_ASKED_FOR;
use domain::clock::Clock;
use domain::ids::TenantId;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Key sets of known tenants that are fetched at once, and of tenants never heard of, who have as many places of their own.
pub(super) const FETCHES_MAX: usize = 8;

/// How the source of all tenants' key sets is asked: no more than it bears, whoever is named.
pub(super) struct TenantFetches {
    source: Arc<dyn TenantJwks>,
    clock: Arc<dyn Clock>,
    known: Semaphore,
    strangers: Semaphore,
    allowance: Mutex<Allowance>,
}

/// The key set of one tenant.
pub(super) struct OfTenant {
    tenant: TenantId,
    fetches: Arc<TenantFetches>,
}

/// A bucket that leaks: so many at once, and so many a second from then on.
struct Allowance {
    /// The time that what was taken makes up for, as of `since`.
    owed: Duration,
    since: Moment,
}

impl TenantFetches {
    pub(super) fn new(source: Arc<dyn TenantJwks>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let allowance = Mutex::new(Allowance { owed: Duration::ZERO, since: Moment::of(&*clock) });
        let places = || Semaphore::new(FETCHES_MAX);
        Arc::new(Self { source, clock, known: places(), strangers: places(), allowance })
    }

    pub(super) fn of(self: &Arc<Self>, tenant: &TenantId) -> OfTenant {
        OfTenant { tenant: tenant.clone(), fetches: self.clone() }
    }
}

impl Allowance {
    /// Takes one, unless too many were taken of late.
    fn take(&mut self, now: Moment) -> bool {
        let (at_once, a_second) = STRANGERS_ASKED_FOR;
        let each = Duration::from_secs(1) / a_second;
        let owed = self.owed.saturating_sub(now.since(self.since)) + each;
        let may = owed <= each * at_once;
        if may {
            (self.owed, self.since) = (owed, now);
        }
        may
    }
}

#[async_trait::async_trait]
impl Source for OfTenant {
    /// A tenant that was never heard of is not asked for where too many such were named: it may have keys.
    async fn fetch(&self, ask: Ask) -> Result<Option<Value>, JwksError> {
        let fetches = &self.fetches;
        let places = match ask {
            Ask::Again => &fetches.known,
            Ask::First if fetches.allowance.lock().take(Moment::of(&*fetches.clock)) => &fetches.strangers,
            Ask::First => return Err(self.unreadable("too many tenants are named that were never heard of")),
        };
        let _place = places.acquire().await.map_err(|_| self.unreadable("it is closed"))?;
        fetches.source.fetch(&self.tenant).await
    }

    /// Without symmetric keys: what everybody reads is no secret.
    fn parse(&self, document: &Value) -> Result<KeySet, String> {
        KeySet::parse(document).map(KeySet::without_secrets)
    }

    fn place(&self) -> String {
        format!("of {} in {}", self.tenant, self.fetches.source.place())
    }
}

impl OfTenant {
    fn unreadable(&self, cause: &str) -> JwksError {
        JwksError::Unreadable { place: self.place(), cause: cause.to_owned() }
    }
}
