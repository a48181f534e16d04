use domain::alerts::EventKind;
use domain::bounds::ALERTED_MONTHS_MAX;
use domain::calendar::{Day, Month};
use domain::ids::AppKey;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What runs of one process know of apps' months. Where it is lost, it is found again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    months: Mutex<HashMap<(AppKey, Month), Known>>,
    /// A run of this process has looked at apps.
    has_looked: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct Known {
    raised: BTreeSet<EventKind>,
    settled: Option<Settled>,
}

/// Requests of the days of a month that are rolled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// The day after the last of them.
    pub(super) before: Day,
    pub(super) requests: u64,
}

impl Memory {
    /// Whether this is the first time that it is asked.
    pub(super) fn is_first_look(&self) -> bool {
        !self.has_looked.swap(true, Ordering::Relaxed)
    }

    /// Forgets all months but these.
    pub(super) fn keep(&self, months: &[Month]) {
        self.months().retain(|(_, month), _| months.contains(month));
    }

    /// Whether all that there is to tell of an app's month was raised.
    pub(super) fn is_all_raised(&self, app: &AppKey, month: Month) -> bool {
        EventKind::ALL.into_iter().all(|kind| self.is_raised(app, month, kind))
    }

    pub(super) fn is_raised(&self, app: &AppKey, month: Month, kind: EventKind) -> bool {
        self.months().get(&(app.clone(), month)).is_some_and(|known| known.raised.contains(&kind))
    }

    pub(super) fn raised(&self, app: &AppKey, month: Month, kind: EventKind) {
        self.change(app, month, |known| {
            known.raised.insert(kind);
        });
    }

    pub(super) fn settled(&self, app: &AppKey, month: Month) -> Option<Settled> {
        self.months().get(&(app.clone(), month)).and_then(|known| known.settled)
    }

    pub(super) fn settles(&self, app: &AppKey, month: Month, settled: Settled) {
        self.change(app, month, |known| known.settled = Some(settled));
    }

    /// A month that there is no room for stays unknown.
    fn change(&self, app: &AppKey, month: Month, change: impl FnOnce(&mut Known)) {
        let (mut months, key) = (self.months(), (app.clone(), month));
        if months.len() < ALERTED_MONTHS_MAX || months.contains_key(&key) {
            change(months.entry(key).or_default());
        }
    }

    fn months(&self) -> MutexGuard<'_, HashMap<(AppKey, Month), Known>> {
        self.months.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{AppId, TenantId};

    fn app(n: usize) -> AppKey {
        let (tenant, app) = (TenantId::parse("t").unwrap(), AppId::parse(&format!("a-{n}")).unwrap());
        AppKey { tenant, app }
    }

    #[test]
    fn no_more_months_are_known_than_there_is_room_for() {
        let (memory, march) = (Memory::default(), Month::parse("2026-03").unwrap());
        for n in 0..=ALERTED_MONTHS_MAX {
            memory.raised(&app(n), march, EventKind::LimitReached);
        }
        let is_raised = |n| memory.is_raised(&app(n), march, EventKind::LimitReached);
        assert!(is_raised(0) && is_raised(ALERTED_MONTHS_MAX - 1) && !is_raised(ALERTED_MONTHS_MAX));
        memory.raised(&app(0), march, EventKind::LimitExceeded);
        assert!(memory.is_all_raised(&app(0), march) && !memory.is_all_raised(&app(1), march));
        memory.keep(&[march.next()]);
        assert!(!is_raised(0));
    }
}
