use super::key::StoredKey;
use super::pending::PendingDocument;
use super::table::Reading;
use bytes::Bytes;
use domain::ids::Generation;
use domain::ports::{DocumentsError, Position};
use tokio::sync::oneshot;

/// Where an answer goes; whoever asked may have gone away.
pub(super) type Reply<T> = oneshot::Sender<Result<T, DocumentsError>>;

/// What is asked of the writer.
pub(super) enum Request {
    /// Of `Documents::open`.
    Open { key: StoredKey, generation: Generation, reply: Reply<Opening> },
    /// Of `Documents::append`; no entry where there are no updates.
    Append { key: StoredKey, generation: Generation, entry: Option<Bytes>, reply: Reply<Position> },
    /// Of `Documents::compact`.
    Compact { key: StoredKey, generation: Generation, through: Position, state: Bytes, reply: Reply<()> },
    /// Of `Documents::check`.
    Check { key: StoredKey, generation: Generation, reply: Reply<()> },
    /// Of `Documents::expire`.
    Expire { key: StoredKey, generation: Generation, reply: Reply<()> },
    /// Something other than a request may be due.
    Wake,
}

/// A document at the moment when it was opened.
pub(super) struct Opening {
    /// The table at that moment; `None` where it has nothing of the document.
    pub(super) reading: Option<Reading>,
    /// What is not in the table yet, oldest first.
    pub(super) layers: Vec<PendingDocument>,
}
