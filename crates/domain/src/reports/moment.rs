use crate::calendar::{Day, Hour, parse_rfc3339};
use crate::clock::rfc3339_ms;
use std::fmt;

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

    pub(super) fn day(self) -> Day {
        match self {
            Self::Date(day) => day,
            Self::Instant(unix_s) => Hour::of_unix_s(unix_s).day(),
        }
    }

    /// The first hour of a range that begins here.
    pub(super) fn first_hour(self) -> Hour {
        match self {
            Self::Date(day) => day.first_hour(),
            Self::Instant(unix_s) => Hour::of_unix_s(unix_s),
        }
    }

    /// The hour after a range that ends here: a begun hour belongs to it.
    pub(super) fn end_hour(self) -> Hour {
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
