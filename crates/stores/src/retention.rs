use std::time::Duration;

/// What becomes of a document's content when the document is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retention {
    /// It stays until someone opens the document again.
    #[default]
    Kept,
    /// It is dropped at once: content lives as long as the sessions on it.
    DroppedAtRelease,
    /// It is dropped so long after the release, unless someone opens the document before.
    For(Duration),
}

/// What becomes of content at a document's release in a store that drops nothing later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtRelease {
    /// It stays until someone opens the document again.
    #[default]
    Kept,
    /// It is dropped.
    Dropped,
}

/// A store that can't drop anything later was to do so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this document store keeps what is released for ever, or drops it at once; it can't drop it after a time"
)]
pub struct NoTimedRetention;

impl Retention {
    /// What is dropped so long after its release: at once, where that is no time at all.
    #[must_use]
    pub fn lasting(time: Duration) -> Self {
        if time.is_zero() { Self::DroppedAtRelease } else { Self::For(time) }
    }
}

impl TryFrom<Retention> for AtRelease {
    type Error = NoTimedRetention;

    fn try_from(retention: Retention) -> Result<Self, NoTimedRetention> {
        match retention {
            Retention::Kept => Ok(Self::Kept),
            Retention::DroppedAtRelease => Ok(Self::Dropped),
            Retention::For(time) if time.is_zero() => Ok(Self::Dropped),
            Retention::For(_) => Err(NoTimedRetention),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_at_all_is_the_moment_of_release() {
        assert_eq!(Retention::lasting(Duration::ZERO), Retention::DroppedAtRelease);
        assert_eq!(AtRelease::try_from(Retention::For(Duration::ZERO)), Ok(AtRelease::Dropped));
    }

    #[test]
    fn a_time_is_refused_where_nothing_is_dropped_later() {
        let retention = Retention::lasting(Duration::from_secs(1));
        assert_eq!(AtRelease::try_from(retention), Err(NoTimedRetention));
    }
}
