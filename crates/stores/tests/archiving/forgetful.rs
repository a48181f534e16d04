use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use stores::AtRelease;
use stores::memory::MemoryDocuments;
use tokio::sync::watch;

const RELEASED_WITHIN: Duration = Duration::from_secs(120);

/// Documents in memory, dropped at release, that can be lost as a server loses them that is restarted empty; and that
/// remembers what was released.
pub(crate) struct ForgetfulDocuments {
    kept: Mutex<Kept>,
    released: watch::Sender<Vec<String>>,
}

struct Kept {
    documents: Arc<MemoryDocuments>,
    known: HashSet<DocumentKey>,
}

impl Default for ForgetfulDocuments {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept::empty()), released: watch::channel(Vec::new()).0 }
    }
}

impl Kept {
    fn empty() -> Self {
        let documents = Arc::new(MemoryDocuments::with_retention(AtRelease::Dropped));
        Self { documents, known: HashSet::new() }
    }
}

impl ForgetfulDocuments {
    /// Loses everything.
    pub(crate) fn forget(&self) {
        *self.kept.lock() = Kept::empty();
    }

    /// The names of the documents that were released, in order.
    pub(crate) fn released(&self) -> Vec<String> {
        self.released.borrow().clone()
    }

    /// Waits until a document is released.
    ///
    /// # Panics
    /// Where that takes longer than the longest pause between two tries.
    pub(crate) async fn until_released(&self, name: &str) {
        let mut released = self.released.subscribe();
        let comes = released.wait_for(|released| released.iter().any(|of| of == name));
        drop(tokio::time::timeout(RELEASED_WITHIN, comes).await.unwrap().unwrap());
    }

    fn known(&self, document: &DocumentKey) -> Result<Arc<MemoryDocuments>, DocumentsError> {
        let kept = self.kept.lock();
        let known = kept.known.contains(document);
        known.then(|| kept.documents.clone()).ok_or(DocumentsError::Lost)
    }
}

#[async_trait::async_trait]
impl Documents for ForgetfulDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let documents = {
            let mut kept = self.kept.lock();
            kept.known.insert(document.clone());
            kept.documents.clone()
        };
        documents.open(document, generation).await
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        self.known(document)?.append(document, generation, after, updates).await
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        self.known(document)?.compact(document, generation, through, state).await
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        self.known(document)?.check(document, generation, at).await
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        self.known(document)?.expire(document, generation).await?;
        self.released.send_modify(|released| released.push(document.name.as_str().to_owned()));
        Ok(())
    }
}
