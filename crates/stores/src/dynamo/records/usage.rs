//! An app's usage in an hour, and in a day that is rolled up.
//!
//! Each count is an attribute of the item itself, with a short name, as what a write costs grows with the item's size:
//!
//! | attribute | what |
//! |---|---|
//! | `dn` `un` `cn` `on` | requests of discovery, usage, connect and ops, refused ones included |
//! | `dt` … | the sum of their times to answer, in microseconds |
//! | `d0` … `d14` … | how many of them took how long ([`Histogram`](domain::metering::Histogram)) |
//! | `d.4006` … | how many of them were refused for that reason |
//! | `lc` `ld` | sums over connections and documents of how long each was open, in milliseconds |
//! | `w.{writer}` | the sequence number of a writer's last addition; of an hour alone |
//! | `p.{writer}` | the most connections and documents that a writer saw at once (`80 10`) |
//! | `p` | the most of all writers; of a day alone |
//! | `late` | how many additions to the app had come late when the day was summed up; of a day alone |
//! | `expires` | when it may be deleted |
//!
//! A count of 0 has no attribute.

use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, number, text};
use domain::bounds::USAGE_KEPT_DAYS;
use domain::calendar::{Day, Hour};
use domain::ids::AppKey;
use domain::metering::{AppUsage, Endpoint, Levels, Reason, UsageCounts};
use domain::ports::{Span, Writer};

pub(in crate::dynamo) use super::metered_app::LATE;
pub(in crate::dynamo) use super::pin::EXPIRES;

/// Days for which an item stays after its own: those that a report goes back, and one for each of its ends.
const ITEM_KEPT_DAYS: u64 = USAGE_KEPT_DAYS + 2;
/// The last hour that has a sort key in its place.
const HOUR_MAX: u64 = 9_999_999_999;

const CONNECTIONS_MS: &str = "lc";
const DOCUMENTS_MS: &str = "ld";
const MARK: &str = "w.";
const PEAKS: &str = "p";
const WRITERS_PEAKS: &str = "p.";

/// The partition of an app's hours and days.
pub(in crate::dynamo) fn partition(app: &AppKey) -> String {
    format!("USAGE#{}#{}", app.tenant, app.app)
}

/// The sort key of an hour.
pub(in crate::dynamo) fn hour_sort(hour: Hour) -> String {
    format!("H{:010}", hour.0.min(HOUR_MAX))
}

/// The sort key of a day.
pub(in crate::dynamo) fn day_sort(day: Day) -> String {
    format!("D{:08}", day.0)
}

/// An hour's item.
pub(in crate::dynamo) fn hour_key(app: &AppKey, hour: Hour) -> Key {
    Key::new(partition(app), hour_sort(hour))
}

/// When the usage of a day, or of one of its hours, may be deleted: seconds since 1970.
pub(in crate::dynamo) fn expires_unix_s(day: Day) -> u64 {
    day.plus(ITEM_KEPT_DAYS).first_hour().starts_unix_s()
}

/// The attribute of a writer's last addition.
pub(in crate::dynamo) fn mark(writer: Writer) -> String {
    format!("{MARK}{writer}")
}

/// The attribute of the peaks that a writer saw.
pub(in crate::dynamo) fn peaks(writer: Writer) -> String {
    format!("{WRITERS_PEAKS}{writer}")
}

/// The text of some peaks; `None` where there are none.
pub(in crate::dynamo) fn encode_peaks(levels: &Levels) -> Option<String> {
    let Levels { connections_peak, documents_peak, .. } = levels;
    (*connections_peak > 0 || *documents_peak > 0).then(|| format!("{connections_peak} {documents_peak}"))
}

/// The attributes of all that adds up, and what is above 0 of it.
pub(in crate::dynamo) fn counters(usage: &AppUsage) -> Vec<(String, u64)> {
    let levels = &usage.levels;
    let mut counters = vec![
        (CONNECTIONS_MS.to_owned(), levels.connections_ms),
        (DOCUMENTS_MS.to_owned(), levels.documents_ms),
    ];
    for endpoint in Endpoint::ALL {
        let (letter, counts) = (letter(endpoint), usage.of(endpoint));
        counters.push((format!("{letter}n"), counts.requests));
        counters.push((format!("{letter}t"), counts.latency_us));
        let buckets = counts.histogram.counts.iter().enumerate();
        counters.extend(buckets.map(|(bucket, count)| (format!("{letter}{bucket}"), *count)));
        let refused = counts.refused.iter();
        counters.extend(refused.map(|(reason, count)| (format!("{letter}.{reason}"), *count)));
    }
    counters.retain(|(_, count)| *count > 0);
    counters
}

