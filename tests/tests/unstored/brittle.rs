use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position, Unavailable};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use stores::memory::MemoryDocuments;
use tokio::sync::Notify;

/// Documents in the memory of a server that can be away, and can come back empty.
#[derive(Default)]
pub(crate) struct Brittle {
    life: Mutex<Life>,
    /// Calls that are yet to be refused.
    refusals: AtomicU64,
    refused: AtomicU64,
    interruption: Notify,
}

/// What the server has since it last started.
#[derive(Clone, Default)]
struct Life {
    documents: Arc<MemoryDocuments>,
    opened: Arc<Mutex<HashMap<DocumentKey, Generation>>>,
}

impl Brittle {
    pub(crate) fn goes_away(&self) {
        self.refuses_next(u64::MAX);
    }

    pub(crate) fn comes_back(&self) {
        self.refuses_next(0);
    }

    pub(crate) fn refuses_next(&self, calls: u64) {
        self.refusals.store(calls, Ordering::SeqCst);
    }

    /// Calls that were refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    pub(crate) fn loses_everything(&self) {
        *self.life.lock().unwrap() = Life::default();
    }

    pub(crate) fn interrupts(&self) {
        self.interruption.notify_one();
    }

    /// All that is stored of a document, which is changed in nothing.
    pub(crate) async fn peek(&self, document: &DocumentKey) -> Vec<u8> {
        let life = self.life.lock().unwrap().clone();
        let opened = life.opened.lock().unwrap().get(document).copied();
        let Some(generation) = opened else { return Vec::new() };
        life.documents.open(document, generation).await.unwrap().updates.concat()
    }

    fn answers(&self) -> Result<Life, DocumentsError> {
        let left = self.refusals.load(Ordering::SeqCst);
        if left > 0 {
            self.refused.fetch_add(1, Ordering::SeqCst);
            self.refusals.store(if left == u64::MAX { left } else { left - 1 }, Ordering::SeqCst);
            return Err(Unavailable::new("documents", "the store is away").into());
        }
        Ok(self.life.lock().unwrap().clone())
    }

    /// The server, where it knows the document as this generation opened it.
    fn knows(&self, document: &DocumentKey, asked: Generation) -> Result<Life, DocumentsError> {
        let life = self.answers()?;
        let opened = life.opened.lock().unwrap().get(document).copied();
        if opened.is_some_and(|opened| opened >= asked) { Ok(life) } else { Err(DocumentsError::Lost) }
    }

    /// The server, where the document's log reaches so far.
    async fn reaches(
        &self,
        document: &DocumentKey,
        asked: Generation,
        position: Position,
    ) -> Result<Life, DocumentsError> {
        let life = self.knows(document, asked)?;
        let end = life.documents.open(document, asked).await?.position;
        if end >= position { Ok(life) } else { Err(DocumentsError::Lost) }
    }
}

#[async_trait::async_trait]
impl Documents for Brittle {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let life = self.answers()?;
        let opened = life.documents.open(document, generation).await?;
        life.opened.lock().unwrap().insert(document.clone(), generation);
        Ok(opened)
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        self.reaches(document, generation, after)
            .await?
            .documents
            .append(document, generation, after, updates)
            .await
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        self.reaches(document, generation, through)
            .await?
            .documents
            .compact(document, generation, through, state)
            .await
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        self.reaches(document, generation, at).await?.documents.check(document, generation, at).await
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        self.knows(document, generation)?.documents.expire(document, generation).await
    }

    async fn interrupted(&self) {
        self.interruption.notified().await;
    }
}
