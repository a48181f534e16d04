//! Whether a store answers, as far as this node has seen.

use crate::caps::FAILURE_TOLD;
use parking_lot::Mutex;
use std::time::Duration;

/// What a store's last answer was. A failure that nothing has contradicted is believed for a while only:
/// otherwise a node that nobody is sent to, because it says that it is unwell, could never find out that it is
/// well again.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    failed_at: Mutex<Option<Duration>>,
}

impl Answers {
    /// Notes at `now` whether the store answered.
    pub(crate) fn note(&self, answered: bool, now: Duration) {
        *self.failed_at.lock() = (!answered).then_some(now);
    }

    /// Whether the store is believed to answer at `now`.
    pub(crate) fn answers(&self, now: Duration) -> bool {
        self.failed_at.lock().is_none_or(|at| now >= at + FAILURE_TOLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_until_an_answer_or_for_a_while() {
        let (answers, now) = (Answers::default(), Duration::from_secs(100));
        assert!(answers.answers(now));
        answers.note(false, now);
        assert!(!answers.answers(now + FAILURE_TOLD - Duration::from_millis(1)));
        assert!(answers.answers(now + FAILURE_TOLD));
        answers.note(true, now);
        assert!(answers.answers(now));
    }
}
