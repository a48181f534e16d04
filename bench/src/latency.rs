//! Latencies: a histogram with 128 buckets for each power of two, so that a quantile is within 0.8 %.

use serde_json::{Value, json};
use std::time::Duration;

const SUB_BITS: u32 = 7;
const SUB: u64 = 1 << SUB_BITS;
/// Microseconds beyond this are counted as this (about 71 minutes).
const MICROS_MAX: u64 = u32::MAX as u64;
const BUCKETS: usize = bucket(MICROS_MAX) + 1;

/// Counts of latencies in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

const fn bucket(micros: u64) -> usize {
    if micros < SUB {
        return micros as usize;
    }
    let shift = micros.ilog2() - SUB_BITS;
    (shift as u64 * SUB + (micros >> shift)) as usize
}

/// The largest value of a bucket.
fn upper_edge(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * SUB {
        return index;
    }
    let shift = index / SUB - 1;
    ((index - shift * SUB + 1) << shift) - 1
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }
}

impl Latencies {
    /// Counts one.
    pub(crate) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(MICROS_MAX).min(MICROS_MAX);
        self.buckets[bucket(micros)] += 1;
        self.count += 1;
        self.max = self.max.max(micros);
    }

    /// Counts what another has counted.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(own, n)| *own += n);
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// The latency that this share of all is not above, in microseconds; `None` where none was counted.
    pub(crate) fn quantile_micros(&self, share: f64) -> Option<u64> {
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut below = 0;
        let index = self.buckets.iter().position(|n| {
            below += n;
            below >= rank
        })?;
        Some(upper_edge(index).min(self.max))
    }

    /// Count, p50, p99 and the largest, in milliseconds; nulls where none was counted.
    pub(crate) fn to_json(&self) -> Value {
        let ms = |micros: Option<u64>| micros.map(|us| us as f64 / 1000.0);
        json!({
            "count": self.count,
            "p50": ms(self.quantile_micros(0.5)),
            "p99": ms(self.quantile_micros(0.99)),
            "max": ms((self.count > 0).then_some(self.max)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_is_at_most_one_128th_wide(micros in 0u64..=MICROS_MAX) {
            let edge = upper_edge(bucket(micros));
            prop_assert!(edge >= micros);
            prop_assert!(edge - micros <= micros / SUB);
        }
    }

    #[test]
    fn quantiles_are_of_what_was_counted() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile_micros(0.5), None);
        (1..=100).for_each(|n| latencies.add(Duration::from_micros(n)));
        assert_eq!(latencies.quantile_micros(0.5), Some(50));
        assert_eq!(latencies.quantile_micros(0.99), Some(99));
        assert_eq!(latencies.to_json()["max"], json!(0.1));
    }
}
