use domain::calendar::{Day, Hour};
use domain::ports::Resolution;
use std::ops::Range;

const HOURS: u64 = 24;

/// A range of hours as it is read: hours, then whole days that are rolled up, then hours. Each part may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) before: Range<Hour>,
    pub(crate) days: Range<Day>,
    pub(crate) after: Range<Hour>,
}

impl Parts {
    /// Those of `from <= hour < to`, of an app whose days before `rolled_up_to` are.
    pub(crate) fn of(from: Hour, to: Hour, resolution: Resolution, rolled_up_to: Day) -> Self {
        let to = to.max(from);
        let first = Day(from.0.div_ceil(HOURS));
        let last = to.day().min(rolled_up_to);
        if resolution == Resolution::Hours || first >= last {
            return Self { before: from..to, days: Day(0)..Day(0), after: to..to };
        }
        Self { before: from..first.first_hour(), days: first..last, after: last.first_hour()..to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(from: u64, to: u64, rolled_up_to: u64) -> [(u64, u64); 3] {
        let parts = Parts::of(Hour(from), Hour(to), Resolution::Days, Day(rolled_up_to));
        let hours = |range: Range<Hour>| (range.start.0, range.end.0);
        [hours(parts.before), (parts.days.start.0, parts.days.end.0), hours(parts.after)]
    }

    #[test]
    fn a_day_counts_that_is_whole_and_rolled_up() {
        assert_eq!(parts(24, 72, 9), [(24, 24), (1, 3), (72, 72)]);
        assert_eq!(parts(23, 73, 9), [(23, 24), (1, 3), (72, 73)]);
        assert_eq!(parts(0, 72, 2), [(0, 0), (0, 2), (48, 72)], "the last is not rolled up");
        for (from, to, rolled_up_to) in [(25, 71, 9), (30, 40, 9), (24, 72, 1), (24, 72, 0)] {
            assert_eq!(parts(from, to, rolled_up_to), [(from, to), (0, 0), (to, to)]);
        }
    }

    #[test]
    fn what_ends_before_it_begins_is_empty() {
        for (from, to) in [(72, 24), (u64::MAX, 0), (u64::MAX, u64::MAX)] {
            assert_eq!(parts(from, to, 9), [(from, from), (0, 0), (from, from)]);
        }
    }

    #[test]
    fn by_hours_no_day_counts() {
        let parts = Parts::of(Hour(24), Hour(72), Resolution::Hours, Day(9));
        assert_eq!(
            (parts.before, parts.days.is_empty(), parts.after.is_empty()),
            (Hour(24)..Hour(72), true, true)
        );
    }
}
