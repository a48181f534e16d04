//! Hours, days and months of UTC, as usage is counted by. Leap seconds there are none (POSIX time).

use std::fmt;
use time::{Date, Month as TimeMonth, OffsetDateTime};

const SECONDS: u64 = 60 * 60;
const HOURS: u64 = 24;
/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// An hour of UTC, counted from 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hour(pub u64);

/// A day of UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub u64);

/// A calendar month. Printed `2026-02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    month: u8,
}

impl Hour {
    /// The hour that a moment lies in.
    #[must_use]
    pub fn of_unix_s(unix_s: u64) -> Self {
        Self(unix_s / SECONDS)
    }

    /// The hour that a moment lies in.
    #[must_use]
    pub fn of_unix_ms(unix_ms: u64) -> Self {
        Self::of_unix_s(unix_ms / 1000)
    }

    /// Seconds since 1970 at which it begins.
    #[must_use]
    pub fn starts_unix_s(self) -> u64 {
        self.0.saturating_mul(SECONDS)
    }

    /// The day that it belongs to.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.0 / HOURS)
    }

    /// The hour that is `hours` later.
    #[must_use]
    pub fn plus(self, hours: u64) -> Self {
        Self(self.0.saturating_add(hours))
    }

    /// Its beginning as RFC 3339: `2026-02-25T14:00:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        format!("{}T{:02}:00:00Z", self.day(), self.0 % HOURS)
    }
}

impl Day {
    /// A date of the calendar; `None` where there is none such, or it lies before 1970.
    #[must_use]
    pub fn of(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = TimeMonth::try_from(month).ok()?;
        Self::of_date(Date::from_calendar_date(year, month, day).ok()?)
    }

    /// Parses `2026-02-25`; `None` where that is no date since 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| {
            text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u16>().ok()
        };
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        Self::of(i32::from(year), u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    fn of_date(date: Date) -> Option<Self> {
        u64::try_from(i64::from(date.to_julian_day()) - i64::from(EPOCH)).ok().map(Self)
    }

    /// The last day that has a name is the last one of the year 9999.
    fn date(self) -> Date {
        let julian = i32::try_from(self.0).unwrap_or(i32::MAX).saturating_add(EPOCH);
        Date::from_julian_day(julian).unwrap_or(Date::MAX)
    }

    /// The hour that it begins with.
    #[must_use]
    pub fn first_hour(self) -> Hour {
        Hour(self.0.saturating_mul(HOURS))
    }

    /// The day that is `days` later.
    #[must_use]
    pub fn plus(self, days: u64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The day that is `days` earlier, but none before 1970.
    #[must_use]
    pub fn minus(self, days: u64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The Monday of its week (ISO 8601), but no day before 1970.
    #[must_use]
    pub fn monday(self) -> Self {
        // 1970-01-01 was a Thursday.
        self.minus((self.0 + 3) % 7)
    }

    /// The month that it belongs to.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.date();
        Month { year: date.year(), month: u8::from(date.month()) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

impl Month {
    /// The month that a moment lies in.
    #[must_use]
    pub fn of_unix_s(unix_s: u64) -> Self {
        Hour::of_unix_s(unix_s).day().month()
    }

    /// Parses `2026-02`; `None` where that is no month since 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Day::parse(&format!("{text}-01")).map(Day::month)
    }

    /// The day that it begins with.
    #[must_use]
    pub fn first_day(self) -> Day {
        Day::of(self.year, self.month, 1).unwrap_or(Day(0))
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year.saturating_add(1), month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Seconds since 1970 of an RFC 3339 timestamp, `2026-02-25T14:40:00Z` or with another offset, rounded down; `None` where it
/// is none, or lies before 1970.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let at = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    u64::try_from(at.unix_timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(day("1970-01-01"), Day(0));
        assert_eq!(day("2024-02-29").plus(1), day("2024-03-01"));
        assert_eq!(day("2026-02-28").plus(1), day("2026-03-01"));
        assert_eq!(day("2026-12-31").plus(1).to_string(), "2027-01-01");
        for bad in ["2026-02-29", "2026-13-01", "2026-1-01", "1969-12-31", "2026-02-25T", "", "+026-01-01"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn weeks_begin_on_mondays_over_new_year_too() {
        assert_eq!(day("2026-11-22").monday(), day("2026-11-16"), "a Sunday ends its week");
        assert_eq!(day("2026-11-23").monday(), day("2026-11-23"));
        assert_eq!(day("2027-01-01").monday(), day("2026-12-28"));
        assert_eq!(day("2021-01-03").monday(), day("2020-12-28"), "week 53 of 2020");
    }

    #[test]
    fn months_follow_one_another() {
        let december = day("2026-12-31").month();
        assert_eq!((december.to_string(), december.next().to_string()), ("2026-12".into(), "2027-01".into()));
        assert_eq!(december.first_day(), day("2026-12-01"));
        assert_eq!(Month::parse("2024-02").unwrap().next().first_day(), day("2024-03-01"));
        assert_eq!(Month::parse("2024-2"), None);
    }

    #[test]
    fn hours_begin_and_end_with_their_day() {
        let hour = Hour::of_unix_s(1_772_030_400);
        assert_eq!(
            (hour.rfc3339(), hour.day().to_string()),
            ("2026-02-25T14:00:00Z".into(), "2026-02-25".into())
        );
        assert_eq!(hour.day().first_hour().plus(24), hour.day().plus(1).first_hour());
        let of_day = hour.day().first_hour();
        assert_eq!(Hour::of_unix_ms(of_day.starts_unix_s() * 1000 - 1).plus(1), of_day);
    }

    #[test]
    fn timestamps_may_have_any_offset() {
        assert_eq!(parse_rfc3339("2026-02-25T14:40:00Z"), Some(1_772_030_400));
        assert_eq!(parse_rfc3339("2026-02-25T15:40:00.999+01:00"), Some(1_772_030_400));
        for bad in ["2026-02-25", "2026-02-25T14:40:00", "1969-12-31T23:59:59Z", "now"] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
    }
}
