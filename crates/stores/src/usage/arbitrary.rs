//! What is counted over time, as properties need it.

use domain::metering::{AppUsage, Endpoint, Histogram, Levels, Reason, UsageCounts};
use domain::ports::{NodeMinute, SAMPLES_PER_MINUTE, Writer};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Equal runs give equal cases.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(256) }
}

pub(crate) fn usage() -> impl Strategy<Value = AppUsage> {
    (prop::collection::vec(counts(), Endpoint::ALL.len()), levels()).prop_map(|(counts, levels)| {
        let mut usage = AppUsage::default();
        for (endpoint, counts) in Endpoint::ALL.into_iter().zip(counts) {
            *usage.of_mut(endpoint) = counts;
        }
        usage.levels = levels;
        usage
    })
}

pub(crate) fn node_minute() -> impl Strategy<Value = NodeMinute> {
    (any::<u64>(), 0..10_000_000_000u64, any::<[u64; SAMPLES_PER_MINUTE]>(), any::<u64>()).prop_map(
        |(writer, minute, connections, ops)| NodeMinute { writer: Writer(writer), minute, connections, ops },
    )
}

/// Often 0 and often small, as counts are.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..1_000u64, any::<u64>()]
}

fn counts() -> impl Strategy<Value = UsageCounts> {
    let reason = "[a-z0-9_]{1,32}".prop_map(|text| Reason::parse(&text).unwrap());
    let refused = btree_map(reason, 1..=u64::MAX, 0..4);
    let histogram = prop::collection::vec(count(), Histogram::BUCKETS);
    (count(), count(), histogram, refused).prop_map(|(requests, latency_us, histogram, refused)| {
        let histogram = Histogram { counts: histogram.try_into().unwrap() };
        UsageCounts { requests, latency_us, histogram, refused }
    })
}

fn levels() -> impl Strategy<Value = Levels> {
    (count(), count(), count(), count()).prop_map(
        |(connections_peak, documents_peak, connections_ms, documents_ms)| Levels {
            connections_peak,
            documents_peak,
            connections_ms,
            documents_ms,
        },
    )
}
