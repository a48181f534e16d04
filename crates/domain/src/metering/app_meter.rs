use super::level::Level;
use super::room::{NoRoom, Room};
use super::{AppUsage, Levels};
use crate::bounds::USAGE_LATE_MAX_HOURS;
use crate::calendar::Hour;
use crate::ledger::Totals;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How often in a row an hour is found to be too late until it is given up. A clock that leaps ahead for some minutes, and
/// back, loses nothing.
const FOUND_LATE_MAX: u32 = 5;

/// What one process has counted of an app and not written down.
#[derive(Debug, Default)]
pub(super) struct AppMeter {
    /// Boxed: an app mostly has one or two, and a map keeps room for eleven.
    hours: BTreeMap<Hour, Box<HourMeter>>,
    level: Level,
}

/// What one process has counted of an app in an hour.
#[derive(Debug, Default)]
pub(super) struct HourMeter {
    /// Counted since the last addition was made.
    pub(super) fresh: AppUsage,
    /// An addition whose outcome is not known.
    sent: Option<(u64, AppUsage)>,
    /// The highest totals that were seen in this hour.
    peaks: Levels,
    /// Whether the totals of this hour were ever seen.
    is_seen: bool,
    /// How often in a row it was found to be too late.
    found_late: u32,
}

impl AppMeter {
    /// What is counted in an hour, which begins if there is room.
    pub(super) fn hour(&mut self, hour: Hour, room: &Room) -> Result<&mut HourMeter, NoRoom> {
        match self.hours.entry(hour) {
            Entry::Occupied(hour) => Ok(hour.into_mut()),
            Entry::Vacant(hour) => {
                room.take_hour()?;
                Ok(hour.insert(Box::default()))
            }
        }
    }

    /// What is counted in an hour, if anything ever was.
    pub(super) fn known_hour(&mut self, hour: Hour) -> Option<&mut HourMeter> {
        self.hours.get_mut(&hour).map(|hour| &mut **hour)
    }

    /// Sums up what is held. Where there is no room for an hour, the time is left out.
    pub(super) fn sum_up(&mut self, now_unix_ms: u64, gap_max_ms: u64, room: &Room) {
        let mut level = self.level;
        level.sum_up(now_unix_ms, gap_max_ms, |hour, levels| {
            if let Ok(hour) = self.hour(hour, room) {
                hour.fresh.levels.add(&levels);
            }
        });
        self.level = level;
    }

    /// So many more, or fewer, are held.
    pub(super) fn change(&mut self, connections: i64, documents: i64) {
        self.level.change(connections, documents);
    }

    /// Whether something is held, and nobody has seen the totals in this hour.
    pub(super) fn is_unseen(&self, hour: Hour) -> bool {
        self.level.is_held() && !self.hours.get(&hour).is_some_and(|hour| hour.is_seen)
    }

    /// Drops what is too late, and what is written, but for the hours beside this one: a clock that is set back over an
    /// hour's end is to find its peaks. Returns the requests that are lost by that.
    pub(super) fn forget(&mut self, this_hour: Hour, room: &Room) -> u64 {
        let mut lost: u64 = 0;
        self.hours.retain(|hour, counted| {
            let is_late = hour.plus(USAGE_LATE_MAX_HOURS) < this_hour;
            counted.found_late = if is_late { counted.found_late + 1 } else { 0 };
            let is_given_up = counted.found_late > FOUND_LATE_MAX;
            if is_given_up {
                lost = lost.saturating_add(counted.unwritten());
            }
            let is_near = hour.0.abs_diff(this_hour.0) <= 1;
            let is_kept = !is_given_up && (is_near || !counted.is_done());
            if !is_kept {
                room.give_hour();
            }
            is_kept
        });
        lost
    }

    /// The additions that are due.
    pub(super) fn due(&mut self, sequence: &mut u64) -> impl Iterator<Item = (Hour, u64, AppUsage)> {
        self.hours.iter_mut().filter_map(|(hour, counted)| {
            counted.due(sequence).map(|(sequence, usage)| (*hour, sequence, usage))
        })
    }

    pub(super) fn is_needed(&self) -> bool {
        self.level.is_held() || !self.hours.is_empty()
    }
}

impl HourMeter {
    /// The totals over all nodes were seen to be these.
    pub(super) fn saw(&mut self, totals: Totals) {
        self.is_seen = true;
        let (connections_peak, documents_peak) = (totals.connections, totals.documents);
        self.peaks.add(&Levels { connections_peak, documents_peak, ..Levels::default() });
        if self.peaks.connections_peak > 0 || self.peaks.documents_peak > 0 {
            self.fresh.levels.add(&self.peaks);
        }
    }

    /// The addition with this sequence number is written down, if it is the one whose outcome was not known.
    pub(super) fn written(&mut self, sequence: u64) -> Option<AppUsage> {
        let (_, usage) = self.sent.take_if(|(sent, _)| *sent == sequence)?;
        Some(usage)
    }

    /// What is too late waits until it is given up.
    fn due(&mut self, sequence: &mut u64) -> Option<(u64, AppUsage)> {
        if self.found_late > 0 {
            return None;
        }
        if self.sent.is_none() && !self.fresh.is_empty() {
            *sequence += 1;
            self.sent = Some((*sequence, std::mem::take(&mut self.fresh)));
        }
        self.sent.clone()
    }

    fn is_done(&self) -> bool {
        self.sent.is_none() && self.fresh.is_empty()
    }

    fn unwritten(&self) -> u64 {
        let sent = self.sent.as_ref().map_or(0, |(_, usage)| usage.requests());
        sent.saturating_add(self.fresh.requests())
    }
}
