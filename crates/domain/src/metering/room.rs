use crate::bounds::{METERED_APPS_MAX, METERED_APPS_OF_TENANT_MAX, METERED_HOURS_MAX};
use crate::ids::{AppKey, TenantId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many apps and hours one process meters, and how many of them are each tenant's.
#[derive(Debug, Default)]
pub(super) struct Room(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    apps: usize,
    of_tenants: HashMap<TenantId, usize>,
    hours: usize,
}

/// There are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Room {
    /// One more app is metered, if there is room for it.
    pub(super) fn take_app(&self, app: &AppKey) -> Result<(), NoRoom> {
        let mut taken = self.taken();
        let of_tenant = taken.of_tenants.get(&app.tenant).copied().unwrap_or(0);
        if taken.apps >= METERED_APPS_MAX || of_tenant >= METERED_APPS_OF_TENANT_MAX {
            return Err(NoRoom);
        }
        taken.apps += 1;
        taken.of_tenants.insert(app.tenant.clone(), of_tenant + 1);
        Ok(())
    }

    /// An app that had room is forgotten.
    pub(super) fn give_app(&self, app: &AppKey) {
        let mut taken = self.taken();
        taken.apps = taken.apps.saturating_sub(1);
        match taken.of_tenants.get_mut(&app.tenant) {
            Some(of_tenant) if *of_tenant > 1 => *of_tenant -= 1,
            _ => drop(taken.of_tenants.remove(&app.tenant)),
        }
    }

    /// One more hour of an app is metered, if there is room for it.
    pub(super) fn take_hour(&self) -> Result<(), NoRoom> {
        let mut taken = self.taken();
        if taken.hours >= METERED_HOURS_MAX {
            return Err(NoRoom);
        }
        taken.hours += 1;
        Ok(())
    }

    /// An hour that had room is forgotten.
    pub(super) fn give_hour(&self) {
        let mut taken = self.taken();
        taken.hours = taken.hours.saturating_sub(1);
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
