use domain::calendar::{Day, Hour};
use std::ops::Range;

const HOURS: u64 = 24;

/// The days that lie wholly in `from <= hour < to` and are rolled up; an empty range that begins with the first whole day
/// where there is none.
pub(super) fn whole_days(from: Hour, to: Hour, rolled_up_to: Day) -> Range<Day> {
    let first = Day(from.0.div_ceil(HOURS));
    first..first.max(to.day().min(rolled_up_to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_that_is_whole_and_rolled_up() {
        let days = |from, to, rolled_up_to| {
            let days = whole_days(Hour(from), Hour(to), Day(rolled_up_to));
            (days.start.0, days.end.0)
        };
        assert_eq!(days(24, 72, 9), (1, 3));
        assert_eq!(days(25, 71, 9), (2, 2), "neither is whole");
        assert_eq!(days(23, 73, 9), (1, 3));
        assert_eq!(days(0, 72, 2), (0, 2), "the last is not rolled up");
        assert_eq!(days(30, 40, 9), (2, 2), "within a day");
        assert_eq!(days(0, u64::MAX, 0), (0, 0));
    }
}