/// The item of a day, summed up when `late` additions to its app had come late.
pub(in crate::dynamo) fn encode_day(app: &AppKey, day: Day, usage: &AppUsage, late: u64) -> Item {
    let item = Item::at(Key::new(partition(app), day_sort(day)));
    let item = item.with(EXPIRES, number(expires_unix_s(day)));
    let item = if late == 0 { item } else { item.with(LATE, number(late)) };
    let item =
        encode_peaks(&usage.levels).into_iter().fold(item, |item, peaks| item.with(PEAKS, text(peaks)));
    counters(usage).into_iter().fold(item, |item, (name, count)| item.with(&name, number(count)))
}

/// The usage of an hour or a day, and which it is.
pub(in crate::dynamo) fn decode(item: &Item) -> Result<(Span, AppUsage), Undecodable> {
    let mut usage = AppUsage::default();
    for name in item.names() {
        decode_attribute(item, name, &mut usage)?;
    }
    Ok((decode_span(item.text(SORT)?)?, usage))
}

fn decode_span(sort: &str) -> Result<Span, Undecodable> {
    let number = |digits: &str| digits.parse::<u64>().ok();
    let hour = sort.strip_prefix('H').and_then(number).map(|hour| Span { from: Hour(hour), hours: 1 });
    let day = || sort.strip_prefix('D').and_then(number);
    let span = hour.or_else(|| day().map(|day| Span { from: Day(day).first_hour(), hours: 24 }));
    span.ok_or_else(|| Undecodable::new(SORT, "an hour or a day"))
}

fn decode_attribute(item: &Item, name: &str, usage: &mut AppUsage) -> Result<(), Undecodable> {
    match name {
        PARTITION | SORT | EXPIRES | LATE => {}
        CONNECTIONS_MS => usage.levels.connections_ms = item.count(name)?,
        DOCUMENTS_MS => usage.levels.documents_ms = item.count(name)?,
        PEAKS => usage.levels.add(&decode_peaks(item, name)?),
        _ if name.starts_with(MARK) => {}
        _ if name.starts_with(WRITERS_PEAKS) => usage.levels.add(&decode_peaks(item, name)?),
        _ => {
            let count = counter(usage, name).ok_or_else(|| Undecodable::new(name, "named like a count"))?;
            *count = item.count(name)?;
        }
    }
    Ok(())
}

fn decode_peaks(item: &Item, name: &str) -> Result<Levels, Undecodable> {
    item.parsed(name, "two counts", |text| {
        let (connections, documents) = text.split_once(' ').ok_or(())?;
        let [connections_peak, documents_peak] = [connections, documents].map(str::parse::<u64>);
        let (connections_peak, documents_peak) =
            (connections_peak.map_err(|_| ())?, documents_peak.map_err(|_| ())?);
        Ok::<_, ()>(Levels { connections_peak, documents_peak, ..Levels::default() })
    })
}

/// Where the count is that an attribute has; `None` where it is named like none.
fn counter<'a>(usage: &'a mut AppUsage, name: &str) -> Option<&'a mut u64> {
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| name.starts_with(letter(*endpoint)))?;
    let UsageCounts { requests, refused, latency_us, histogram } = usage.of_mut(endpoint);
    match name.get(1..)? {
        "n" => Some(requests),
        "t" => Some(latency_us),
        rest => match rest.strip_prefix('.') {
            Some(reason) => Some(refused.entry(Reason::parse(reason)?).or_default()),
            None => histogram.counts.get_mut(rest.parse::<usize>().ok()?),
        },
    }
}

