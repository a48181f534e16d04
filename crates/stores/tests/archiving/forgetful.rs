use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stores::AtRelease;
use stores::memory::MemoryDocuments;
use tokio::sync::watch;

const RELEASED_WITHIN: Duration = Duration::from_secs(120);

/// Documents in memory, dropped at release, that can be lost: as a server loses them that is restarted empty, or as a
/// replica that lacks the last writes. Remembers what was released.
pub(crate) struct ForgetfulDocuments {
    kept: Mutex<Kept>,
    released: watch::Sender<Vec<String>>,
    checks: AtomicUsize,
}

struct Kept {
    documents: Arc<MemoryDocuments>,
    known: HashSet<DocumentKey>,
    /// Of which the next to open them is told that parts are missing.
    damaged: HashSet<DocumentKey>,
}

impl Default for ForgetfulDocuments {
    fn default() -> Self {
        Self {
            kept: Mutex::new(Kept::empty()),
            released: watch::channel(Vec::new()).0,
            checks: AtomicUsize::new(0),
        }
    }
}

impl Kept {
    fn empty() -> Self {
        let documents = Arc::new(MemoryDocuments::with_retention(AtRelease::Dropped));
        Self { documents, known: HashSet::new(), damaged: HashSet::new() }
    }
}

impl ForgetfulDocuments {
    /// Loses everything.
    pub(crate) fn forget(&self) {
        *self.kept.lock() = Kept::empty();
    }

    /// Loses what documents hold, and not who has opened them.
    pub(crate) fn forget_contents(&self) {
        let mut kept = self.kept.lock();
        let known = std::mem::take(&mut kept.known);
        *kept = Kept { known, ..Kept::empty() };
    }

    /// Loses parts of a document: whoever opens it next is told so, and later ones find nothing.
    pub(crate) fn damage(&self, document: &DocumentKey) {
        self.forget();
        self.kept.lock().damaged.insert(document.clone());
    }

    /// How often it was asked whether it has a document.
    pub(crate) fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
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

    /// The documents, if the log of this one reaches so far.
    async fn reaching(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<Arc<MemoryDocuments>, DocumentsError> {
        let documents = self.known(document)?;
        let end = documents.open(document, generation).await?.position;
        if at <= end { Ok(documents) } else { Err(DocumentsError::Lost) }
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
            if kept.damaged.remove(document) {
                return Err(DocumentsError::Lost);
            }
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
        self.reaching(document, generation, after).await?.append(document, generation, after, updates).await
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        self.reaching(document, generation, through)
            .await?
            .compact(document, generation, through, state)
            .await
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.reaching(document, generation, at).await?.check(document, generation, at).await
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        self.known(document)?.expire(document, generation).await?;
        self.released.send_modify(|released| released.push(document.name.as_str().to_owned()));
        Ok(())
    }
}
