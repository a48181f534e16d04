//! The calendar of the season, written out by hand: what buckets are called is not asked of the code under test.

use std::ops::Range;

/// 2027-12-20T00:00:00Z, a Monday.
pub(crate) const START_UNIX_S: u64 = 1_829_260_800;
/// The season's months: year, month, its first day in the season, and how many days of it the season has.
const MONTHS: [(u16, u8, u64, u64); 4] =
    [(2027, 12, 20, 12), (2028, 1, 1, 31), (2028, 2, 1, 29), (2028, 3, 1, 5)];
/// Days of the season, which are whole weeks.
pub(crate) const DAYS: u64 = 77;
/// Hours of the season.
pub(crate) const HOURS: u64 = DAYS * 24;
/// Days whose midnights are looked at closely: New Year, the month's ends, the leap day, and the week in which the year turns.
pub(crate) const SPECIAL_DAYS: [u64; 7] = [7, 12, 14, 43, 71, 72, 73];

/// How reports divide the season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Division {
    Hour,
    Day,
    Week,
    Month,
}

impl Division {
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// As a query says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// What the part is called that an hour of the season lies in.
    fn part_of(self, hour: u64) -> String {
        let day = hour / 24;
        match self {
            Self::Hour => instant(hour),
            Self::Day => date(day),
            Self::Week => date(day - day % 7),
            Self::Month => format!("{}-01", &date(day)[..7]),
        }
    }

    /// The parts of a range of hours, by name, in order.
    pub(crate) fn parts(self, hours: Range<u64>) -> Vec<(String, Range<u64>)> {
        let mut parts: Vec<(String, Range<u64>)> = Vec::new();
        for hour in hours {
            let name = self.part_of(hour);
            match parts.last_mut() {
                Some((last, range)) if *last == name => range.end = hour + 1,
                _ => parts.push((name, hour..hour + 1)),
            }
        }
        parts
    }
}

/// A day of the season, counted from its first.
pub(crate) fn date(day: u64) -> String {
    let mut before = 0;
    for (year, month, first, days) in MONTHS {
        if day < before + days {
            return format!("{year}-{month:02}-{:02}", first + day - before);
        }
        before += days;
    }
    panic!("day {day} is not one of the season");
}

/// The beginning of an hour of the season.
pub(crate) fn instant(hour: u64) -> String {
    format!("{}T{:02}:00:00Z", date(hour / 24), hour % 24)
}

#[test]
fn the_season_is_that_of_the_calendar() {
    let shown = [0, 11, 12, 42, 43, 71, 72, 76].map(date);
    let named = [
        "2027-12-20",
        "2027-12-31",
        "2028-01-01",
        "2028-01-31",
        "2028-02-01",
        "2028-02-29",
        "2028-03-01",
        "2028-03-05",
    ];
    assert_eq!(shown, named);
    assert_eq!(Division::Week.part_of(12 * 24), "2027-12-27", "New Year lies in a week of the old year");
    let months = Division::Month.parts(0..HOURS);
    let lengths: Vec<u64> = months.iter().map(|(_, hours)| (hours.end - hours.start) / 24).collect();
    assert_eq!(lengths, [12, 31, 29, 5]);
}
