use crate::query::{InvalidValue, single_value};
use domain::http_error::HttpError;
use domain::metering::Endpoint;
use domain::reports::{Granularity, InvalidPeriod, Moment, Period};

/// What a report of one app is asked to be of. Parameters of other names are let be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) period: Period,
    /// The one endpoint that is reported, or all.
    pub(super) endpoint: Option<Endpoint>,
}

impl Asked {
    pub(super) fn of(query: &str, now_unix_s: u64) -> Result<Self, HttpError> {
        let endpoint =
            parameter(query, "endpoint", "expected discovery, usage, connect or ops", Endpoint::parse)?;
        Ok(Self { period: period_asked(query, now_unix_s)?, endpoint })
    }
}

/// The range that is asked for, and how it is divided.
pub(super) fn period_asked(query: &str, now_unix_s: u64) -> Result<Period, HttpError> {
    let from = parameter(query, "from", Moment::FORM, Moment::parse)?;
    let to = parameter(query, "to", Moment::FORM, Moment::parse)?;
    let granularity =
        parameter(query, "granularity", "expected hour, day, week or month", Granularity::parse)?;
    Period::new(from, to, granularity.unwrap_or_default(), now_unix_s).map_err(|wrong| refusal(&wrong))
}

/// What is told of a range that can't be reported.
pub(super) fn refusal(wrong: &InvalidPeriod) -> HttpError {
    HttpError::InvalidParameter { name: wrong.parameter(), expected: wrong.to_string() }
}

fn parameter<T>(
    query: &str,
    name: &'static str,
    form: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, HttpError> {
    let invalid = |expected: &str| HttpError::InvalidParameter { name, expected: expected.to_owned() };
    match single_value(query, name) {
        Ok(None) => Ok(None),
        Ok(Some(text)) => parse(&text).map(Some).ok_or_else(|| invalid(form)),
        Err(InvalidValue::Twice) => Err(invalid("expected it once")),
        Err(InvalidValue::NoText) => Err(invalid(form)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T14:00:00Z
    const NOW: u64 = 1_795_356_000;

    #[test]
    fn thirty_days_by_day_of_all_endpoints_are_the_default() {
        let asked = Asked::of("fromage=x&limit=3", NOW).unwrap();
        assert_eq!(asked.period.from.to_string(), "2026-10-23");
        assert_eq!((asked.period.granularity, asked.endpoint), (Granularity::Day, None));
    }

    #[test]
    fn a_range_that_ends_long_ago_begins_no_earlier_than_all_that_is_kept() {
        let asked = Asked::of("to=2025-11-01", NOW).unwrap();
        assert_eq!(asked.period.from.to_string(), "2025-10-18");
        assert!(Asked::of("from=2025-10-18&to=2026-11-23", NOW).is_ok(), "all that is kept, and tomorrow");
    }

    #[test]
    fn each_mistake_names_its_parameter_and_the_form_that_is_expected() {
        let cases = [
            ("from=yesterday", "`from`", "ISO 8601"),
            ("from=", "`from`", "ISO 8601"),
            ("to=2026-02-30", "`to`", "ISO 8601"),
            ("to=2026-02-25T14:00:00", "`to`", "ISO 8601"),
            ("to=%ff", "`to`", "ISO 8601"),
            ("granularity=Hour", "`granularity`", "hour, day, week or month"),
            ("endpoint=token", "`endpoint`", "discovery, usage, connect or ops"),
            ("from=2026-11-01&from=2026-11-02", "`from`", "once"),
            ("from=2026-11-22&to=2026-11-21", "`from`", "before the end of `to`"),
            ("from=2026-12-01", "`from`", "before the end of `to` (by default of today)"),
            ("from=2024-01-01", "`from`", "400 days: expected 2025-10-18 or later"),
            ("from=2026-11-01&to=9999-12-31", "`to`", "expected 2026-11-23 or earlier"),
            ("to=2026-11-24&granularity=month", "`to`", "expected 2026-11-23 or earlier"),
            ("to=2024-01-01", "`to`", "400 days: expected a moment after the beginning of 2025-10-18"),
            ("from=2026-09-01&granularity=hour", "`from`", "31 days"),
        ];
        for (query, name, form) in cases {
            let told = Asked::of(query, NOW).unwrap_err();
            assert_eq!((told.status(), told.code()), (400, "invalid_parameter"), "{query}");
            let told = told.to_string();
            assert!(told.contains(&format!("parameter {name}")) && told.contains(form), "{query}: {told}");
        }
    }
}
