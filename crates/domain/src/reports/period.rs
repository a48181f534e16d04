use super::Moment;
use crate::bounds::{REPORT_HOURS_MAX, REPORT_SPANS_MAX, USAGE_KEPT_DAYS};
use crate::calendar::{Day, Hour};

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

    /// What a report of this granularity is read by.
    const fn spans(self) -> &'static str {
        match self {
            Self::Hour => "hours",
            Self::Day | Self::Week | Self::Month => "days",
        }
    }

    /// The granularity of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|granularity| granularity.name() == name)
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
    #[error("expected one before the end of `to` (by default of today)")]
    Reversed,
    /// It begins when nothing is kept any more.
    #[error("usage is kept for {USAGE_KEPT_DAYS} days: expected {earliest} or later")]
    TooEarly {
        /// The first day that can be asked for.
        earliest: Day,
    },
    /// It ends when nothing is kept any more.
    #[error("usage is kept for {USAGE_KEPT_DAYS} days: expected a moment after the beginning of {earliest}")]
    EndsTooEarly {
        /// The first day that can be asked for.
        earliest: Day,
    },
    /// It ends when nothing can be counted yet.
    #[error("nothing is counted yet by then: expected {latest} or earlier")]
    EndsTooLate {
        /// The last day that can be asked for: tomorrow, which is today already where somebody's clock is ahead.
        latest: Day,
    },
    /// It has more hours than a report by hour may have.
    #[error(
        "a report by hour covers at most {days_max} days: expected a later one, or a coarser `granularity`"
    )]
    TooManyHours {
        /// The most days.
        days_max: u64,
    },
    /// It is longer than a report over so many apps may be.
    #[error(
        "a report by {granularity} over all of {apps} APIs covers at most {spans_max} {spans}: expected a later one, or ask for each \
         API at /v1/usage/{{api_id}}",
        granularity = .granularity.name(),
        spans = .granularity.spans()
    )]
    TooManyApps {
        /// How many apps there are.
        apps: u64,
        /// How it is divided.
        granularity: Granularity,
        /// The most hours of a report by hour, or the most days of another.
        spans_max: u64,
    },
}

impl InvalidPeriod {
    /// The parameter that would have to be another.
    #[must_use]
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::EndsTooEarly { .. } | Self::EndsTooLate { .. } => "to",
            Self::Reversed | Self::TooEarly { .. } | Self::TooManyHours { .. } | Self::TooManyApps { .. } => {
                "from"
            }
        }
    }
}

impl Period {
    /// The range of a report that is asked for now; by default from 30 days before its end, or from the first day that is kept,
    /// up to today.
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
        let (earliest, latest) = (today.minus(USAGE_KEPT_DAYS), today.plus(1));
        let to = to.unwrap_or(Moment::Date(today));
        let from = from.unwrap_or_else(|| Moment::Date(to.day().minus(DEFAULT_DAYS).max(earliest)));
        let period = Self { from, to, granularity };
        if to.day() > latest {
            Err(InvalidPeriod::EndsTooLate { latest })
        } else if from.day() < earliest {
            Err(InvalidPeriod::TooEarly { earliest })
        } else if period.end_hour() <= earliest.first_hour() {
            Err(InvalidPeriod::EndsTooEarly { earliest })
        } else if period.first_hour() >= period.end_hour() {
            Err(InvalidPeriod::Reversed)
        } else if granularity == Granularity::Hour && period.hours() > REPORT_HOURS_MAX {
            Err(InvalidPeriod::TooManyHours { days_max: REPORT_HOURS_MAX / 24 })
        } else {
            Ok(period)
        }
    }

    /// Checks that a report over so many apps reads no more than it may.
    ///
    /// # Errors
    /// [`InvalidPeriod::TooManyApps`] past [`REPORT_SPANS_MAX`].
    pub fn check_over(&self, apps: u64) -> Result<(), InvalidPeriod> {
        if self.spans().saturating_mul(apps) <= REPORT_SPANS_MAX {
            return Ok(());
        }
        let spans_max = REPORT_SPANS_MAX / apps.max(1);
        Err(InvalidPeriod::TooManyApps { apps, granularity: self.granularity, spans_max })
    }

    /// How much is read of each app: hours of a report by hour, else days.
    fn spans(&self) -> u64 {
        match self.granularity {
            Granularity::Hour => self.hours(),
            Granularity::Day | Granularity::Week | Granularity::Month => {
                let after_last = self.end_hour().plus(23).day();
                after_last.0.saturating_sub(self.first_hour().day().0)
            }
        }
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
    fn who_says_no_beginning_is_told_of_none() {
        let earliest = "2025-10-18";
        for to in ["2025-10-18", "2025-11-01", "2025-10-18T00:00:01Z"] {
            let period = Period::new(None, moment(to), Granularity::Day, NOW).unwrap();
            assert_eq!(period.from.to_string(), earliest, "{to}");
        }
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
        assert_eq!(long, Err(InvalidPeriod::TooManyHours { days_max: 31 }));
        assert!(period("2025-10-18", "2026-11-23", Granularity::Day).is_ok());
        let (earliest, latest) = (Day::parse("2025-10-18").unwrap(), Day::parse("2026-11-23").unwrap());
        assert_eq!(
            period("2025-10-17", "2026-11-22", Granularity::Month),
            Err(InvalidPeriod::TooEarly { earliest })
        );
        for to in ["2026-11-24", "2026-11-24T00:00:00Z", "9999-12-31"] {
            let late = period("2026-11-01", to, Granularity::Month).unwrap_err();
            assert_eq!((late, late.parameter()), (InvalidPeriod::EndsTooLate { latest }, "to"), "{to}");
        }
        for to in ["2025-10-17", "2025-10-18T00:00:00Z"] {
            let early = Period::new(None, moment(to), Granularity::Day, NOW).unwrap_err();
            assert_eq!((early, early.parameter()), (InvalidPeriod::EndsTooEarly { earliest }, "to"), "{to}");
        }
    }

    #[test]
    fn the_more_apps_a_report_has_the_shorter_it_is() {
        let week = |granularity| period("2026-11-01T12:00:00Z", "2026-11-08T01:00:00Z", granularity).unwrap();
        let (by_day, by_month) = (week(Granularity::Day), week(Granularity::Month));
        assert!(by_day.check_over(2_000).is_ok() && by_month.check_over(2_000).is_ok(), "8 days");
        let granularity = Granularity::Day;
        let refused = InvalidPeriod::TooManyApps { apps: 2_001, granularity, spans_max: 7 };
        assert_eq!(by_day.check_over(2_001), Err(refused));
        assert!(refused.to_string().contains("over all of 2001 APIs covers at most 7 days"), "{refused}");
        let hours = period("2026-11-01", "2026-11-02T16:00:00Z", Granularity::Hour).unwrap();
        assert!(hours.check_over(400).is_ok(), "40 hours");
        let refused = hours.check_over(401).unwrap_err();
        assert!(refused.to_string().contains("at most 39 hours"), "{refused}");
    }
}
