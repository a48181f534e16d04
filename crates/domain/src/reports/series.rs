use super::{Granularity, Period};
use crate::calendar::{Day, Hour};
use crate::metering::AppUsage;
use crate::ports::Span;

/// A part of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// What it is called: the day that it, its week or its month begins with (`2026-02-25`), or its hour
    /// (`2026-02-25T14:00:00Z`). Of a week or month that the range begins within, the day lies before the range.
    pub date: String,
    /// Its first hour in the range.
    pub from: Hour,
    /// The hour after its last one in the range.
    pub to: Hour,
}

impl Bucket {
    /// How many hours of it the range has.
    #[must_use]
    pub fn hours(&self) -> u64 {
        self.to.0.saturating_sub(self.from.0)
    }
}

/// The parts of a range, in order, without gaps.
#[must_use]
pub fn buckets(period: &Period) -> Vec<Bucket> {
    let (mut from, end) = (period.first_hour(), period.end_hour());
    let mut buckets = Vec::new();
    while from < end {
        let (date, next) = around(from, period.granularity);
        let to = next.min(end);
        buckets.push(Bucket { date, from, to });
        from = to;
    }
    buckets
}

/// What the part is called that an hour lies in, and the hour after it.
fn around(hour: Hour, granularity: Granularity) -> (String, Hour) {
    let whole = |first: Day, next: Day| (first.to_string(), next.first_hour());
    let day = hour.day();
    match granularity {
        Granularity::Hour => (hour.rfc3339(), hour.plus(1)),
        Granularity::Day => whole(day, day.plus(1)),
        Granularity::Week => whole(day.monday(), next_monday(day)),
        Granularity::Month => whole(day.month().first_day(), day.month().next().first_day()),
    }
}

/// The Monday after a day. Counted from the day and not from its week's first one, which for the first days of 1970 lies before
/// all days.
fn next_monday(day: Day) -> Day {
    day.plus(7 - (day.0 + 3) % 7)
}

/// What was counted in each bucket. A span that lies in none is left out.
#[must_use]
pub fn filled(buckets: &[Bucket], spans: &[(Span, AppUsage)]) -> Vec<AppUsage> {
    let mut sums = vec![AppUsage::default(); buckets.len()];
    for (span, usage) in spans {
        let after = buckets.partition_point(|bucket| bucket.to <= span.from);
        if buckets.get(after).is_some_and(|bucket| bucket.from <= span.from) {
            sums[after].add(usage);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metering::Endpoint;
    use crate::reports::Moment;
    use std::time::Duration;

    fn period(from: &str, to: &str, granularity: Granularity) -> Period {
        Period { from: Moment::parse(from).unwrap(), to: Moment::parse(to).unwrap(), granularity }
    }

    fn names(from: &str, to: &str, granularity: Granularity) -> Vec<(String, u64)> {
        buckets(&period(from, to, granularity))
            .into_iter()
            .map(|each| (each.date.clone(), each.hours()))
            .collect()
    }

    fn named(buckets: &[(&str, u64)]) -> Vec<(String, u64)> {
        buckets.iter().map(|(date, hours)| ((*date).to_owned(), *hours)).collect()
    }

    #[test]
    fn weeks_begin_on_mondays_and_take_in_what_the_range_has_of_them() {
        assert_eq!(
            names("2026-12-30", "2027-01-05", Granularity::Week),
            named(&[("2026-12-28", 5 * 24), ("2027-01-04", 2 * 24)])
        );
    }

    #[test]
    fn months_have_the_days_of_the_calendar() {
        assert_eq!(
            names("2024-01-31", "2024-03-01", Granularity::Month),
            named(&[("2024-01-01", 24), ("2024-02-01", 29 * 24), ("2024-03-01", 24)])
        );
    }

    #[test]
    fn days_and_hours_end_with_the_range() {
        assert_eq!(
            names("2026-02-28T22:30:00Z", "2026-03-01T01:00:00Z", Granularity::Day),
            named(&[("2026-02-28", 2), ("2026-03-01", 1)])
        );
        let hours = names("2026-02-28T23:00:00Z", "2026-03-01T01:00:00Z", Granularity::Hour);
        assert_eq!(hours, named(&[("2026-02-28T23:00:00Z", 1), ("2026-03-01T00:00:00Z", 1)]));
    }

    #[test]
    fn every_division_of_a_range_adds_up_to_the_same() {
        let range = |granularity| period("2024-02-27", "2024-03-12", granularity);
        let days = buckets(&range(Granularity::Day));
        let mut spans = Vec::new();
        for (n, day) in days.iter().enumerate() {
            let mut usage = AppUsage::default();
            usage.of_mut(Endpoint::Ops).answered(n as u64 + 1, Duration::from_millis(1));
            spans.push((Span { from: day.from, hours: 24 }, usage));
        }
        for granularity in [Granularity::Day, Granularity::Week, Granularity::Month] {
            let filled = filled(&buckets(&range(granularity)), &spans);
            let sum: u64 = filled.iter().map(|usage| usage.total(None).requests).sum();
            assert_eq!(sum, (1..=days.len() as u64).sum::<u64>(), "{granularity:?}");
        }
        let outside = (Span { from: Hour(0), hours: 1 }, spans[0].1.clone());
        assert!(filled(&days, &[outside]).iter().all(AppUsage::is_empty));
    }
}
