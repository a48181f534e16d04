use super::app_meter::{AppMeter, HourMeter};
use super::room::{NoRoom, Room};
use super::{Endpoint, UsageCounts};
use crate::bounds::USAGE_LATE_MAX_HOURS;
use crate::calendar::Hour;
use crate::ids::AppKey;
use crate::ledger::Totals;
use crate::ports::UsageAdd;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one process has counted of some apps and not yet written down, and what it needs to write it down exactly once.
///
/// A state machine without I/O: counts in, [`Meter::due`] additions out, their outcomes in. An addition whose answer was lost is
/// due again, unchanged, until its outcome is known; what is counted meanwhile follows it.
#[derive(Debug)]
pub(super) struct Meter {
    room: Arc<Room>,
    apps: BTreeMap<AppKey, AppMeter>,
    /// The longest time that is summed up at once, in milliseconds.
    pub(super) gap_max_ms: u64,
    /// The sequence number of the last addition.
    sequence: u64,
    /// Whose addition was the last that somebody began to write down.
    begun: Option<AppKey>,
    unwritten: u64,
    lost: u64,
    written: Written,
}

/// An addition that is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// Above that of every earlier addition to this app, but for a repeat of the very same one.
    pub(super) sequence: u64,
    /// What is added.
    pub(super) add: UsageAdd,
}

/// What a process has written down since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Additions.
    pub additions: u64,
    /// Requests in them.
    pub requests: u64,
    /// Those of them that were ops, refused ones included.
    pub ops: u64,
}

impl Meter {
    /// A meter of some apps, which takes room beside others.
    pub(super) fn beside(room: Arc<Room>) -> Self {
        Self {
            room,
            apps: BTreeMap::new(),
            gap_max_ms: USAGE_LATE_MAX_HOURS * 60 * 60 * 1000,
            sequence: 0,
            begun: None,
            unwritten: 0,
            lost: 0,
            written: Written::default(),
        }
    }

    /// Counts so many requests.
    pub(super) fn count(
        &mut self,
        app: &AppKey,
        hour: Hour,
        endpoint: Endpoint,
        requests: u64,
        count: impl FnOnce(&mut UsageCounts),
    ) {
        match self.hour(app, hour) {
            Ok(hour) => {
                count(hour.fresh.of_mut(endpoint));
                self.unwritten = self.unwritten.saturating_add(requests);
            }
            Err(NoRoom) => self.lost = self.lost.saturating_add(requests),
        }
    }

    /// So many more connections and documents of `app` are held here, or fewer.
    pub(super) fn held(&mut self, app: &AppKey, now_unix_ms: u64, connections: i64, documents: i64) {
        if let Ok(meter) = metered(&mut self.apps, &self.room, app) {
            meter.sum_up(now_unix_ms, self.gap_max_ms, &self.room);
            meter.change(connections, documents);
        }
    }

    /// The totals of `app` over all nodes were seen to be these.
    pub(super) fn saw(&mut self, app: &AppKey, hour: Hour, totals: Totals) {
        // A peak that there is no room for is lost with the requests.
        if let Ok(hour) = self.hour(app, hour) {
            hour.saw(totals);
        }
    }

    /// Apps of which something is held here, and whose totals nobody has seen in this hour.
    pub(super) fn unseen(&self, hour: Hour) -> impl Iterator<Item = AppKey> {
        let unseen = self.apps.iter().filter(move |(_, meter)| meter.is_unseen(hour));
        unseen.map(|(app, _)| app.clone())
    }

    /// Sums up what is held, gives up what is too late, and forgets who is not needed.
    pub(super) fn sum_up(&mut self, now_unix_ms: u64) {
        let this_hour = Hour::of_unix_ms(now_unix_ms);
        let mut lost: u64 = 0;
        self.apps.retain(|app, meter| {
            meter.sum_up(now_unix_ms, self.gap_max_ms, &self.room);
            lost = lost.saturating_add(meter.forget(this_hour, &self.room));
            if !meter.is_needed() {
                self.room.give_app(app);
            }
            meter.is_needed()
        });
        self.unwritten = self.unwritten.saturating_sub(lost);
        self.lost = self.lost.saturating_add(lost);
    }

    /// What is to be written down: of each hour first what was sent and not answered, as it was. Begins behind the app that
    /// the last of it was begun for, so that a log that never takes all has everybody's in turn.
    pub(super) fn due(&mut self) -> Vec<Due> {
        let mut due = Vec::new();
        for (app, meter) in &mut self.apps {
            due.extend(meter.due(&mut self.sequence).map(|(hour, sequence, usage)| Due {
                sequence,
                add: UsageAdd { app: app.clone(), hour, usage },
            }));
        }
        let begun = due.partition_point(|due| self.begun.as_ref().is_some_and(|begun| due.add.app <= *begun));
        due.rotate_left(begun);
        due
    }

    /// An addition is about to be written down.
    pub(super) fn begin(&mut self, due: &Due) {
        self.begun = Some(due.add.app.clone());
    }

    /// An addition is written down.
    pub(super) fn written(&mut self, due: &Due) {
        let hour = self.apps.get_mut(&due.add.app).and_then(|meter| meter.known_hour(due.add.hour));
        let Some(usage) = hour.and_then(|hour| hour.written(due.sequence)) else { return };
        self.unwritten = self.unwritten.saturating_sub(usage.requests());
        self.written.add(&Written {
            additions: 1,
            requests: usage.requests(),
            ops: usage.of(Endpoint::Ops).requests,
        });
    }

    /// Requests that are counted and not yet known to be written down.
    pub(super) fn unwritten(&self) -> u64 {
        self.unwritten
    }

    /// Requests that were counted and never will be written down.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// What is known to be written down.
    pub(super) fn sums(&self) -> Written {
        self.written
    }

    fn hour(&mut self, app: &AppKey, hour: Hour) -> Result<&mut HourMeter, NoRoom> {
        metered(&mut self.apps, &self.room, app)?.hour(hour, &self.room)
    }
}

impl Written {
    /// Adds what else was written down.
    pub(super) fn add(&mut self, more: &Self) {
        self.additions = self.additions.saturating_add(more.additions);
        self.requests = self.requests.saturating_add(more.requests);
        self.ops = self.ops.saturating_add(more.ops);
    }
}

/// The meter of an app, which begins if there is room.
fn metered<'a>(
    apps: &'a mut BTreeMap<AppKey, AppMeter>,
    room: &Room,
    app: &AppKey,
) -> Result<&'a mut AppMeter, NoRoom> {
    if !apps.contains_key(app) {
        room.take_app(app)?;
        apps.insert(app.clone(), AppMeter::default());
    }
    apps.get_mut(app).ok_or(NoRoom)
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
