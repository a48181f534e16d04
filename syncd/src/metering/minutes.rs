use domain::bounds::PLATFORM_MINUTES_KEPT;
use domain::ports::{NodeMinute, SAMPLES_PER_MINUTE, Writer};
use std::collections::VecDeque;
use std::time::Duration;

const MINUTE_MS: u64 = 60_000;
const SAMPLE_MS: u64 = MINUTE_MS / SAMPLES_PER_MINUTE as u64;

/// What the node did in each minute, as far as it is not noted yet. The oldest is given up where nobody would ask for it
/// any more.
pub(crate) struct Minutes {
    writer: Writer,
    current: Option<NodeMinute>,
    /// Ops that the node had applied at the last look.
    ops_seen: u64,
    done: VecDeque<NodeMinute>,
}

impl Default for Minutes {
    fn default() -> Self {
        Self::new(Writer(0))
    }
}

impl Minutes {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer, current: None, ops_seen: 0, done: VecDeque::new() }
    }

    /// How long it is till the next look is due.
    pub(super) fn next_look(now_unix_ms: u64) -> Duration {
        Duration::from_millis(SAMPLE_MS - now_unix_ms % SAMPLE_MS)
    }

    /// Looks at the node: its open connections, and the ops that it has applied since it began.
    pub(super) fn look(&mut self, now_unix_ms: u64, connections: u64, ops: u64) {
        let minute = self.enter(now_unix_ms, ops);
        let sample = usize::try_from(now_unix_ms % MINUTE_MS / SAMPLE_MS).unwrap_or(0);
        if let Some(current) = self.current.as_mut().filter(|current| current.minute == minute) {
            current.connections[sample] = connections;
        }
    }

    /// The node ends, having applied so many ops: so does the minute that it is in.
    pub(super) fn end(&mut self, now_unix_ms: u64, ops: u64) {
        self.enter(now_unix_ms, ops);
        self.end_current();
    }

    /// Begins the minute of this moment, unless it is the one that is under way. Returns it.
    fn enter(&mut self, now_unix_ms: u64, ops: u64) -> u64 {
        self.count(ops);
        let minute = now_unix_ms / MINUTE_MS;
        // A clock that was set back adds to the minute that it was in, until it is past it again.
        if self.current.as_ref().is_none_or(|current| minute > current.minute) {
            self.end_current();
            let (writer, connections) = (self.writer, [0; SAMPLES_PER_MINUTE]);
            // What was done before the first look belongs to the minute that it falls into.
            self.current = Some(NodeMinute { writer, minute, connections, ops: 0 });
            self.count(ops);
        }
        minute
    }

    /// Minutes that are over and not known to be noted, oldest first.
    pub(super) fn due(&self) -> Vec<NodeMinute> {
        self.done.iter().cloned().collect()
    }

    /// A minute is noted.
    pub(super) fn noted(&mut self, minute: u64) {
        self.done.retain(|done| done.minute != minute);
    }

    fn count(&mut self, ops: u64) {
        if let Some(current) = &mut self.current {
            current.ops = current.ops.saturating_add(ops.saturating_sub(self.ops_seen));
            self.ops_seen = ops;
        }
    }

    fn end_current(&mut self) {
        self.done.extend(self.current.take());
        let kept = usize::try_from(PLATFORM_MINUTES_KEPT).unwrap_or(usize::MAX);
        while self.done.len() > kept {
            self.done.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 720 * MINUTE_MS;

    fn noted(minutes: &Minutes) -> Vec<(u64, Vec<u64>, u64)> {
        let due = minutes.due().into_iter();
        due.map(|done| (done.minute, done.connections.to_vec(), done.ops)).collect()
    }

    #[test]
    fn each_minute_has_its_samples_and_its_ops() {
        let mut minutes = Minutes::new(Writer(1));
        minutes.look(NOON + 50_000, 3, 10);
        minutes.look(NOON + 55_001, 5, 12);
        minutes.look(NOON + 60_000, 4, 15);
        minutes.look(NOON + 65_000, 1, 15);
        assert_eq!(noted(&minutes), [(720, vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 5], 15)]);
        minutes.noted(720);
        minutes.end(NOON + 66_000, 18);
        assert_eq!(noted(&minutes), [(721, vec![4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 3)]);
    }

    #[test]
    fn a_node_that_ends_before_its_first_look_has_its_ops_noted_too() {
        let mut minutes = Minutes::new(Writer(1));
        minutes.end(NOON + 1, 7);
        assert_eq!(noted(&minutes), [(720, vec![0; SAMPLES_PER_MINUTE], 7)]);
    }

    #[test]
    fn looks_are_due_at_marks_of_the_clock() {
        assert_eq!(Minutes::next_look(NOON), Duration::from_secs(5));
        assert_eq!(Minutes::next_look(NOON + 4_999), Duration::from_millis(1));
    }

    #[test]
    fn a_clock_that_is_set_back_repeats_no_minute() {
        let mut minutes = Minutes::new(Writer(1));
        minutes.look(NOON, 1, 0);
        minutes.look(NOON + MINUTE_MS, 2, 5);
        minutes.look(NOON + 30_000, 9, 7);
        minutes.look(NOON + 2 * MINUTE_MS, 3, 8);
        let of_ops: Vec<_> = noted(&minutes).into_iter().map(|(minute, _, ops)| (minute, ops)).collect();
        assert_eq!(of_ops, [(720, 5), (721, 3)]);
    }

    #[test]
    fn minutes_that_nobody_takes_are_kept_up_to_their_bound() {
        let mut minutes = Minutes::new(Writer(1));
        for n in 0..2 * PLATFORM_MINUTES_KEPT {
            minutes.look(NOON + n * MINUTE_MS, 1, n);
        }
        let due = noted(&minutes);
        assert_eq!(due.len() as u64, PLATFORM_MINUTES_KEPT);
        assert_eq!(due.last().unwrap().0, 720 + 2 * PLATFORM_MINUTES_KEPT - 2);
    }
}
