//! Whether a store answers, as far as this node has seen.

use crate::caps::{FAILURE_LASTING, FAILURE_TOLD};
use parking_lot::Mutex;
use std::time::Duration;

/// What a store's last answers were. It is away when nothing but failures have come of it for [`FAILURE_LASTING`]. A
/// failure that nothing has contradicted is believed for [`FAILURE_TOLD`] only: otherwise a node that nobody is sent
/// to, because it says that it is unwell, could never find out that it is well again.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    failing: Mutex<Option<Failing>>,
}

/// Failures with no answer between them, and none further than [`FAILURE_TOLD`] from the next.
#[derive(Debug, Clone, Copy)]
struct Failing {
    first_at: Duration,
    last_at: Duration,
}

impl Failing {
    fn is_believed(&self, now: Duration) -> bool {
        now < self.last_at + FAILURE_TOLD
    }

    fn has_lasted(&self) -> bool {
        self.last_at >= self.first_at + FAILURE_LASTING
    }
}

impl Answers {
    /// Notes at `now` whether the store answered. Returns whether a row of failures begins with this.
    pub(crate) fn note(&self, answered: bool, now: Duration) -> bool {
        let mut failing = self.failing.lock();
        let before = failing.filter(|failing| failing.is_believed(now));
        let first_at = before.map_or(now, |failing| failing.first_at);
        *failing = (!answered).then_some(Failing { first_at, last_at: now });
        !answered && before.is_none()
    }

    /// Whether the store is believed to answer at `now`.
    pub(crate) fn answers(&self, now: Duration) -> bool {
        self.failing.lock().is_none_or(|failing| !failing.has_lasted() || !failing.is_believed(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);
    const MOMENT: Duration = Duration::from_millis(1);

    /// A store that has failed, with nothing between, from [`START`] until `last`.
    fn failed_until(last: Duration) -> Answers {
        let answers = Answers::default();
        answers.note(false, START);
        answers.note(false, last);
        answers
    }

    #[test]
    fn a_store_is_away_when_it_has_failed_for_a_while() {
        let lasting = START + FAILURE_LASTING;
        assert!(failed_until(lasting - MOMENT).answers(lasting));
        assert!(!failed_until(lasting).answers(lasting));
    }

    #[test]
    fn a_row_of_failures_begins_once() {
        let answers = Answers::default();
        assert!(answers.note(false, START) && !answers.note(false, START + MOMENT));
        assert!(!answers.note(true, START + MOMENT));
        assert!(answers.note(false, START + MOMENT));
    }

    #[test]
    fn one_failure_is_not_told_however_long_nothing_follows() {
        let answers = failed_until(START);
        assert!(answers.answers(START) && answers.answers(START + FAILURE_LASTING));
        let later = START + FAILURE_TOLD;
        answers.note(false, later);
        assert!(answers.answers(later), "what was long ago does not make it the second");
    }

    #[test]
    fn a_failure_is_told_until_an_answer_or_for_a_while() {
        let last = START + FAILURE_LASTING;
        let answers = failed_until(last);
        assert!(!answers.answers(last + FAILURE_TOLD - MOMENT));
        assert!(answers.answers(last + FAILURE_TOLD));
        answers.note(true, last);
        assert!(answers.answers(last));
        answers.note(false, last + MOMENT);
        assert!(answers.answers(last + MOMENT), "it has only begun to fail again");
    }
}
