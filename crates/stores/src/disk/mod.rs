//! Documents on a disk of this machine; and usage, in [`DiskUsage`].
//!
//! A change goes to a journal first, in one write together with all that wait at that moment, and is
//! acknowledged when the operating system has it: it survives `kill -9` of the process from then on. Within a
//! second all changes of the journal go together into a table (an embedded B-tree), which syncs them to the
//! device: from then on they survive the machine's death. Then the journal is deleted.
//!
//! So an append waits for no device, a start reads at most the last seconds of the journal, and memory holds
//! the changes of the last second, 8 MiB of the table's pages, and the heads of documents in use.
//!
//! A folder belongs to one process. In it: `lock`, `documents.redb`, and `journal-N`.

mod batch;
mod checkpoints;
mod entry;
mod head;
mod journal;
mod key;
mod pending;
mod recent;
mod record;
mod request;
mod start;
mod table;
mod usage;
mod writer;

use crate::AtRelease;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position, Unavailable};
use key::StoredKey;
use pending::PendingDocument;
use request::{Opening, Reply, Request};
use start::{FolderLock, Threads};
use std::path::Path;
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use start::DiskError;
pub use usage::{DiskUsage, UsageFileError};

/// Requests that wait for the writer; more wait in their own tasks.
const QUEUE: usize = 1024;
/// Documents that are loaded at once, each on a thread for blocking work.
const LOADS: usize = 4;

/// The content of documents in a folder.
///
/// Must be used within a tokio runtime. Dropping it waits until all changes are synced to the device.
pub struct DiskDocuments {
    // In this order they are dropped: the threads end when no request can come, and the folder is
    // free when they have.
    queue: mpsc::Sender<Request>,
    _threads: Threads,
    _lock: FolderLock,
    loads: Semaphore,
    first_generation: Generation,
}

impl DiskDocuments {
    /// The documents in the folder at `path`, which is made if there is none. Documents that are released keep
    /// their content.
    ///
    /// # Errors
    /// [`DiskError::InUse`] where another process has the folder, and what else is in the way.
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        Self::open_with_retention(path, AtRelease::Kept)
    }

    /// The documents in the folder at `path`.
    ///
    /// # Errors
    /// As [`DiskDocuments::open`].
    pub fn open_with_retention(path: &Path, retention: AtRelease) -> Result<Self, DiskError> {
        let lock = FolderLock::take(path)?;
        let (queue, requests) = mpsc::channel(QUEUE);
        let (table, journal) = start::recover(path)?;
        let first_generation = start::first_generation(path, &table)?;
        let threads = start::serve(path, retention, (table, journal), requests, queue.downgrade())?;
        let loads = Semaphore::new(LOADS);
        Ok(Self { queue, _threads: threads, _lock: lock, loads, first_generation })
    }

    /// A generation above all that any document here was opened by before this store was: where pins begin that
    /// do not outlive the process (`MemoryPins::new`).
    #[must_use]
    pub fn first_generation(&self) -> Generation {
        self.first_generation
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, DocumentsError> {
        let gone = || Unavailable::new("documents", "the writer has ended");
        let (reply, answer) = oneshot::channel();
        self.queue.send(request(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

#[async_trait::async_trait]
impl Documents for DiskDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let key = StoredKey::of(document);
        let _load = self.loads.acquire().await.map_err(|error| Unavailable::new("documents", error))?;
        let opening = self.ask(|reply| Request::Open { key: key.clone(), generation, reply }).await?;
        Ok(load(opening, key).await?)
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        _after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        let key = StoredKey::of(document);
        let entry = (!updates.is_empty()).then(|| entry::encode(updates));
        self.ask(|reply| Request::Append { key, generation, entry, reply }).await
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let key = StoredKey::of(document);
        self.ask(|reply| Request::Compact { key, generation, through, state, reply }).await
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        _at: Position,
    ) -> Result<(), DocumentsError> {
        let key = StoredKey::of(document);
        self.ask(|reply| Request::Check { key, generation, reply }).await
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        let key = StoredKey::of(document);
        self.ask(|reply| Request::Expire { key, generation, reply }).await
    }
}

async fn load(opening: Opening, key: StoredKey) -> Result<Opened, Unavailable> {
    let beneath = match opening.reading {
        None => PendingDocument::default(),
        Some(reading) => {
            let load = tokio::task::spawn_blocking(move || reading.document(&key));
            load.await.map_err(|error| Unavailable::new("documents", error))??
        }
    };
    opened(opening.layers.into_iter().fold(beneath, PendingDocument::followed_by))
}

fn opened(document: PendingDocument) -> Result<Opened, Unavailable> {
    let position = Position(document.head.map_or(0, |head| head.end));
    let mut updates = Vec::from_iter(document.state);
    for (at, entry) in document.entries {
        let unreadable = || Unavailable::new("documents", format!("entry {at} can't be read"));
        updates.extend(entry::decode(entry).ok_or_else(unreadable)?);
    }
    Ok(Opened { updates, position })
}
