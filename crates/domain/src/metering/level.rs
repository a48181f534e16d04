use super::Levels;
use crate::calendar::Hour;
use std::time::Duration;

/// How far a clock may have been set back to be waited for. One that was further ahead was wrong.
const SET_BACK_MAX: Duration = Duration::from_secs(5 * 60);

/// How many connections and documents of an app one process holds, summed up over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Level {
    connections: u64,
    documents: u64,
    /// Milliseconds since 1970 up to which they are summed up.
    until_unix_ms: u64,
}

impl Level {
    /// Sums up to `now`, hour by hour. Of a time that is longer than `gap_max_ms` the rest is left out: the process stood
    /// still, or its clock leapt. A clock that was set back sums up nothing until it is past where it was.
    pub(super) fn sum_up(&mut self, now_unix_ms: u64, gap_max_ms: u64, mut add: impl FnMut(Hour, Levels)) {
        let set_back_max_ms = u64::try_from(SET_BACK_MAX.as_millis()).unwrap_or(u64::MAX);
        if self.until_unix_ms > now_unix_ms.saturating_add(set_back_max_ms) {
            self.until_unix_ms = now_unix_ms;
        }
        let mut from = self.until_unix_ms;
        let end = now_unix_ms.min(from.saturating_add(gap_max_ms));
        while self.is_held() && from < end {
            let hour = Hour::of_unix_ms(from);
            let to = end.min(hour.plus(1).starts_unix_s().saturating_mul(1000));
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

    const MINUTE_MS: u64 = 60 * 1000;
    const HOUR_MS: u64 = 60 * MINUTE_MS;

    fn summed(level: &mut Level, now_unix_ms: u64) -> Vec<(u64, u64, u64)> {
        let mut sums = Vec::new();
        level.sum_up(now_unix_ms, 2 * MINUTE_MS, |hour, levels| {
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
    fn a_process_that_stood_still_for_hours_held_nothing_meanwhile() {
        let mut level = Level::default();
        assert_eq!(summed(&mut level, HOUR_MS), []);
        level.change(1, 0);
        assert_eq!(summed(&mut level, 9 * HOUR_MS), [(1, 2 * MINUTE_MS, 0)]);
        assert_eq!(summed(&mut level, 9 * HOUR_MS + 3), [(9, 3, 0)]);
    }

    #[test]
    fn a_clock_that_is_set_back_counts_nothing_twice() {
        let mut level = Level::default();
        summed(&mut level, HOUR_MS);
        level.change(1, 0);
        assert_eq!(summed(&mut level, HOUR_MS - 4 * MINUTE_MS), []);
        assert_eq!(summed(&mut level, HOUR_MS + 1), [(1, 1, 0)]);
    }

    #[test]
    fn a_clock_that_was_hours_ahead_is_not_waited_for() {
        let mut level = Level::default();
        summed(&mut level, 100 * HOUR_MS);
        level.change(1, 0);
        assert_eq!(summed(&mut level, HOUR_MS), []);
        assert_eq!(summed(&mut level, HOUR_MS + 7), [(1, 7, 0)]);
    }
}
