//! Keeping an open document's state in the archive, where there is one.

use super::storing::within;
use super::task::{DocumentTask, End};
use crate::caps::{ARCHIVE_DEADLINE, ARCHIVE_RETRY, STORE_DEADLINE};
use domain::ports::DocumentsError;
use std::sync::Arc;
use std::time::Duration;

impl DocumentTask {
    /// The document has changed: it is archived within the time that the operator chose.
    pub(super) fn archive_later(&mut self, now: Duration) {
        if let Some(every) = self.node.ports.documents.archive_every() {
            self.care.archive_at.get_or_insert(now + every);
        }
    }

    /// The document was loaded. Whoever had it before may have been killed before its last state was archived; many that
    /// are taken over at once are archived at different moments.
    pub(super) fn archive_what_was_loaded(&mut self) {
        if let (Some(every), false) = (self.node.ports.documents.archive_every(), self.log.is_empty()) {
            self.care.archive_at = Some(self.node.now() + every.mul_f64(0.5 + 0.5 * self.chance()));
        }
    }

    /// Archives the state in the background, so that nobody waits for the archive.
    pub(super) fn begin_archiving(&mut self) -> Result<(), End> {
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
            Ok(()) => return Ok(()),
            Err(DocumentsError::Stale { asked, .. }) if asked == self.pin.generation => {
                return Err(End::Moved);
            }
            // It was asked for under an earlier pin of this same task.
            Err(DocumentsError::Stale { .. }) => {}
            Err(error) => self.could_not_archive(&error),
        }
        self.care.archive_at.get_or_insert(self.node.now() + ARCHIVE_RETRY);
        Ok(())
    }

    /// Archives what is not archived yet, before the document is released. Whoever wants the document next waits for
    /// this; an archive that takes longer goes on by itself.
    pub(super) async fn archive_at_last(&mut self) {
        if self.care.archive_at.is_some()
            && let Ok(state) = self.encoded_state()
        {
            let archiving = self.node.ports.documents.archive(&self.handle.key, self.pin.generation, state);
            if let Err(error) = within(STORE_DEADLINE, archiving).await {
                self.could_not_archive(&error);
            }
        }
    }

    /// The archive's own lines say more, and not so often.
    fn could_not_archive(&self, error: &DocumentsError) {
        self.node.metrics.store_error("archive");
        tracing::debug!(document = %self.handle.key, %error, "the document could not be archived");
    }
}
