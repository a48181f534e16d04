use crate::bounds::OPS_SPENT_WITHIN;
use std::time::Duration;

/// How many tokens were spent lately: what is likely to be spent while a lot lasts.
#[derive(Debug, Default)]
pub(super) struct Spending {
    began: Duration,
    /// Since then.
    current: u64,
    /// In the period before that.
    before: u64,
}

impl Spending {
    /// Notes one.
    pub(super) fn note(&mut self, now: Duration) {
        self.roll(now);
        self.current += 1;
    }

    /// Takes back one that was noted a moment ago, and turned out not to be spent.
    pub(super) fn take_back(&mut self) {
        self.current = self.current.saturating_sub(1);
    }

    /// How many the next [`OPS_SPENT_WITHIN`] is likely to need. One that grows is followed by doubling.
    pub(super) fn expected(&mut self, now: Duration) -> u64 {
        self.roll(now);
        self.current.max(self.before)
    }

    fn roll(&mut self, now: Duration) {
        let age = now.saturating_sub(self.began);
        if age < OPS_SPENT_WITHIN {
            return;
        }
        self.before = if age < OPS_SPENT_WITHIN * 2 { self.current } else { 0 };
        self.current = 0;
        self.began = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_expected_again_and_forgotten_after_a_silence() {
        let (mut spending, start) = (Spending::default(), Duration::from_secs(9));
        assert_eq!(spending.expected(start), 0);
        (0..10).for_each(|_| spending.note(start));
        assert_eq!(spending.expected(start), 10);
        spending.take_back();
        assert_eq!(spending.expected(start + OPS_SPENT_WITHIN), 9);
        assert_eq!(spending.expected(start + OPS_SPENT_WITHIN * 2), 0);
    }
}