fn letter(endpoint: Endpoint) -> char {
    match endpoint {
        Endpoint::Discovery => 'd',
        Endpoint::Usage => 'u',
        Endpoint::Connect => 'c',
        Endpoint::Ops => 'o',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use crate::usage::arbitrary::usage;
    use domain::ids::{AppId, TenantId};
    use proptest::prelude::*;

    fn day() -> impl Strategy<Value = Day> {
        (0..10_000_000u64).prop_map(Day)
    }

    /// What an hour's item holds after additions of several writers.
    fn encode_hour(app: &AppKey, hour: Hour, usage: &AppUsage, writers: &[(u64, u64, Levels)]) -> Item {
        let item = Item::at(hour_key(app, hour)).with(EXPIRES, number(expires_unix_s(hour.day())));
        let item =
            counters(usage).into_iter().fold(item, |item, (name, count)| item.with(&name, number(count)));
        writers.iter().fold(item, |item, (writer, sequence, levels)| {
            let item = item.with(&mark(Writer(*writer)), number(*sequence));
            let seen = encode_peaks(levels).into_iter();
            seen.fold(item, |item, seen| item.with(&peaks(Writer(*writer)), text(seen)))
        })
    }

    fn writers() -> impl Strategy<Value = Vec<(u64, u64, Levels)>> {
        let writer =
            (any::<u64>(), any::<u64>(), 0..3u64, any::<u64>()).prop_map(|(writer, sequence, c, d)| {
                (writer, sequence, Levels { connections_peak: c, documents_peak: d, ..Levels::default() })
            });
        prop::collection::vec(writer, 0..5)
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_day_is_read_as_it_was_written(app in arbitrary::app(), day in day(), usage in usage(), late in 0..3u64) {
            let span = Span { from: day.first_hour(), hours: 24 };
            prop_assert_eq!(decode(&encode_day(&app, day, &usage, late)), Ok((span, usage)));
        }

        #[test]
        fn an_hour_has_the_highest_peaks_of_its_writers(
            app in arbitrary::app(), hour in 0..HOUR_MAX, mut usage in usage(), writers in writers(),
        ) {
            let item = encode_hour(&app, Hour(hour), &usage, &writers);
            (usage.levels.connections_peak, usage.levels.documents_peak) = (0, 0);
            // The last of one writer stands.
            let last: std::collections::BTreeMap<_, _> = writers.iter().filter(|(_, _, levels)| !levels.is_empty())
                .map(|(writer, _, levels)| (writer, levels)).collect();
            last.values().for_each(|levels| usage.levels.add(levels));
            prop_assert_eq!(decode(&item), Ok((Span { from: Hour(hour), hours: 1 }, usage)));
        }

        #[test]
        fn two_apps_share_no_partition(one in arbitrary::app(), other in arbitrary::app()) {
            prop_assert_eq!(partition(&one) == partition(&other), one == other);
        }

        #[test]
        fn hours_and_days_are_in_order(one in 0..HOUR_MAX, other in 0..HOUR_MAX) {
            prop_assert_eq!(hour_sort(Hour(one)).cmp(&hour_sort(Hour(other))), one.cmp(&other));
            let [one, other] = [one, other].map(|hour| Hour(hour / 10_000).day());
            prop_assert_eq!(day_sort(one).cmp(&day_sort(other)), one.cmp(&other));
        }
    }

    #[test]
    fn an_hour_has_room_for_a_thousand_writers() {
        const ITEM_BYTES_MAX: usize = 400 * 1024;
        let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
        let mut usage = AppUsage::default();
        usage.levels.connections_ms = u64::MAX;
        for endpoint in Endpoint::ALL {
            let counts = usage.of_mut(endpoint);
            (counts.requests, counts.latency_us) = (u64::MAX, u64::MAX);
            counts.histogram.counts.fill(u64::MAX);
            for nth in 0..50 {
                let reason = Reason::parse(&format!("{nth:0>32}")).unwrap();
                counts.refused.insert(reason, u64::MAX);
            }
        }
        let writers = |count: u64, peak| {
            let levels = Levels { connections_peak: peak, documents_peak: peak, ..Levels::default() };
            let writers: Vec<_> = (0..count).map(|writer| (writer, u64::MAX, levels)).collect();
            encode_hour(&app, Hour(1), &usage, &writers).size()
        };
        let functions = writers(1_000, 0) + id_bytes();
        assert!(functions < ITEM_BYTES_MAX / 8, "{functions}");
        let nodes = writers(1_000, u64::MAX) + id_bytes();
        assert!(nodes < ITEM_BYTES_MAX / 3, "{nodes}");
    }

    /// What the longest ids of a tenant and an app add to the shortest.
    fn id_bytes() -> usize {
        2 * (domain::bounds::ID_BYTES_MAX - 1)
    }

    #[test]
    fn a_name_that_is_no_count_is_refused() {
        let named = |name: &str, value| Item::at(Key::new("USAGE#t#a", "H0000000001")).with(name, value);
        for name in ["x", "d", "d15", "d-1", "dx", "d.", "d.A", "on2", "\u{fc}n"] {
            let refused = decode(&named(name, number(1u64))).unwrap_err();
            assert_eq!(refused, Undecodable::new(name, "named like a count"), "{name}");
        }
        for peaks in ["", "1", "1 2 3", "1 x", "-1 2"] {
            assert_eq!(
                decode(&named("p.1", text(peaks))),
                Err(Undecodable::new("p.1", "two counts")),
                "{peaks}"
            );
        }
        assert_eq!(decode(&named("dn", text("1"))), Err(Undecodable::new("dn", "a whole number")));
        let elsewhere = Item::at(Key::new("USAGE#t#a", "X1"));
        assert_eq!(decode(&elsewhere), Err(Undecodable::new(SORT, "an hour or a day")));
    }
}
