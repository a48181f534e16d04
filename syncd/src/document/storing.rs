//! What the store has of an open document: appending to it, compacting it, archiving it, and writing it down again
//! where the store has lost it.

use super::task::{DocumentTask, End, heavy};
use crate::caps::{
    APPEND_PATIENCE, APPEND_RETRY, ARCHIVE_DEADLINE, ARCHIVE_RETRY, CHECK_RETRY, STORE_DEADLINE,
    UNSTORED_MAX, UNSTORED_RETRY,
};
use bytes::Bytes;
use domain::bounds::CHECK_EVERY;
use domain::close::CloseReason;
use domain::ports::{DocumentsError, LogBounds, Position, Unavailable};
use std::sync::Arc;
use std::time::Duration;

/// How much of the document's log has been written since it was one encoded state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    pub(super) position: Position,
    pub(super) entries: u64,
    pub(super) bytes: usize,
    /// Bytes of the state when it was last encoded for the store.
    pub(super) state_bytes: usize,
}

impl Log {
    /// The log of a document as it was loaded: one entry is its state, more are worth compacting.
    pub(super) fn loaded(position: Position, updates: &[Bytes]) -> Self {
        let bytes = updates.iter().map(Bytes::len).sum();
        match updates {
            [_] => Self { position, entries: 0, bytes: 0, state_bytes: bytes },
            _ => Self { position, entries: updates.len() as u64, bytes, state_bytes: 0 },
        }
    }

    fn is_empty(&self) -> bool {
        self.bytes == 0 && self.state_bytes == 0
    }

    fn appended(&mut self, position: Position, updates: &[Bytes]) {
        self.position = position;
        self.entries += 1;
        self.bytes += updates.iter().map(Bytes::len).sum::<usize>();
    }

    fn compacted(&mut self, position: Position, state_bytes: usize) {
        *self = Self { position, entries: 0, bytes: 0, state_bytes };
    }

    fn is_long(&self, bounds: LogBounds) -> bool {
        bounds.are_reached(self.entries, self.bytes, self.state_bytes)
    }
}

/// What is yet to be done for the document in its stores.
pub(super) struct Care {
    /// When the store is asked whether it still has the document.
    check_at: Duration,
    /// When the state is archived; `None` where the archive has it, or there is none.
    archive_at: Option<Duration>,
    unstored: Option<Unstored>,
}

/// The store can't be written to, or lacks what others were shown. Only this task has the document then.
struct Unstored {
    since: Duration,
    retry_at: Duration,
}

impl Care {
    pub(super) fn of(log: &Log, archive_every: Option<Duration>, now: Duration) -> Self {
        // Whoever had the document before may have been killed before its last state was archived.
        let archive_at = archive_every.filter(|_| !log.is_empty()).map(|every| now + every);
        Self { check_at: now + CHECK_EVERY, archive_at, unstored: None }
    }

    /// Whether what the task has is in no store.
    pub(super) fn is_unstored(&self) -> bool {
        self.unstored.is_some()
    }

    /// The next moment at which there is something to do.
    pub(super) fn next(&self) -> Duration {
        let due = self.unstored.as_ref().map_or(self.check_at, |unstored| unstored.retry_at);
        self.archive_at.map_or(due, |at| at.min(due))
    }
}

