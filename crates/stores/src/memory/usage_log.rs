use crate::usage::Parts;
use domain::bounds::USAGE_KEPT_DAYS;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::AppUsage;
use domain::ports::{Resolution, Span, Unavailable, UsageAdd, UsageLog, UsageStanding, Writer};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Counted usage, in memory.
#[derive(Debug, Default)]
pub struct MemoryUsageLog {
    apps: Mutex<BTreeMap<AppKey, AppLog>>,
}

#[derive(Debug, Default)]
struct AppLog {
    hours: BTreeMap<Hour, HourLog>,
    days: BTreeMap<Day, AppUsage>,
    rolled_up_to: Option<Day>,
    last: Option<Hour>,
}

#[derive(Debug, Default)]
struct HourLog {
    usage: AppUsage,
    /// The sequence number of each writer's last addition.
    writers: HashMap<Writer, u64>,
}

impl MemoryUsageLog {
    /// A log in which nothing is counted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl UsageLog for MemoryUsageLog {
    async fn add(&self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Unavailable> {
        let mut apps = self.apps.lock();
        apps.entry(add.app.clone()).or_default().add(writer, sequence, add);
        Ok(())
    }

    async fn read(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        let apps = self.apps.lock();
        Ok(apps.get(app).map(|log| log.read(from, to, resolution)).unwrap_or_default())
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        let apps = self.apps.lock();
        Ok(apps.keys().filter(|app| app.tenant == *tenant).map(|app| app.app.clone()).collect())
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        let apps = self.apps.lock();
        let standing = |(app, log): (&AppKey, &AppLog)| UsageStanding {
            app: app.clone(),
            rolled_up_to: log.rolled_up_to.unwrap_or(Day(0)),
            last: log.last.unwrap_or(Hour(0)),
        };
        Ok(apps.iter().map(standing).collect())
    }

    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        if let Some(log) = self.apps.lock().get_mut(app) {
            log.roll_up(before);
        }
        Ok(())
    }
}

impl AppLog {
    fn add(&mut self, writer: Writer, sequence: u64, add: &UsageAdd) {
        let hour = self.hours.entry(add.hour).or_default();
        let last = hour.writers.entry(writer).or_default();
        if sequence > *last {
            *last = sequence;
            hour.usage.add(&add.usage);
        }
        let day = add.hour.day();
        if self.rolled_up_to > Some(day) {
            self.rolled_up_to = Some(day);
        }
        if self.last < Some(add.hour) {
            self.last = Some(add.hour);
            self.drop_old();
        }
    }

    /// Drops what no report goes back to. One day may be that of a wrong clock, so that the one before it counts.
    fn drop_old(&mut self) {
        let newest = self.last.unwrap_or(Hour(0)).day();
        let Some((before, _)) = self.hours.range(..newest.first_hour()).next_back() else { return };
        let oldest = before.day().minus(USAGE_KEPT_DAYS + 1);
        self.days = self.days.split_off(&oldest);
        self.hours = self.hours.split_off(&oldest.first_hour());
    }

    fn read(&self, from: Hour, to: Hour, resolution: Resolution) -> Vec<(Span, AppUsage)> {
        let parts = Parts::of(from, to, resolution, self.rolled_up_to.unwrap_or(Day(0)));
        let hours = |hours: Range<Hour>| {
            self.hours.range(hours).map(|(hour, log)| (Span { from: *hour, hours: 1 }, log.usage.clone()))
        };
        let days = self.days.range(parts.days);
        let days = days.map(|(day, usage)| (Span { from: day.first_hour(), hours: 24 }, usage.clone()));
        hours(parts.before).chain(days).chain(hours(parts.after)).collect()
    }

    fn roll_up(&mut self, before: Day) {
        let from = self.rolled_up_to.unwrap_or(Day(0));
        if from >= before {
            return;
        }
        self.days.split_off(&from);
        for (hour, log) in self.hours.range(from.first_hour()..before.first_hour()) {
            self.days.entry(hour.day()).or_default().add(&log.usage);
        }
        self.rolled_up_to = Some(before);
    }
}
