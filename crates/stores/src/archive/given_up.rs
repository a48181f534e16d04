use super::GIVEN_UP_SAID_EVERY;
use domain::ids::DocumentKey;
use domain::ports::DocumentsError;
use parking_lot::Mutex;
use std::fmt;
use tokio::time::Instant;

/// Why a state is not put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    NoRoom,
    TooLate,
    Released,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoom => "too much waits to be archived",
            Self::TooLate => "it could not be archived for hours",
            Self::Released => "it was released while too much waited to be archived",
        })
    }
}

/// Says in the log which states are given up. All of a region's documents may be: so the first is named, and then, once
/// in a while, the latest with how many there were.
#[derive(Debug, Default)]
pub(super) struct GivenUpStates {
    unsaid: Mutex<Unsaid>,
}

#[derive(Debug, Default)]
struct Unsaid {
    states: u64,
    said_at: Option<Instant>,
}

impl GivenUpStates {
    pub(super) fn note(&self, document: &DocumentKey, why: Why, cause: Option<&DocumentsError>) {
        let Some(states) = self.unsaid.lock().one_more() else { return };
        let cause = cause.map(tracing::field::display);
        tracing::error!(
            states, %document, %why, cause,
            "states are not archived; the document store has them for as long as it keeps what nobody looks after"
        );
    }
}

impl Unsaid {
    /// Counts a state. Returns how many are to be said, where it is time.
    fn one_more(&mut self) -> Option<u64> {
        self.states += 1;
        let is_due = self.said_at.is_none_or(|at| at.elapsed() >= GIVEN_UP_SAID_EVERY);
        is_due.then(|| {
            self.said_at = Some(Instant::now());
            std::mem::take(&mut self.states)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_is_said_at_once_and_the_others_in_one_line() {
        let mut unsaid = Unsaid::default();
        assert_eq!(unsaid.one_more(), Some(1));
        assert_eq!((unsaid.one_more(), unsaid.one_more()), (None, None));
        tokio::time::advance(GIVEN_UP_SAID_EVERY).await;
        assert_eq!((unsaid.one_more(), unsaid.one_more()), (Some(3), None));
    }
}