impl DocumentTask {
    /// Stores what the turn changed. Nothing of it may be sent unless this succeeds: where it can't be stored, the
    /// sessions are told to try again later, and the turn is empty.
    pub(super) async fn store(&mut self) -> Result<(), End> {
        if self.turn.appends.is_empty() || self.care.is_unstored() {
            return Ok(());
        }
        let began = self.node.now();
        match self.append(began).await {
            Ok(position) => self.log.appended(position, &self.turn.appends),
            Err(error) => self.repair(&error).await?,
        }
        if !self.care.is_unstored() {
            let now = self.node.now();
            self.node.metrics.append(now.saturating_sub(began), self.turn.appends.len());
            self.changed(now);
        }
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

    /// Does what can be done about a store's refusal to store.
    async fn repair(&mut self, error: &DocumentsError) -> Result<(), End> {
        tracing::warn!(document = %self.handle.key, %error, "the document could not be stored");
        match error {
            DocumentsError::Stale { .. } => Err(End::Moved),
            DocumentsError::Lost => self.write_down_again().await,
            DocumentsError::Unavailable(_) => {
                self.is_unstored();
                Ok(())
            }
        }
    }

    /// Gives the store the whole document, as it has lost what it had, or may lack what could not be appended.
    pub(super) async fn write_down_again(&mut self) -> Result<(), End> {
        let (state, documents) = (self.encoded_state()?, Arc::clone(&self.node.ports.documents));
        let state_bytes = state.len();
        let (key, generation) = (&self.handle.key, self.pin.generation);
        let open = async || match documents.open(key, generation).await {
            // What was left of it was no document, and is gone with that answer.
            Err(DocumentsError::Lost) => documents.open(key, generation).await,
            opened => opened,
        };
        // Appended, as that takes a position of its own: should the store lose it again, the next append finds out. It is
        // compacted next.
        let written = async {
            let end = open().await?.position;
            documents.append(key, generation, end, &[state]).await
        };
        match self.answered(written).await {
            Ok(position) => {
                tracing::warn!(document = %self.handle.key, state_bytes, "written down again as a whole");
                self.node.metrics.documents_rewritten.inc();
                self.log = Log { position, entries: 1, bytes: state_bytes, state_bytes: 0 };
                self.is_stored_again();
                Ok(())
            }
            Err(DocumentsError::Stale { .. }) => Err(End::Moved),
            Err(DocumentsError::Lost | DocumentsError::Unavailable(_)) => {
                self.is_unstored();
                Ok(())
            }
        }
    }

    /// Closes the sessions, as nothing can be stored for them, and keeps the document until it can.
    fn is_unstored(&mut self) {
        let now = self.node.now();
        let since = match &self.care.unstored {
            Some(unstored) => unstored.since,
            None => {
                self.node.metrics.documents_unstored.inc();
                now
            }
        };
        for session in self.members.close_all(&CloseReason::TryAgainLater) {
            self.document.leave(session, now);
        }
        self.unused_since.get_or_insert(now);
        // Nothing of the turn was stored, so nobody is told of it.
        self.turn.clear();
        let retry_at = now + UNSTORED_RETRY.mul_f64(0.75 + 0.5 * self.chance());
        self.care.unstored = Some(Unstored { since, retry_at });
    }

    fn is_stored_again(&mut self) {
        if self.care.unstored.take().is_some() {
            self.node.metrics.documents_unstored.dec();
            // Whoever was told to try again later is waited for.
            self.unused_since = Some(self.node.now());
        }
    }

    /// Does for the document in its stores what is due.
    pub(super) async fn look_after_stores(&mut self) -> Result<(), End> {
        let now = self.node.now();
        if let Some(Unstored { since, retry_at }) = self.care.unstored {
            if now >= since + UNSTORED_MAX {
                return Err(End::StoreLost);
            }
            return if now >= retry_at { self.write_down_again().await } else { Ok(()) };
        }
        if now >= self.care.check_at {
            self.check(now).await?;
        }
        if self.care.archive_at.is_some_and(|at| at <= now) {
            self.begin_archiving()?;
        }
        self.compact_if_long().await
    }

    /// The store may have lost something: it is asked within a second, so that not all documents ask at once.
    pub(super) fn check_soon(&mut self) {
        self.care.check_at = self.node.now() + CHECK_RETRY.mul_f64(self.chance());
    }

    async fn check(&mut self, now: Duration) -> Result<(), End> {
        let documents = &self.node.ports.documents;
        let check = documents.check(&self.handle.key, self.pin.generation, self.log.position);
        let checked = self.answered(check).await;
        self.care.check_at = now + CHECK_EVERY;
        match checked {
            Ok(()) => Ok(()),
            Err(DocumentsError::Unavailable(_)) => {
                self.care.check_at = now + CHECK_RETRY;
                Ok(())
            }
            Err(error) => self.repair(&error).await,
        }
    }

    async fn compact_if_long(&mut self) -> Result<(), End> {
        let is_long = self.log.is_long(self.node.ports.documents.log_bounds());
        if is_long && !self.care.is_unstored() { self.compact().await } else { Ok(()) }
    }

    /// Replaces the stored log by one encoded state.
    pub(super) async fn compact(&mut self) -> Result<(), End> {
        let state = self.encoded_state()?;
        let state_bytes = state.len();
        let documents = &self.node.ports.documents;
        let compaction = documents.compact(&self.handle.key, self.pin.generation, self.log.position, state);
        match self.answered(compaction).await {
            // What can't be compacted is still stored; the next long log tries again.
            Ok(()) | Err(DocumentsError::Unavailable(_)) => {
                self.log.compacted(self.log.position, state_bytes);
                Ok(())
            }
            Err(error) => self.repair(&error).await,
        }
    }

    fn changed(&mut self, now: Duration) {
        if let Some(every) = self.node.ports.documents.archive_every() {
            self.care.archive_at.get_or_insert(now + every);
        }
    }

    /// Archives the state in the background, so that nobody waits for the archive.
    fn begin_archiving(&mut self) -> Result<(), End> {
        self.care.archive_at = None;
        let (state, documents) = (self.encoded_state()?, Arc::clone(&self.node.ports.documents));
        let (handle, generation) = (self.handle.clone(), self.pin.generation);
        tokio::spawn(async move {
            let archiving = documents.archive(&handle.key, generation, state);
            handle.archived(within(ARCHIVE_DEADLINE, archiving).await);
        });
        Ok(())
    }

    /// What came of archiving.
    pub(super) fn archived(&mut self, outcome: Result<(), DocumentsError>) -> Result<(), End> {
        match outcome {
            Ok(()) => Ok(()),
            Err(DocumentsError::Stale { .. }) => Err(End::Moved),
            Err(error) => {
                self.could_not_archive(&error);
                self.care.archive_at.get_or_insert(self.node.now() + ARCHIVE_RETRY);
                Ok(())
            }
        }
    }

    /// Leaves the stores one encoded state, and tells them that the document is released.
    pub(super) async fn write_down(&mut self) {
        if self.care.is_unstored() {
            // The last chance: whatever comes of it, this task ends.
            let _ = self.write_down_again().await;
        } else if self.log.entries > 1 {
            // A log that was not compacted only takes longer to load.
            let _ = self.compact().await;
        }
        if self.care.archive_at.is_some()
            && let Ok(state) = self.encoded_state()
        {
            let archiving = self.node.ports.documents.archive(&self.handle.key, self.pin.generation, state);
            // Whoever wants the document next waits for this; an archive that takes longer goes on by itself.
            if let Err(error) = within(STORE_DEADLINE, archiving).await {
                self.could_not_archive(&error);
            }
        }
        let mut expired = self.expire().await;
        if expired == Err(DocumentsError::Lost) && self.write_down_again().await.is_ok() {
            expired = self.expire().await;
        }
        if let Err(error) = expired {
            tracing::warn!(document = %self.handle.key, %error, "the store was not told of the release");
        }
    }

    async fn expire(&self) -> Result<(), DocumentsError> {
        let documents = &self.node.ports.documents;
        within(STORE_DEADLINE, documents.expire(&self.handle.key, self.pin.generation)).await
    }

    fn could_not_archive(&self, error: &DocumentsError) {
        self.node.metrics.store_error("archive");
        tracing::warn!(document = %self.handle.key, %error, "the document could not be archived");
    }

    fn encoded_state(&mut self) -> Result<Bytes, End> {
        heavy(self.log.state_bytes, || self.document.encoded_state()).map_err(|_| End::Poisoned)
    }

    /// Waits for the store's answer, and notes whether there is one.
    async fn answered<T>(
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
    fn chance(&self) -> f64 {
        f64::from((self.node.ports.entropy.next_u64() >> 32) as u32) / f64::from(u32::MAX)
    }
}

async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = Result<T, DocumentsError>>,
) -> Result<T, DocumentsError> {
    let answered = tokio::time::timeout(deadline, answer).await;
    answered.unwrap_or_else(|_| Err(Unavailable::new("documents", "no answer in time").into()))
}
