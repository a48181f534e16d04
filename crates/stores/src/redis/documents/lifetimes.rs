use crate::Retention;
use domain::bounds::CHECK_EVERY;
use std::time::Duration;

/// How long the keys of an open document live at least without an append or a check: so often its owner may miss one.
const CHECKS: u32 = 6;
/// How long what refuses a dropped document's late appends is kept: by far longer than a call can be under way.
const TOMBSTONE: Duration = Duration::from_secs(60 * 60);
/// No key lives longer, but for ever: servers count milliseconds in 64 bits. A hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long keys live, in milliseconds as servers take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime(u64);

impl Lifetime {
    const FOR_EVER: Self = Self(0);

    fn of(time: Duration) -> Self {
        let ms = time.min(LONGEST).as_millis();
        Self(u64::try_from(ms).expect("a hundred years are fewer milliseconds").max(1))
    }

    /// How long the keys live of a document in which there is nothing: like what refuses late calls, no longer than
    /// that is of use.
    pub(super) fn of_nothing(self) -> Self {
        match self {
            Self::FOR_EVER => Self::of(TOMBSTONE),
            Self(ms) => Self(ms.min(Self::of(TOMBSTONE).0)),
        }
    }

    /// Milliseconds; 0 for ever.
    pub(super) fn ms(self) -> u64 {
        self.0
    }
}

/// What happens to the keys of a document when it is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// They live for so long.
    Keep(Lifetime),
    /// They are deleted, and for so long nothing of an earlier owner's brings them back.
    Drop(Lifetime),
}

/// How long the keys of documents live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetimes {
    /// After the last append or check of an owner. Only where all owners died is that ever the end.
    pub(super) open: Lifetime,
    pub(super) release: Release,
}

impl From<Retention> for Lifetimes {
    fn from(retention: Retention) -> Self {
        let retained = match retention {
            Retention::Kept => {
                return Self { open: Lifetime::FOR_EVER, release: Release::Keep(Lifetime::FOR_EVER) };
            }
            Retention::DroppedAtRelease => Duration::ZERO,
            Retention::For(time) => time,
        };
        let release = match retained {
            Duration::ZERO => Release::Drop(Lifetime::of(TOMBSTONE)),
            time => Release::Keep(Lifetime::of(time)),
        };
        Self { open: Lifetime::of(retained.max(CHECKS * CHECK_EVERY)), release }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;

    fn lifetimes(retention: Retention) -> Lifetimes {
        retention.into()
    }

    #[test]
    fn what_is_kept_never_ends() {
        let for_ever = Lifetime(0);
        let kept = Lifetimes { open: for_ever, release: Release::Keep(for_ever) };
        assert_eq!(lifetimes(Retention::Kept), kept);
    }

    #[test]
    fn an_open_document_outlives_missed_checks_and_the_retention() {
        for (retained, open_ms) in [(0, HOUR_MS), (60, HOUR_MS), (2 * 60 * 60, 2 * HOUR_MS)] {
            let retention = Retention::For(Duration::from_secs(retained));
            assert_eq!(lifetimes(retention).open.ms(), open_ms, "{retained}");
        }
    }

    #[test]
    fn an_open_document_in_which_there_is_nothing_outlives_missed_checks_and_no_late_call() {
        let retentions = [Retention::Kept, Retention::DroppedAtRelease, Retention::For(Duration::MAX)];
        for lifetime in retentions.map(|retention| lifetimes(retention).open) {
            assert_eq!(lifetime.of_nothing().ms(), HOUR_MS);
            assert!(lifetime.of_nothing() == Lifetime::of(CHECKS * CHECK_EVERY));
        }
        assert_eq!(Lifetime(50).of_nothing(), Lifetime(50));
    }

    #[test]
    fn only_no_time_at_all_drops() {
        for retention in [Retention::DroppedAtRelease, Retention::For(Duration::ZERO)] {
            assert_eq!(lifetimes(retention).release, Release::Drop(Lifetime(HOUR_MS)));
        }
        let short = Retention::For(Duration::from_nanos(1));
        assert_eq!(lifetimes(short).release, Release::Keep(Lifetime(1)));
        let long = Retention::For(Duration::MAX);
        assert_eq!(lifetimes(long).release, Release::Keep(Lifetime(100 * 365 * 24 * HOUR_MS)));
    }
}
