use super::given_up::Why;
use super::late::Release;
use super::objects::Archive;
use super::retrying::Stores;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, LogBounds, Opened, Position};
use std::sync::Arc;
use std::time::Duration;

/// A document store with an archive behind it: what the store has dropped, or never had, is loaded from there.
///
/// **Opening.** A document of which the inner store has nothing is looked for in the archive, and what is found is written
/// into the inner store, where the next owner finds it. If the archive can't be reached then, the document does
/// not open: it might exist. An owner who was told [`DocumentsError::Lost`] opens without the archive, as he has the document.
///
/// **Archiving.** The object is looked at, the inner store is asked whether the generation still owns the document, and
/// only then is the object replaced, if it is still what was seen (`If-Match`, or `If-None-Match` of a new one). So a put of
/// an earlier owner that arrives late can't replace what a later one has put. A folder can't compare: there, and on a
/// store that is configured not to (`AWS_CONDITIONAL_PUT=disabled`), an earlier owner whose node stands still
/// between the check and the put can replace a later state by his; the later owner's next put mends it, and until then the inner
/// store, which has the later state, goes before the archive.
///
/// **A put that fails**, or whose asker no longer waits, is tried again in the background, with the newest state of each
/// document, within bounds of documents, bytes and hours. Until it succeeds the inner store is not told that the
/// document was released, and is asked to keep it now and then. Where it is given up, an error in the log says so, and the
/// inner store drops the document after as long as it keeps what nobody looks after. What waits when the process ends
/// is in the inner store alone, for as long.
///
/// **An older inner store.** What the inner store has goes before the archive. So an inner store that was restored from an
/// old copy of itself brings old documents back, and as they are released their older states replace the newer objects: only
/// the versions that a bucket keeps have those. Empty it instead, and documents open from the archive.
pub struct ArchivedDocuments {
    stores: Arc<Stores>,
    every: Duration,
}

impl ArchivedDocuments {
    /// Puts an archive behind `inner`. The state of a document that changes is to be archived once in `every`.
    #[must_use]
    pub fn new(inner: Arc<dyn Documents>, archive: Archive, every: Duration) -> Self {
        Self { stores: Arc::new(Stores::new(inner, archive)), every }
    }

    /// The newest state outside the inner store: one that waits to be archived, or the archived one.
    async fn outlived(
        &self,
        document: &DocumentKey,
        late: Option<Bytes>,
    ) -> Result<Option<Bytes>, DocumentsError> {
        match late {
            Some(state) => Ok(Some(state)),
            None => Ok(self.stores.archive.read(document).await?),
        }
    }
}

#[async_trait::async_trait]
impl Documents for ArchivedDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        // Whoever is told of a loss here may lack the document, and finds it in the archive when he opens it again: so
        // that is not noted.
        let opened = self.stores.inner.open(document, generation).await?;
        let late = self.stores.late.lock().adopt(document, generation);
        let comes_back = self.stores.lost.comes_back(document, generation);
        if comes_back || !opened.updates.is_empty() {
            return Ok(opened);
        }
        let Some(state) = self.outlived(document, late).await? else { return Ok(opened) };
        let restored = self.stores.inner.restore(document, generation, opened.position, state.clone());
        Ok(Opened { position: restored.await?, updates: vec![state] })
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        let answer = self.stores.inner.append(document, generation, after, updates).await;
        self.stores.lost.heard(document, generation, answer)
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let answer = self.stores.inner.compact(document, generation, through, state).await;
        self.stores.lost.heard(document, generation, answer)
    }

    async fn restore(
        &self,
        document: &DocumentKey,
        generation: Generation,
        above: Position,
        state: Bytes,
    ) -> Result<Position, DocumentsError> {
        let answer = self.stores.inner.restore(document, generation, above, state).await;
        self.stores.lost.heard(document, generation, answer)
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        let answer = self.stores.inner.check(document, generation, at).await;
        self.stores.lost.heard(document, generation, answer)
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        let release = self.stores.late.lock().release(document, generation);
        match release {
            Release::Archived => {
                let answer = self.stores.inner.expire(document, generation).await;
                self.stores.lost.heard(document, generation, answer)
            }
            Release::Later => Ok(()),
            Release::Never => {
                self.stores.given_up.note(document, Why::Released, None);
                Ok(())
            }
        }
    }

    async fn archive(
        &self,
        document: &DocumentKey,
        generation: Generation,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let answer = self.stores.archive(document, generation, state).await;
        if answer == Err(DocumentsError::Lost) {
            self.stores.lost.note(document, generation);
        }
        answer
    }

    fn archive_every(&self) -> Option<Duration> {
        Some(self.every)
    }

    fn log_bounds(&self) -> LogBounds {
        self.stores.inner.log_bounds()
    }

    async fn interrupted(&self) {
        self.stores.inner.interrupted().await;
    }
}
