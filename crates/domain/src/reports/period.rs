use crate::bounds::{REPORT_HOURS_MAX, USAGE_KEPT_DAYS};
use crate::calendar::{Day, Hour, parse_rfc3339};
use crate::clock::rfc3339_ms;
use std::fmt;

/// Days that a report goes back where nobody says from when.
const DEFAULT_DAYS: u64 = 30;

/// By what a report is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Granularity {
    /// Hours of UTC.
    Hour,
    /// Days of UTC.
    #[default]
    Day,
    /// Weeks from Monday.
    Week,
    /// Calendar months.
    Month,
}

impl Granularity {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// As a query says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The granularity of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|granularity| granularity.name() == name)
    }
}

/// A moment as a query says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day of UTC: as `to` it is included.
    Date(Day),
    /// Seconds since 1970.
    Instant(u64),
}

impl Moment {
    /// What [`Moment::parse`] takes, in words.
    pub const FORM: &str = "expected an ISO 8601 date since 1970 (2026-02-25) or an instant with its offset (2026-02-25T14:00:00Z)";

    /// Parses an ISO 8601 date or an RFC 3339 instant; `None` where the text is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Day::parse(text).map(Self::Date).or_else(|| parse_rfc3339(text).map(Self::Instant))
    }

    fn day(self) -> Day {
        match self {
            Self::Date(day) => day,
            Self::Instant(unix_s) => Hour::of_unix_s(unix_s).day(),
        }
    }

    /// The first hour of a range that begins here.
    fn first_hour(self) -> Hour {
        match self {
            Self::Date(day) => day.first_hour(),
            Self::Instant(unix_s) => Hour::of_unix_s(unix_s),
        }
    }

    /// The hour after a range that ends here: a begun hour belongs to it.
    fn end_hour(self) -> Hour {
        match self {
            Self::Date(day) => day.plus(1).first_hour(),
            Self::Instant(unix_s) => Hour::of_unix_s(unix_s.saturating_add(3599)),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(day) => day.fmt(f),
            Self::Instant(unix_s) => {
                f.write_str(&rfc3339_ms(unix_s.saturating_mul(1000)).replace(".000Z", "Z"))
            }
        }
    }
}

/// The range of a report. Usage is counted by hours: an instant within one takes the whole of it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// As it was asked for.
    pub from: Moment,
    /// As it was asked for.
    pub to: Moment,
    /// How it is divided.
    pub granularity: Granularity,
}

/// Why a range can't be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeriod {
    /// It ends before it begins.
    #[error("it must not be after `to`")]
    Reversed,
    /// It begins when nothing is kept any more.
    #[error("usage is kept for {USAGE_KEPT_DAYS} days: expected {earliest} or later")]
    TooEarly {
        /// The first day that can be asked for.
        earliest: Day,
    },
    /// It is longer than a report may be.
    #[error(
        "a report by {granularity} covers at most {days_max} days: expected a later one, or a coarser `granularity`"
    )]
    TooLong {
        /// How it is divided.
        granularity: &'static str,
        /// The most days.
        days_max: u64,
    },
}

impl Period {
    /// The range of a report that is asked for now; by default from 30 days before its end, up to today. What is wrong with
    /// it is wrong with `from`.
    ///
    /// # Errors
    /// [`InvalidPeriod`].
    pub fn new(
        from: Option<Moment>,
        to: Option<Moment>,
        granularity: Granularity,
        now_unix_s: u64,
    ) -> Result<Self, InvalidPeriod> {
        let today = Hour::of_unix_s(now_unix_s).day();
        let to = to.unwrap_or(Moment::Date(today));
        let from = from.unwrap_or(Moment::Date(to.day().minus(DEFAULT_DAYS)));
        let period = Self { from, to, granularity };
        let earliest = today.minus(USAGE_KEPT_DAYS);
        if period.first_hour() >= period.end_hour() {
            return Err(InvalidPeriod::Reversed);
        }
        if from.day() < earliest {
            return Err(InvalidPeriod::TooEarly { earliest });
        }
        let hours_max = match granularity {
            Granularity::Hour => REPORT_HOURS_MAX,
            Granularity::Day | Granularity::Week | Granularity::Month => (USAGE_KEPT_DAYS + 1) * 24,
        };
        if period.hours() > hours_max {
            return Err(InvalidPeriod::TooLong { granularity: granularity.name(), days_max: hours_max / 24 });
        }
        Ok(period)
    }

    /// Its first hour.
    #[must_use]
    pub fn first_hour(&self) -> Hour {
        self.from.first_hour()
    }

    /// The hour after its last.
    #[must_use]
    pub fn end_hour(&self) -> Hour {
        self.to.end_hour()
    }

    /// How many hours it has.
    #[must_use]
    pub fn hours(&self) -> u64 {
        self.end_hour().0.saturating_sub(self.first_hour().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_356_000; // 2026-11-22T14:00:00Z

    fn moment(text: &str) -> Option<Moment> {
        Some(Moment::parse(text).unwrap())
    }

    fn period(from: &str, to: &str, granularity: Granularity) -> Result<Period, InvalidPeriod> {
        Period::new(moment(from), moment(to), granularity, NOW)
    }

    #[test]
    fn thirty_days_up_to_today_are_the_default() {
        let period = Period::new(None, None, Granularity::Day, NOW).unwrap();
        assert_eq!(
            (period.from.to_string(), period.to.to_string()),
            ("2026-10-23".into(), "2026-11-22".into())
        );
        assert_eq!(period.hours(), 31 * 24);
        let period = Period::new(None, moment("2026-03-01"), Granularity::Hour, NOW).unwrap();
        assert_eq!(period.from.to_string(), "2026-01-30");
    }

    #[test]
    fn dates_are_whole_days_and_instants_whole_hours() {
        let dates = period("2024-02-28", "2024-02-29", Granularity::Day);
        assert_eq!(dates, Err(InvalidPeriod::TooEarly { earliest: Day::parse("2025-10-18").unwrap() }));
        assert_eq!(period("2026-02-28", "2026-02-28", Granularity::Day).unwrap().hours(), 24);
        let instants =
            period("2026-02-28T10:59:59Z", "2026-02-28T12:00:01+01:00", Granularity::Hour).unwrap();
        assert_eq!((instants.first_hour().rfc3339(), instants.hours()), ("2026-02-28T10:00:00Z".into(), 2));
        assert_eq!(instants.from.to_string(), "2026-02-28T10:59:59Z");
    }

    #[test]
    fn a_range_has_a_beginning_an_end_and_a_bound() {
        assert_eq!(period("2026-02-02", "2026-02-01", Granularity::Day), Err(InvalidPeriod::Reversed));
        let instant = "2026-02-02T10:00:00Z";
        assert_eq!(period(instant, instant, Granularity::Hour), Err(InvalidPeriod::Reversed));
        assert!(period("2026-10-01", "2026-10-31", Granularity::Hour).is_ok());
        let long = period("2026-10-01", "2026-11-01", Granularity::Hour);
        assert_eq!(long, Err(InvalidPeriod::TooLong { granularity: "hour", days_max: 31 }));
        assert!(period("2025-10-18", "2026-11-22", Granularity::Day).is_ok());
        assert!(period("2025-10-18", "2026-11-23", Granularity::Month).is_err());
    }
}
