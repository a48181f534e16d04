//! What the store has of an open document: appending to it, compacting it, and finding out whether it is still there.

use super::task::{DocumentTask, End, heavy};
use crate::caps::{APPEND_PATIENCE, APPEND_RETRY, CHECK_RETRY, COMPACT_RETRY, STORE_DEADLINE};
use bytes::Bytes;
use domain::bounds::CHECK_EVERY;
use domain::ports::{DocumentsError, Position, Unavailable};
use std::time::Duration;

impl DocumentTask {
    /// Stores what the turn changed. Nothing of it may be sent unless this succeeds: where it can't be stored, the
    /// sessions are told to try again later, and the turn is empty.
    pub(super) async fn store(&mut self) -> Result<(), End> {
        if self.turn.appends.is_empty() || self.care.is_unstored() {
            // What an op brought that waits for others is not stored before those come.
            if self.tally.has_applied() {
                self.tally.stored(self.node.now());
            }
            return Ok(());
        }
        let began = self.node.now();
        match self.append(began).await {
            Ok(position) => self.log.appended(position, &self.turn.appends),
            Err(DocumentsError::Stale { .. }) => return Err(End::Moved),
            Err(error) => {
                tracing::warn!(document = %self.handle.key, %error, "the document could not be stored");
                let is_lost = error == DocumentsError::Lost;
                if !(is_lost && self.write_down_again().await?) {
                    self.keep_unstored();
                    return Ok(());
                }
            }
        }
        let now = self.node.now();
        self.node.metrics.append(now.saturating_sub(began), self.turn.appends.len());
        self.tally.stored(now);
        self.archive_later(now);
        Ok(())
    }

    /// Appends the turn's updates, for as long as a store may take to come back without anybody noticing.
    async fn append(&self, began: Duration) -> Result<Position, DocumentsError> {
        let documents = &self.node.ports.documents;
        let (generation, after) = (self.pin.generation, self.log.position);
        loop {
            let append = documents.append(&self.handle.key, generation, after, &self.turn.appends);
            match self.answered(append).await {
                Err(DocumentsError::Unavailable(_)) if self.node.now() < began + APPEND_PATIENCE => {
                    tokio::time::sleep(APPEND_RETRY).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Does for the document in its stores what is due.
    pub(super) async fn look_after_stores(&mut self) -> Result<(), End> {
        if self.care.is_unstored() {
            return self.try_to_store().await;
        }
        let now = self.node.now();
        if now >= self.care.check_at {
            self.check().await?;
        }
        if self.care.archive_at.is_some_and(|at| at <= now) {
            self.begin_archiving()?;
        }
        let is_long = self.log.is_long(self.node.ports.documents.log_bounds());
        if is_long && now >= self.care.compact_from { self.compact().await } else { Ok(()) }
    }

    /// The store may have lost something, or is back: it is asked within a second, so that not all documents ask at once.
    pub(super) fn check_soon(&mut self) {
        let soon = self.node.now() + CHECK_RETRY.mul_f64(self.chance());
        self.care.look_at(soon);
    }

    /// Asks the store whether it has the document, and gives it what it lacks. Where that does not succeed it is tried again
    /// soon: whoever only reads goes on meanwhile.
    async fn check(&mut self) -> Result<(), End> {
        let is_there = self.is_stored().await?;
        let next = if is_there { CHECK_EVERY } else { CHECK_RETRY };
        self.care.check_at = self.node.now() + next;
        Ok(())
    }

    /// Whether the store has all of the document, if need be because it was given it again.
    pub(super) async fn is_stored(&mut self) -> Result<bool, End> {
        let documents = &self.node.ports.documents;
        let check = documents.check(&self.handle.key, self.pin.generation, self.log.position);
        match self.answered(check).await {
            Ok(()) => Ok(true),
            Err(DocumentsError::Stale { .. }) => Err(End::Moved),
            Err(DocumentsError::Lost) => self.write_down_again().await,
            Err(DocumentsError::Unavailable(_)) => Ok(false),
        }
    }

    /// Replaces the stored log by one encoded state.
    pub(super) async fn compact(&mut self) -> Result<(), End> {
        let state = self.encoded_state()?;
        let state_bytes = state.len();
        let documents = &self.node.ports.documents;
        let compaction = documents.compact(&self.handle.key, self.pin.generation, self.log.position, state);
        match self.answered(compaction).await {
            Ok(()) => self.log.compacted(self.log.position, state_bytes),
            Err(DocumentsError::Stale { .. }) => return Err(End::Moved),
            Err(DocumentsError::Lost) => self.check_soon(),
            // What can't be compacted is still stored.
            Err(DocumentsError::Unavailable(_)) => self.care.compact_from = self.node.now() + COMPACT_RETRY,
        }
        Ok(())
    }

    /// Leaves the stores one encoded state, and tells them that the document is released.
    pub(super) async fn write_down(&mut self) {
        if self.log.entries > 1 {
            // A log that was not compacted only takes longer to load.
            let _ = self.compact().await;
        }
        self.archive_at_last().await;
        let documents = &self.node.ports.documents;
        let expiry = documents.expire(&self.handle.key, self.pin.generation);
        let mut expired = self.answered(expiry).await;
        if expired == Err(DocumentsError::Lost) && matches!(self.write_down_again().await, Ok(true)) {
            let documents = &self.node.ports.documents;
            expired = self.answered(documents.expire(&self.handle.key, self.pin.generation)).await;
        }
        if let Err(error) = expired {
            tracing::warn!(document = %self.handle.key, %error, "the store was not told of the release");
        }
    }

    pub(super) fn encoded_state(&mut self) -> Result<Bytes, End> {
        heavy(self.log.state_bytes, || self.document.encoded_state()).map_err(|_| End::Poisoned)
    }

    /// Waits for the store's answer, and notes whether there is one.
    pub(super) async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, DocumentsError>>,
    ) -> Result<T, DocumentsError> {
        let outcome = within(STORE_DEADLINE, answer).await;
        let answers = !matches!(outcome, Err(DocumentsError::Unavailable(_)));
        self.node.documents_answer.note(answers, self.node.now());
        outcome.inspect_err(|error| {
            self.node.metrics.store_error("documents");
            // A line for each try of each document would be all that a log holds while a store is away.
            tracing::debug!(document = %self.handle.key, %error, "the document store has not done it");
        })
    }

    /// A number from 0 to 1 that other documents don't draw too.
    pub(super) fn chance(&self) -> f64 {
        f64::from((self.node.ports.entropy.next_u64() >> 32) as u32) / f64::from(u32::MAX)
    }
}

/// An answer of the document store, or that it did not come in time.
pub(super) async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = Result<T, DocumentsError>>,
) -> Result<T, DocumentsError> {
    let answered = tokio::time::timeout(deadline, answer).await;
    answered.unwrap_or_else(|_| Err(Unavailable::new("documents", "no answer in time").into()))
}
