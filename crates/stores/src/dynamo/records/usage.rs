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
//! | `expires` | when it may be deleted |
//!
//! A count of 0 has no attribute.

use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, number, text};
use domain::bounds::USAGE_KEPT_DAYS;
use domain::calendar::{Day, Hour};
use domain::ids::AppKey;
use domain::metering::{AppUsage, Endpoint, Levels, Reason, UsageCounts};
use domain::ports::{Span, Writer};

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

/// The item of a day.
pub(in crate::dynamo) fn encode_day(app: &AppKey, day: Day, usage: &AppUsage) -> Item {
    let item = Item::at(Key::new(partition(app), day_sort(day)));
    let item = item.with(EXPIRES, number(expires_unix_s(day)));
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
        PARTITION | SORT | EXPIRES => {}
        CONNECTIONS_MS => usage.levels.connections_ms = item.count(name)?,
        DOCUMENTS_MS => usage.levels.documents_ms = item.count(name)?,
        PEAKS => usage.levels.add(&decode_peaks(item, name)?),
        _ if name.starts_with(MARK) => {}
        _ if name.starts_with(WRITERS_PEAKS) => usage.levels.add(&decode_peaks(item, name)?),
        _ => {
            *counter(usage, name).ok_or_else(|| Undecodable::new(name, "named like a count"))? =
                item.count(name)?
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
