//! Reports of usage over time: which range is asked for, how it is divided, and what belongs into each part (SPEC 6.2).

mod moment;
mod period;
mod series;

pub use moment::Moment;
pub use period::{Granularity, InvalidPeriod, Period};
pub use series::{Bucket, buckets, filled};

use crate::bounds::ROLLED_UP_AFTER_HOURS;
use crate::calendar::{Day, Hour};

/// Days before this one get no more usage, so that they may be rolled up.
#[must_use]
pub fn settled_before(now_unix_s: u64) -> Day {
    Hour(Hour::of_unix_s(now_unix_s).0.saturating_sub(ROLLED_UP_AFTER_HOURS)).day()
}

/// Percent that `usage` is of a plan's monthly requests, in hundredths of a percent, rounded half up. A limit of 0: 0 where nothing
/// was used, else 10000.
#[must_use]
pub fn percent_hundredths(usage: u64, limit: u64) -> u128 {
    match (usage, limit) {
        (0, 0) => 0,
        (_, 0) => 10_000,
        (usage, limit) => {
            let (usage, limit) = (u128::from(usage), u128::from(limit));
            (usage * 20_000 + limit) / (limit * 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_settled_when_nobody_may_add_to_it() {
        let day = Day::parse("2026-03-01").unwrap();
        let settles = day.first_hour().plus(24 + ROLLED_UP_AFTER_HOURS).starts_unix_s();
        assert_eq!(settled_before(settles - 1), day);
        assert_eq!(settled_before(settles), day.plus(1));
    }

    #[test]
    fn percent_is_rounded_to_hundredths() {
        assert_eq!(percent_hundredths(1, 3), 3_333);
        assert_eq!(percent_hundredths(2, 3), 6_667);
        assert_eq!(percent_hundredths(120, 100), 12_000);
        assert_eq!(percent_hundredths(u64::MAX, 1), u128::from(u64::MAX) * 10_000);
        assert_eq!((percent_hundredths(0, 0), percent_hundredths(1, 0)), (0, 10_000));
    }
}
