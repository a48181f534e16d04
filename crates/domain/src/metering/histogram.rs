use std::time::Duration;

/// How many answers took how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Histogram {
    /// Answers by the first of [`Histogram::BOUNDS_US`] that they took no longer than; the last count is of those that took
    /// longer than all.
    pub counts: [u64; Self::BUCKETS],
}

impl Histogram {
    /// The longest time of each bucket but the last, in microseconds.
    pub const BOUNDS_US: [u64; Self::BUCKETS - 1] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000,
    ];
    /// How many buckets there are.
    pub const BUCKETS: usize = 15;

    /// Counts `answers` that took so long each.
    pub fn note(&mut self, took_us: u64, answers: u64) {
        let bucket = Self::BOUNDS_US.iter().position(|bound| took_us <= *bound).unwrap_or(Self::BUCKETS - 1);
        self.counts[bucket] = self.counts[bucket].saturating_add(answers);
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
    }

    /// The time that so many hundredths of the answers did not take longer than, as far as the buckets tell: their upper
    /// bound. The last bucket's is the last bound. `None` where nothing was counted.
    #[must_use]
    pub fn percentile(&self, hundredths: u64) -> Option<Duration> {
        let total: u128 = self.counts.iter().map(|count| u128::from(*count)).sum();
        let wanted = (total * u128::from(hundredths)).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += u128::from(*count);
            seen >= wanted
        })?;
        let bound = Self::BOUNDS_US[bucket.min(Self::BUCKETS - 2)];
        Some(Duration::from_micros(bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_the_bound_that_they_keep() {
        let mut histogram = Histogram::default();
        for (took_us, bucket) in
            [(0, 0), (100, 0), (101, 1), (2_500_000, 13), (2_500_001, 14), (u64::MAX, 14)]
        {
            let before = histogram.counts[bucket];
            histogram.note(took_us, 2);
            assert_eq!(histogram.counts[bucket], before + 2, "{took_us}");
        }
    }

    #[test]
    fn percentiles_are_the_bounds_of_their_buckets() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        histogram.note(90, 98);
        histogram.note(700, 1);
        histogram.note(9_000_000, 1);
        let percentile = |hundredths| histogram.percentile(hundredths).unwrap().as_micros();
        assert_eq!([50, 98, 99, 100].map(percentile), [100, 100, 1_000, 2_500_000]);
    }
}
