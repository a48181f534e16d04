use super::Levels;
use crate::calendar::Hour;

const HOUR_MS: u64 = 60 * 60 * 1000;

/// How many connections and documents of an app one process holds, summed up over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Level {
    connections: u64,
    documents: u64,
    /// Milliseconds since 1970 up to which they are summed up.
    until_unix_ms: u64,
}

impl Level {
    /// Sums up to `now`, hour by hour. A clock that goes back sums up nothing until it is past where it was; one that leaps
    /// ahead by more than `hours_max` leaves out the hours between.
    pub(super) fn sum_up(&mut self, now_unix_ms: u64, hours_max: u64, mut add: impl FnMut(Hour, Levels)) {
        let oldest = now_unix_ms.saturating_sub(hours_max.saturating_mul(HOUR_MS));
        let mut from = self.until_unix_ms.max(oldest);
        while self.is_held() && from < now_unix_ms {
            let hour = Hour::of_unix_ms(from);
            let to = now_unix_ms.min(hour.plus(1).starts_unix_s().saturating_mul(1000));
            let (connections_ms, documents_ms) =
                (self.connections.saturating_mul(to - from), self.documents.saturating_mul(to - from));
            add(hour, Levels { connections_ms, documents_ms, ..Levels::default() });
            from = to;
        }
        self.until_unix_ms = self.until_unix_ms.max(now_unix_ms);
    }

    /// So many more, or fewer, are held.
    pub(super) fn change(&mut self, connections: i64, documents: i64) {
        self.connections = self.connections.saturating_add_signed(connections);
        self.documents = self.documents.saturating_add_signed(documents);
    }

    /// Whether anything is held.
    pub(super) fn is_held(&self) -> bool {
        self.connections > 0 || self.documents > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summed(level: &mut Level, now_unix_ms: u64) -> Vec<(u64, u64, u64)> {
        let mut sums = Vec::new();
        level.sum_up(now_unix_ms, 26, |hour, levels| {
            sums.push((hour.0, levels.connections_ms, levels.documents_ms));
        });
        sums
    }

    #[test]
    fn what_is_held_over_an_hours_end_is_split_there() {
        let mut level = Level::default();
        assert_eq!(summed(&mut level, HOUR_MS - 10), []);
        level.change(3, 1);
        assert_eq!(summed(&mut level, HOUR_MS + 5), [(0, 30, 10), (1, 15, 5)]);
        level.change(-3, 0);
        assert_eq!(summed(&mut level, HOUR_MS + 7), [(1, 0, 2)]);
    }

    #[test]
    fn a_clock_that_jumps_counts_nothing_twice_and_no_endless_time() {
        let mut level = Level::default();
        level.change(1, 0);
        assert_eq!(summed(&mut level, 100 * HOUR_MS).len(), 26);
        assert_eq!(summed(&mut level, 99 * HOUR_MS), []);
        assert_eq!(summed(&mut level, 100 * HOUR_MS + 1), [(100, 1, 0)]);
    }
}
