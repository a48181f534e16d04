use super::checkpoints::Checkpoints;
use super::journal::{self, Journal};
use super::pending::Pending;
use super::recent::Recent;
use super::request::Request;
use super::table::Table;
use super::writer::{Timing, Writer};
use crate::AtRelease;
use domain::ids::Generation;
use domain::ports::Unavailable;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::{Receiver, WeakSender};

/// Why the documents in a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Another process has them.
    #[error("the documents in {} are in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system refuses something.
    #[error("cannot use the documents in {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The table can't be read or written.
    #[error("cannot open the document table in {}: {cause}", path.display())]
    Table {
        /// The folder.
        path: PathBuf,
        /// What the table's library said.
        cause: String,
    },
}

/// A folder that is this process's as long as it lives.
pub(super) struct FolderLock(#[expect(dead_code, reason = "held, not read")] File);

impl FolderLock {
    /// Makes the folder if there is none, and takes it.
    pub(super) fn take(path: &Path) -> Result<Self, DiskError> {
        let folder_error = |source| DiskError::Folder { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(folder_error)?;
        let file = File::create(path.join("lock")).map_err(folder_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(DiskError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(folder_error(source)),
        }
    }
}

/// The writer and the thread of its checkpoints. Dropping them waits for their end, which comes when the
/// writer's queue is closed.
pub(super) struct Threads {
    writer_first: [Option<JoinHandle<()>>; 2],
}

impl Drop for Threads {
    fn drop(&mut self) {
        for thread in self.writer_first.iter_mut().filter_map(Option::take) {
            if thread.join().is_err() {
                tracing::error!("a thread of the document store panicked");
            }
        }
    }
}

/// Brings the table up to date with what a predecessor left in journals. Returns it with a new journal.
pub(super) fn recover(path: &Path) -> Result<(Table, Journal), DiskError> {
    let folder_error = |source| DiskError::Folder { path: path.to_owned(), source };
    let table_error = |cause| DiskError::Table { path: path.to_owned(), cause };
    let table = Table::open(&path.join("documents.redb")).map_err(|error| table_error(error.to_string()))?;
    let numbers = journal::numbers(path).map_err(folder_error)?;
    let pending = replay(path, &numbers).map_err(folder_error)?;
    if !pending.is_empty() {
        table.write(&pending).map_err(|unavailable| table_error(unavailable.cause))?;
    }
    let last = numbers.last().copied().unwrap_or(0);
    journal::remove_through(path, last).map_err(folder_error)?;
    let journal = Journal::begin(path, last + 1).map_err(folder_error)?;
    Ok((table, journal))
}

/// The lowest generation above all that the table knows.
pub(super) fn first_generation(path: &Path, table: &Table) -> Result<Generation, DiskError> {
    match table.highest_generation() {
        Ok(highest) => Ok(Generation(highest.saturating_add(1))),
        Err(Unavailable { cause, .. }) => Err(DiskError::Table { path: path.to_owned(), cause }),
    }
}

/// Starts the two threads that serve `queue`; `waker` is its other end.
pub(super) fn serve(
    path: &Path,
    retention: AtRelease,
    (table, journal): (Table, Journal),
    queue: Receiver<Request>,
    waker: WeakSender<Request>,
) -> Result<Threads, DiskError> {
    let (folder, table) = (path.to_owned(), Arc::new(table));
    let (commands, commands_in) = mpsc::channel();
    let (outcomes_out, outcomes) = mpsc::channel();
    let checkpoints = Checkpoints {
        folder: folder.clone(),
        table: table.clone(),
        commands: commands_in,
        outcomes: outcomes_out,
        writer: waker,
    };
    let recent = Recent::new(table.clone());
    let (timing, checkpoint) = (Timing::default(), None);
    let writer =
        Writer { folder, retention, table, journal, recent, queue, commands, outcomes, timing, checkpoint };
    let folder_error = |source| DiskError::Folder { path: path.to_owned(), source };
    let checkpoints = spawn("checkpoints", move || checkpoints.run()).map_err(folder_error)?;
    let writer = spawn("documents", move || writer.run()).map_err(folder_error)?;
    Ok(Threads { writer_first: [Some(writer), Some(checkpoints)] })
}

fn replay(path: &Path, numbers: &[u64]) -> io::Result<Pending> {
    let mut pending = Pending::default();
    for number in numbers {
        journal::read(path, *number)?.for_each(|record| pending.apply(record));
    }
    Ok(pending)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}
