use super::key_set::KeySet;
use super::trusted::Trusted;
use super::{FETCH_EVERY, FIRST_FETCH_EVERY};
use domain::bounds::KEY_SET_SECONDS;
use domain::ids::TenantId;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How old a key set may be before it is fetched again beside its use.
const REFRESHED_AFTER: Duration = Duration::from_secs(KEY_SET_SECONDS);
/// How old it may be before whoever wants it waits for another: what was revoked is good for no longer.
const WAITED_FOR_AFTER: Duration = Duration::from_secs(3 * KEY_SET_SECONDS);

/// What is known of one tenant's keys.
pub(super) struct TenantSet {
    pub(super) tenant: TenantId,
    /// One fetch at a time; whoever finds no key meanwhile waits for it, and then looks again.
    pub(super) fetching: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None where the tenant is unknown, or nothing was fetched yet.
    trusted: Option<Arc<Trusted>>,
    /// When it was last asked for.
    asked: Option<Duration>,
    /// When it was last had.
    had: Option<Duration>,
}

/// Whether a key set may be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// It may.
    Young,
    /// It may, and another should be fetched.
    Ripe,
    /// It should not, unless there is no other to be had.
    Old,
}

impl TenantSet {
    pub(super) fn new(tenant: TenantId) -> Self {
        Self { tenant, fetching: Arc::new(Semaphore::new(1)), state: Mutex::default() }
    }

    pub(super) fn trusted(&self) -> Option<Arc<Trusted>> {
        self.state.lock().trusted.clone()
    }

    /// Whether the source has ever answered, be it that there is no such tenant.
    pub(super) fn is_told(&self) -> bool {
        self.state.lock().had.is_some()
    }

    /// How old the key set is. One that is not there is young: it is fetched when a key is wanted.
    pub(super) fn age(&self, now: Duration) -> Age {
        let state = self.state.lock();
        match state.had.filter(|_| state.trusted.is_some()).map(|had| now.saturating_sub(had)) {
            Some(age) if age >= WAITED_FOR_AFTER => Age::Old,
            Some(age) if age >= REFRESHED_AFTER => Age::Ripe,
            _ => Age::Young,
        }
    }

    /// Whether the source may be asked; if so, it counts as asked. Once a minute, also for a tenant that turned out
    /// unknown; soon again only where there was no answer so far.
    pub(super) fn may_ask(&self, now: Duration) -> bool {
        let mut state = self.state.lock();
        let every = if state.had.is_some() { FETCH_EVERY } else { FIRST_FETCH_EVERY };
        let may = state.asked.is_none_or(|asked| now.saturating_sub(asked) >= every);
        if may {
            state.asked = Some(now);
        }
        may
    }

    /// Takes in what the source has answered. Symmetric keys are left out: what everybody reads is no secret.
    ///
    /// # Errors
    /// What is wrong with the document; the keys stay as they were.
    pub(super) fn take(&self, document: Option<Value>, now: Duration) -> Result<(), String> {
        let known = self.trusted().and_then(|trusted| trusted.document.clone());
        let changed = match document {
            Some(document) if known.as_ref() == Some(&document) => self.trusted(),
            Some(document) => {
                let keys = KeySet::parse(&document)?.without_secrets();
                Some(Arc::new(Trusted { document: Some(document), keys }))
            }
            None => None,
        };
        let mut state = self.state.lock();
        (state.trusted, state.had) = (changed, Some(now));
        Ok(())
    }
}
