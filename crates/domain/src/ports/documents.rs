use super::Unavailable;
use crate::ids::{DocumentKey, Generation};
use bytes::Bytes;

/// How far a document's log reaches: the number of its last entry, 0 for none. Never falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(pub u64);

/// A document as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Yjs updates (encoding v1), oldest first; applied in this order they are the document.
    pub updates: Vec<Bytes>,
    /// Where the log ends.
    pub position: Position,
}

/// Why a document store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentsError {
    /// A later owner has opened the document; the asker must let go of it.
    #[error("the document was opened by generation {stored:?}, and {asked:?} is older")]
    Stale {
        /// The generation that the store has.
        stored: Generation,
        /// The generation of the asker.
        asked: Generation,
    },
    /// The store's answer is not known.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The content of documents: a log of updates that is now and then replaced by one encoded state.
///
/// # Contract
/// - [`Documents::open`] raises the document's generation to `generation` and returns all that is stored; after
///   it, whatever a lower generation asks is refused with [`DocumentsError::Stale`]. Opening again with the
///   same generation returns the document again.
/// - [`Documents::append`] stores all the updates of one call in order, or none. When it returns, they survive
///   the death of this process (`kill -9`); the adapter says when they survive the machine's.
///   After [`Unavailable`] they may or may not be stored; as Yjs updates are idempotent, appending again is safe.
/// - Appends of one document are made one after the other by its owner; of several documents at once.
/// - [`Documents::compact`] replaces every entry up to and including `through` by `state`, atomically, and keeps
///   what came after. May be repeated.
/// - [`Documents::expire`] says what becomes of the content when the document is released: by the adapter's
///   configuration it is kept, or dropped after a retention time.
#[async_trait::async_trait]
pub trait Documents: Send + Sync + 'static {
    /// Claims the document for `generation` and loads it.
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError>;

    /// Adds updates at the end of the log. Returns where the log ends now.
    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError>;

    /// Replaces the log up to `through` by one encoded state.
    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError>;

    /// Tells the store that the document was released by `generation`.
    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError>;
}
