//! A document that its store has lost, or can't take: kept in memory, and written down again as a whole.

use super::log::Log;
use super::task::{DocumentTask, End};
use crate::caps::{DRAIN_FLUSH, STORE_DEADLINE, UNSTORED_MAX, UNSTORED_RETRY, UNSTORED_RETRY_AT_END};
use domain::bounds::CHECK_EVERY;
use domain::close::CloseReason;
use domain::ports::{DocumentsError, Opened};
use engine::Refused;
use std::sync::Arc;
use std::time::Duration;

/// What is yet to be done for the document in its stores.
pub(super) struct Care {
    /// When the store is asked whether it still has the document.
    pub(super) check_at: Duration,
    /// Before this, nothing is compacted.
    pub(super) compact_from: Duration,
    /// When the state is archived; `None` where the archive has it, or there is none.
    pub(super) archive_at: Option<Duration>,
    unstored: Option<Unstored>,
}

/// The store can't be written to, and lacks what this task has.
struct Unstored {
    since: Duration,
    retry_at: Duration,
    /// Before the try after the next.
    pause: Duration,
}

impl Care {
    pub(super) fn of(now: Duration) -> Self {
        Self { check_at: now + CHECK_EVERY, compact_from: now, archive_at: None, unstored: None }
    }

    /// Whether what the task has is in no store.
    pub(super) fn is_unstored(&self) -> bool {
        self.unstored.is_some()
    }

    /// The store is to be asked at this moment.
    pub(super) fn look_at(&mut self, at: Duration) {
        self.check_at = at;
        if let Some(unstored) = &mut self.unstored {
            unstored.retry_at = unstored.retry_at.min(at);
        }
    }

    /// The next moment at which there is something to do.
    pub(super) fn next(&self) -> Duration {
        match &self.unstored {
            Some(unstored) => unstored.retry_at,
            None => self.archive_at.map_or(self.check_at, |at| at.min(self.check_at)),
        }
    }
}

impl DocumentTask {
    /// Gives the store the whole document, as it has lost what it had, or may lack what could not be appended. Returns
    /// whether it has it then.
    pub(super) async fn write_down_again(&mut self) -> Result<bool, End> {
        let node = Arc::clone(&self.node);
        // Whoever joins meanwhile waits for this task: it asks again later rather than stand in a long queue.
        let Ok(Ok(_turn)) = tokio::time::timeout(STORE_DEADLINE, node.rewrites.acquire()).await else {
            return Ok(false);
        };
        match self.restore().await {
            Ok(Log { state_bytes, .. }) => {
                tracing::warn!(document = %self.handle.key, state_bytes, "written down again as a whole");
                self.node.metrics.documents_rewritten.inc();
                self.is_stored_again();
                Ok(true)
            }
            Err(Failed::Ended(end)) => Err(end),
            Err(Failed::Store(DocumentsError::Stale { .. })) => Err(End::Moved),
            Err(Failed::Store(DocumentsError::Lost | DocumentsError::Unavailable(_))) => Ok(false),
        }
    }

    /// Puts everything that this task and the store have into the store.
    async fn restore(&mut self) -> Result<Log, Failed> {
        let (key, generation) = (Arc::clone(&self.handle.key), self.pin.generation);
        let documents = Arc::clone(&self.node.ports.documents);
        let opening = async {
            match documents.open(&key, generation).await {
                // What was left of it was no document, and is gone with that answer.
                Err(DocumentsError::Lost) => documents.open(&key, generation).await,
                opened => opened,
            }
        };
        let opened = self.answered(opening).await?;
        self.take_in(&opened)?;
        let state = self.encoded_state().map_err(Failed::Ended)?;
        let state_bytes = state.len();
        let above = self.log.position.max(opened.position);
        let position = self.answered(documents.restore(&key, generation, above, state)).await?;
        self.log.compacted(position, state_bytes);
        Ok(self.log)
    }

    /// Takes in what the store has: an earlier owner, who did not know that there was another, may have put there what its
    /// sessions were shown.
    fn take_in(&mut self, opened: &Opened) -> Result<(), Failed> {
        for update in &opened.updates {
            match self.document.take_in(update, &mut self.turn) {
                // What can't be read is replaced by what this task has.
                Ok(()) | Err(Refused::Malformed(_) | Refused::OpsExceeded) => {}
                Err(Refused::Poisoned(_)) => return Err(Failed::Ended(End::Poisoned)),
            }
        }
        Ok(())
    }

    /// Closes the sessions, as nothing can be stored for them, and keeps the document until it can.
    pub(super) fn keep_unstored(&mut self) {
        let now = self.node.now();
        for session in self.members.close_all(&CloseReason::TryAgainLater) {
            self.document.leave(session, now);
        }
        self.unused_since.get_or_insert(now);
        // Nothing of the turn was stored, so nobody is told of it.
        self.turn.clear();
        self.tally.not_stored(&CloseReason::TryAgainLater, now);
        let (since, pause) = match &self.care.unstored {
            Some(unstored) => (unstored.since, unstored.pause),
            None => {
                self.node.metrics.documents_unstored.inc();
                (now, UNSTORED_RETRY.0)
            }
        };
        let retry_at = now + pause.mul_f64(0.5 + 0.5 * self.chance());
        let pause = (pause * 2).min(UNSTORED_RETRY.1);
        self.care.unstored = Some(Unstored { since, retry_at, pause });
    }

    fn is_stored_again(&mut self) {
        if self.care.unstored.take().is_some() {
            self.node.metrics.documents_unstored.dec();
            // Whoever was told to try again later is waited for.
            self.unused_since = Some(self.node.now());
        }
    }

    /// Tries again to store a document that could not be, where that is due.
    pub(super) async fn try_to_store(&mut self) -> Result<(), End> {
        let now = self.node.now();
        let Some(Unstored { since, retry_at, .. }) = self.care.unstored else { return Ok(()) };
        if now >= since + UNSTORED_MAX {
            return Err(End::StoreLost);
        }
        if now >= retry_at && !self.write_down_again().await? {
            self.keep_unstored();
        }
        Ok(())
    }

    /// Before this task ends although it is asked not to wait: sees that the store has the document, for as long as a drain
    /// may take.
    pub(super) async fn store_at_last(&mut self) {
        let gives_up_at = self.node.now() + DRAIN_FLUSH;
        if self.log.is_empty() && !self.care.is_unstored() {
            return;
        }
        loop {
            let stored =
                if self.care.is_unstored() { self.write_down_again().await } else { self.is_stored().await };
            match stored {
                // Somebody else has it, or nobody can work on it.
                Ok(true) | Err(_) => return,
                Ok(false) if self.node.now() >= gives_up_at => {
                    tracing::error!(document = %self.handle.key, "given up, and its store may lack what others were shown");
                    return;
                }
                Ok(false) => tokio::time::sleep(UNSTORED_RETRY_AT_END).await,
            }
        }
    }
}

/// Why a document could not be put into its store.
enum Failed {
    Store(DocumentsError),
    Ended(End),
}

impl From<DocumentsError> for Failed {
    fn from(error: DocumentsError) -> Self {
        Self::Store(error)
    }
}
