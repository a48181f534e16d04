use super::fetched_set::{FetchedSet, Refresh};
use super::generations::Generations;
use super::tenant_fetches::TenantFetches;
use super::tenant_jwks::TenantJwks;
use super::token::UnverifiedToken;
use super::trusted::Trusted;
use super::warnings::Warnings;
use domain::clock::Clock;
use domain::ids::TenantId;
use domain::token::TokenRefusal;
use parking_lot::Mutex;
use std::sync::Arc;

/// Tenants whose keys are held, in each of two generations.
const KNOWN_MAX: usize = 4096;
/// Tenants that are remembered as unknown, in each of two generations: anybody can name any.
const UNKNOWN_MAX: usize = 8192;

/// The key sets of tenants, fetched as they are wanted.
pub(super) struct TenantSets {
    fetches: Arc<TenantFetches>,
    clock: Arc<dyn Clock>,
    known: Mutex<Generations<TenantId, Arc<FetchedSet>>>,
    unknown: Mutex<Generations<TenantId, Arc<FetchedSet>>>,
    warnings: Arc<Warnings>,
}

impl TenantSets {
    pub(super) fn new(source: Arc<dyn TenantJwks>, clock: Arc<dyn Clock>) -> Self {
        Self {
            fetches: TenantFetches::new(source, clock.clone()),
            clock,
            known: Mutex::new(Generations::new(KNOWN_MAX)),
            unknown: Mutex::new(Generations::new(UNKNOWN_MAX)),
            warnings: Arc::default(),
        }
    }

    /// The keys of `tenant` by which `token` is genuine.
    pub(super) async fn check(
        &self,
        tenant: &TenantId,
        token: &UnverifiedToken<'_>,
        refresh: Refresh,
    ) -> Result<Arc<Trusted>, TokenRefusal> {
        let set = self.set(tenant);
        let checked = set.check(token, refresh).await;
        self.settle(tenant, &set);
        checked
    }

    /// The keys of `tenant` as they are known, and no older than they may be.
    pub(super) async fn current(&self, tenant: &TenantId, refresh: Refresh) -> Option<Arc<Trusted>> {
        self.set(tenant).current(refresh).await
    }

    fn set(&self, tenant: &TenantId) -> Arc<FetchedSet> {
        if let Some(set) = self.known.lock().find(tenant) {
            return set;
        }
        let mut unknown = self.unknown.lock();
        unknown.find(tenant).unwrap_or_else(|| {
            let source = Box::new(self.fetches.of(tenant));
            let set = FetchedSet::new(source, self.clock.clone(), self.warnings.clone());
            unknown.insert(tenant.clone(), set.clone(), 1);
            set
        })
    }

    /// Keeps a tenant that has keys where those who are only named can't push it out.
    fn settle(&self, tenant: &TenantId, set: &Arc<FetchedSet>) {
        let mut known = self.known.lock();
        if set.has_keys() && known.find(tenant).is_none() {
            known.insert(tenant.clone(), set.clone(), 1);
        }
    }
}
