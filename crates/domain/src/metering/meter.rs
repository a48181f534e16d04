use super::level::Level;
use super::{AppUsage, Endpoint, Levels, Reason, UsageCounts};
use crate::bounds::{METERED_APPS_MAX, USAGE_LATE_MAX_HOURS};
use crate::calendar::Hour;
use crate::ids::AppKey;
use crate::ledger::Totals;
use crate::ports::UsageAdd;
use std::collections::BTreeMap;
use std::time::Duration;

/// What one process has counted and not yet written down, and what it needs to write it down exactly once.
///
/// A state machine without I/O: counts in, [`Meter::due`] additions out, their outcomes in. An addition whose answer was lost is
/// due again, unchanged, until its outcome is known; what is counted meanwhile follows it.
#[derive(Debug, Default)]
pub struct Meter {
    apps: BTreeMap<AppKey, AppMeter>,
    /// The sequence number of the last addition.
    sequence: u64,
    lost: u64,
}

/// An addition that is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Above that of every earlier addition of this meter, but for a repeat of the very same one.
    pub sequence: u64,
    /// What is added.
    pub add: UsageAdd,
}

#[derive(Debug, Default)]
struct AppMeter {
    hours: BTreeMap<Hour, HourMeter>,
    level: Level,
}

#[derive(Debug, Default)]
struct HourMeter {
    /// Counted since the last addition was made.
    fresh: AppUsage,
    /// An addition whose outcome is not known.
    sent: Option<(u64, AppUsage)>,
    /// The highest totals that were seen in this hour.
    peaks: Levels,
    /// Whether the totals of this hour were ever seen.
    is_seen: bool,
}

impl Meter {
    /// Counts a request of `app`: answered, or refused for a reason.
    pub fn count(
        &mut self,
        app: &AppKey,
        hour: Hour,
        endpoint: Endpoint,
        refused: Option<Reason>,
        took: Duration,
    ) {
        self.fresh(app, hour, 1, |usage| match refused {
            Some(reason) => usage.of_mut(endpoint).refused(reason, took),
            None => usage.of_mut(endpoint).answered(1, took),
        });
    }

    /// Counts what was gathered elsewhere.
    pub fn gathered(&mut self, app: &AppKey, hour: Hour, endpoint: Endpoint, counts: &UsageCounts) {
        if !counts.is_empty() {
            self.fresh(app, hour, counts.requests, |usage| usage.of_mut(endpoint).add(counts));
        }
    }

    /// So many more connections and documents of `app` are held here, or fewer.
    pub fn held(&mut self, app: &AppKey, now_unix_ms: u64, connections: i64, documents: i64) {
        if let Some(meter) = self.app(app) {
            meter.sum_up(now_unix_ms);
            meter.level.change(connections, documents);
        }
    }

    /// The totals of `app` over all nodes were seen to be these.
    pub fn saw(&mut self, app: &AppKey, hour: Hour, totals: Totals) {
        let Some(meter) = self.app(app) else { return };
        let hour = meter.hours.entry(hour).or_default();
        hour.is_seen = true;
        let (connections_peak, documents_peak) = (totals.connections, totals.documents);
        hour.peaks.add(&Levels { connections_peak, documents_peak, ..Levels::default() });
        if hour.peaks.connections_peak > 0 || hour.peaks.documents_peak > 0 {
            hour.fresh.levels.add(&hour.peaks);
        }
    }

    /// Apps of which something is held here, and whose totals nobody has seen in this hour: somebody ought to look.
    #[must_use]
    pub fn unseen(&self, hour: Hour) -> Vec<AppKey> {
        let is_unseen = |meter: &AppMeter| {
            meter.level.is_held() && !meter.hours.get(&hour).is_some_and(|hour| hour.is_seen)
        };
        self.apps.iter().filter(|(_, meter)| is_unseen(meter)).map(|(app, _)| app.clone()).collect()
    }

    /// What is to be written down: first what was sent and not answered, as it was. What is later than
    /// [`USAGE_LATE_MAX_HOURS`] is given up, and counts as [`Meter::lost`].
    pub fn due(&mut self, now_unix_ms: u64) -> Vec<Due> {
        let this_hour = Hour::of_unix_ms(now_unix_ms);
        let mut due = Vec::new();
        for (app, meter) in &mut self.apps {
            meter.sum_up(now_unix_ms);
            self.lost = self.lost.saturating_add(meter.give_up(this_hour));
            for (hour, counted) in &mut meter.hours {
                if let Some((sequence, usage)) = counted.next(&mut self.sequence) {
                    let add = UsageAdd { app: app.clone(), hour: *hour, usage };
                    due.push(Due { sequence, add });
                }
            }
        }
        self.apps.retain(|_, meter| meter.is_needed());
        due
    }

    /// An addition is written down.
    pub fn written(&mut self, due: &Due) {
        let hour = self.apps.get_mut(&due.add.app).and_then(|meter| meter.hours.get_mut(&due.add.hour));
        if let Some(hour) = hour
            && hour.sent.as_ref().is_some_and(|(sequence, _)| *sequence == due.sequence)
        {
            hour.sent = None;
        }
    }

    /// Requests that are counted and not yet known to be written down.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        let hours = self.apps.values().flat_map(|meter| meter.hours.values());
        hours.fold(0, |sum, hour| sum.saturating_add(hour.unwritten()))
    }

    /// Requests that were counted and never will be written down: there were too many apps, or the log did not answer for
    /// too long.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn fresh(&mut self, app: &AppKey, hour: Hour, requests: u64, count: impl FnOnce(&mut AppUsage)) {
        match self.app(app) {
            Some(meter) => count(&mut meter.hours.entry(hour).or_default().fresh),
            None => self.lost = self.lost.saturating_add(requests),
        }
    }

    /// `None` where there are too many others.
    fn app(&mut self, app: &AppKey) -> Option<&mut AppMeter> {
        if !self.apps.contains_key(app) {
            if self.apps.len() >= METERED_APPS_MAX {
                return None;
            }
            self.apps.insert(app.clone(), AppMeter::default());
        }
        self.apps.get_mut(app)
    }
}

impl AppMeter {
    fn sum_up(&mut self, now_unix_ms: u64) {
        let Self { level, hours } = self;
        level.sum_up(now_unix_ms, USAGE_LATE_MAX_HOURS, |hour, levels| {
            hours.entry(hour).or_default().fresh.levels.add(&levels);
        });
    }

    /// Drops what is too late, and what of earlier hours is done. Returns the requests that are lost by that.
    fn give_up(&mut self, this_hour: Hour) -> u64 {
        let mut lost: u64 = 0;
        self.hours.retain(|hour, counted| {
            let is_late = hour.plus(USAGE_LATE_MAX_HOURS) < this_hour;
            if is_late {
                lost = lost.saturating_add(counted.unwritten());
            }
            let is_done = *hour < this_hour && counted.sent.is_none() && counted.fresh.is_empty();
            !is_late && !is_done
        });
        lost
    }

    fn is_needed(&self) -> bool {
        self.level.is_held() || !self.hours.is_empty()
    }
}

impl HourMeter {
    /// The addition that is due.
    fn next(&mut self, sequence: &mut u64) -> Option<(u64, AppUsage)> {
        if self.sent.is_none() && !self.fresh.is_empty() {
            *sequence += 1;
            self.sent = Some((*sequence, std::mem::take(&mut self.fresh)));
        }
        self.sent.clone()
    }

    fn unwritten(&self) -> u64 {
        let sent = self.sent.as_ref().map_or(0, |(_, usage)| usage.total(None).requests);
        sent.saturating_add(self.fresh.total(None).requests)
    }
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
