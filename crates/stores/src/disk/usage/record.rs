//! An app's usage in an hour, or a day, and what a node did in a minute, as bytes.
//!
//! Each begins with a byte that says how it is written. What follows are numbers, each in as few bytes as it needs: of each
//! endpoint the requests, the sum of latencies, the buckets, and the reasons with their counts; the four levels; and the
//! writers with their sequence numbers.

use super::varint;
use domain::metering::{AppUsage, Endpoint, Levels, Reason, UsageCounts};
use domain::ports::{NodeMinute, Writer};
use std::collections::BTreeMap;

const VERSION: u8 = 1;

/// The usage of an hour, or of a day, which has no writers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct UsageRecord {
    pub(super) usage: AppUsage,
    /// The sequence number of each writer's last addition.
    pub(super) writers: BTreeMap<Writer, u64>,
}

impl UsageRecord {
    /// Adds what a writer counted, once for each of its sequence numbers.
    pub(super) fn add(&mut self, writer: Writer, sequence: u64, usage: &AppUsage) {
        let last = self.writers.entry(writer).or_default();
        if sequence > *last {
            *last = sequence;
            self.usage.add(usage);
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        Endpoint::ALL.into_iter().for_each(|endpoint| encode_counts(self.usage.of(endpoint), &mut bytes));
        let Levels { connections_peak, documents_peak, connections_ms, documents_ms } = self.usage.levels;
        encode_all(&[connections_peak, documents_peak, connections_ms, documents_ms], &mut bytes);
        varint::write(self.writers.len() as u64, &mut bytes);
        for (writer, sequence) in &self.writers {
            bytes.extend(writer.0.to_le_bytes());
            varint::write(*sequence, &mut bytes);
        }
        bytes
    }

    /// `None` where the bytes are not what [`UsageRecord::encode`] makes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[VERSION])?;
        let mut record = Self::default();
        for endpoint in Endpoint::ALL {
            *record.usage.of_mut(endpoint) = decode_counts(&mut rest)?;
        }
        let [connections_peak, documents_peak, connections_ms, documents_ms] = decode_all(&mut rest)?;
        record.usage.levels = Levels { connections_peak, documents_peak, connections_ms, documents_ms };
        for _ in 0..varint::read(&mut rest)? {
            let (writer, after) = rest.split_first_chunk()?;
            rest = after;
            record.writers.insert(Writer(u64::from_le_bytes(*writer)), varint::read(&mut rest)?);
        }
        rest.is_empty().then_some(record)
    }
}

/// What a node did in a minute, without its name and the minute's.
pub(super) fn encode_minute(minute: &NodeMinute) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    encode_all(&minute.connections, &mut bytes);
    varint::write(minute.ops, &mut bytes);
    bytes
}

/// `None` where the bytes are not what [`encode_minute`] makes.
pub(super) fn decode_minute(minute: u64, writer: Writer, bytes: &[u8]) -> Option<NodeMinute> {
    let mut rest = bytes.strip_prefix(&[VERSION])?;
    let (connections, ops) = (decode_all(&mut rest)?, varint::read(&mut rest)?);
    rest.is_empty().then_some(NodeMinute { writer, minute, connections, ops })
}

fn encode_counts(counts: &UsageCounts, bytes: &mut Vec<u8>) {
    encode_all(&[counts.requests, counts.latency_us], bytes);
    encode_all(&counts.histogram.counts, bytes);
    varint::write(counts.refused.len() as u64, bytes);
    for (reason, count) in &counts.refused {
        varint::write(reason.as_str().len() as u64, bytes);
        bytes.extend(reason.as_str().as_bytes());
        varint::write(*count, bytes);
    }
}

fn decode_counts(rest: &mut &[u8]) -> Option<UsageCounts> {
    let [requests, latency_us] = decode_all(rest)?;
    let mut counts = UsageCounts { requests, latency_us, ..UsageCounts::default() };
    counts.histogram.counts = decode_all(rest)?;
    for _ in 0..varint::read(rest)? {
        let length = usize::try_from(varint::read(rest)?).ok()?;
        let (reason, after) = rest.split_at_checked(length)?;
        *rest = after;
        let reason = Reason::parse(std::str::from_utf8(reason).ok()?)?;
        counts.refused.insert(reason, varint::read(rest)?);
    }
    Some(counts)
}

fn encode_all(numbers: &[u64], bytes: &mut Vec<u8>) {
    numbers.iter().for_each(|number| varint::write(*number, bytes));
}

fn decode_all<const N: usize>(rest: &mut &[u8]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = varint::read(rest)?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::arbitrary;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = UsageRecord> {
        let writers = prop::collection::btree_map(any::<u64>().prop_map(Writer), any::<u64>(), 0..20);
        (arbitrary::usage(), writers).prop_map(|(usage, writers)| UsageRecord { usage, writers })
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_record_is_read_as_it_was_written(record in record()) {
            prop_assert_eq!(UsageRecord::decode(&record.encode()), Some(record));
        }

        #[test]
        fn no_part_of_a_record_is_one(record in record(), cut: prop::sample::Index) {
            let bytes = record.encode();
            prop_assert_eq!(UsageRecord::decode(&bytes[..cut.index(bytes.len())]), None);
            prop_assert_eq!(UsageRecord::decode(&[&bytes[..], &[0]].concat()), None);
        }

        #[test]
        fn a_minute_is_read_as_it_was_written(noted in arbitrary::node_minute()) {
            let bytes = encode_minute(&noted);
            prop_assert_eq!(decode_minute(noted.minute, noted.writer, &bytes), Some(noted));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let bytes = [&[VERSION], &bytes[..]].concat();
            let _ = (UsageRecord::decode(&bytes), decode_minute(0, Writer(0), &bytes));
        }
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = UsageRecord::default().encode();
        bytes[0] = VERSION + 1;
        assert_eq!(UsageRecord::decode(&bytes), None);
    }
}
