use crate::ports::{NodeMinute, SAMPLES_PER_MINUTE};
use std::collections::BTreeMap;

/// Seconds that [`HourStats`] cover.
pub const STATS_SECONDS: u64 = 3600;
/// Seconds after its end within which the nodes have noted a minute.
const NOTED_WITHIN_SECONDS: u64 = 15;
const MINUTE: u64 = 60;

/// What the nodes did together in the last hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HourStats {
    /// Seconds since 1970 at which it began.
    pub start_unix_s: u64,
    /// Seconds since 1970 at which it ended: the end of the last minute that all nodes have noted.
    pub end_unix_s: u64,
    /// The most open WebSockets at once, of all samples.
    pub connections_peak: u64,
    /// Ops that were applied.
    pub ops: u64,
}

/// The minutes of the last hour that all nodes have noted: from the first, up to but without the second.
#[must_use]
pub fn last_minutes(now_unix_s: u64) -> (u64, u64) {
    let to = now_unix_s.saturating_sub(NOTED_WITHIN_SECONDS) / MINUTE;
    (to.saturating_sub(STATS_SECONDS / MINUTE), to)
}

impl HourStats {
    /// Sums up what nodes noted of the minutes from `from` to `to`; of others it takes nothing.
    #[must_use]
    pub fn of(minutes: &[NodeMinute], (from, to): (u64, u64)) -> Self {
        let within = || minutes.iter().filter(|noted| (from..to).contains(&noted.minute));
        let mut samples: BTreeMap<u64, [u64; SAMPLES_PER_MINUTE]> = BTreeMap::new();
        for noted in within() {
            let sums = samples.entry(noted.minute).or_default();
            for (sum, more) in sums.iter_mut().zip(noted.connections) {
                *sum = sum.saturating_add(more);
            }
        }
        Self {
            start_unix_s: from.saturating_mul(MINUTE),
            end_unix_s: to.saturating_mul(MINUTE),
            connections_peak: samples.into_values().flatten().max().unwrap_or(0),
            ops: within().fold(0, |sum, noted| sum.saturating_add(noted.ops)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Writer;

    fn minute(writer: u64, minute: u64, connections: &[u64], ops: u64) -> NodeMinute {
        let mut samples = [0; SAMPLES_PER_MINUTE];
        samples[..connections.len()].copy_from_slice(connections);
        NodeMinute { writer: Writer(writer), minute, connections: samples, ops }
    }

    #[test]
    fn the_peak_is_that_of_the_sum_and_not_the_sum_of_peaks() {
        // What the first node loses the second one gets.
        let noted = [
            minute(1, 7, &[9, 9, 2], 3),
            minute(2, 7, &[1, 1, 8], 4),
            minute(1, 8, &[4], 5),
            minute(1, 9, &[99], 99),
        ];
        let stats = HourStats::of(&noted, (7, 9));
        assert_eq!((stats.connections_peak, stats.ops), (10, 12));
        assert_eq!((stats.start_unix_s, stats.end_unix_s), (420, 540));
    }

    #[test]
    fn the_hour_ends_with_the_last_minute_that_everybody_has_noted() {
        let now = 1_000 * MINUTE;
        assert_eq!(last_minutes(now + 14), (939, 999));
        assert_eq!(last_minutes(now + 15), (940, 1_000));
        assert_eq!(last_minutes(5), (0, 0));
    }
}
