use super::Unavailable;
use crate::ids::{DocumentKey, Generation};
use bytes::Bytes;
use std::time::Duration;

/// How far a document's log reaches: the number of its last entry, 0 for none. Falls only where a store has lost
/// what it had acknowledged.
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
    /// The store does not have all that it had acknowledged: it was restarted empty, or an older copy of it has taken
    /// over. The owner still has the document, and must write it down again: [`Documents::open`], then
    /// [`Documents::restore`] with its whole state.
    #[error("the store has lost what it had of the document")]
    Lost,
    /// The store's answer is not known.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// How much a document's log may grow before its owner replaces it by one encoded state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// Bytes of a log that is worth no compaction, however small the state is.
    pub bytes: usize,
    /// Where the state is larger than so many times [`LogBounds::bytes`], the log may have its part of the state's
    /// size. At least 1.
    pub state_parts: usize,
    /// Bytes that an entry takes beside its updates.
    pub entry_bytes: usize,
    /// Entries.
    pub entries: u64,
}

impl LogBounds {
    /// For a log on a disk, where room costs little and a start reads it at once.
    pub const ON_DISK: Self = Self { bytes: 1024 * 1024, state_parts: 1, entry_bytes: 0, entries: 4096 };

    /// Whether a log of so many entries and bytes of updates is worth compacting, where the state had `state_bytes`
    /// when it was last encoded.
    #[must_use]
    pub fn are_reached(self, entries: u64, bytes: usize, state_bytes: usize) -> bool {
        let overhead = self.entry_bytes.saturating_mul(usize::try_from(entries).unwrap_or(usize::MAX));
        let bytes_max = self.bytes.max(state_bytes / self.state_parts.max(1));
        entries >= self.entries || bytes.saturating_add(overhead) >= bytes_max
    }
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
/// - A store that can lose what it has acknowledged says [`DocumentsError::Lost`] to whoever appends after, compacts
///   through or checks a position that its log does not reach, or has not opened the document as the store has it.
/// - Where parts of what is stored are missing, so that it is no earlier copy either, the first call that finds it says
///   [`DocumentsError::Lost`], [`Documents::open`] and, of a document that is to be kept, [`Documents::expire`]
///   included. Later ones have what is left of the document, or nothing.
/// - [`Documents::compact`] replaces every entry up to and including `through` by `state`, atomically, and keeps
///   what came after. May be repeated.
/// - [`Documents::restore`] replaces all that is stored by one state, atomically or, in a store that loses nothing, so
///   that the state is there before anything is replaced. Its position is above the log's end and above `above`: a call
///   from before it names a position that is out of date, and a second loss is noticed.
/// - [`Documents::check`] changes nothing, but that the store may drop a document by itself that nobody has
///   appended to or checked for [`CHECK_EVERY`](crate::bounds::CHECK_EVERY) many times over.
/// - [`Documents::interrupted`] returns when the store may have lost something since it was called. The owner of
///   open documents then checks each.
/// - [`Documents::archive`] keeps the document's encoded state where it outlives the store, where there is such a
///   place; then [`Documents::archive_every`] says how often, beside at its release.
/// - [`Documents::expire`] says what becomes of the content when the document is released: by the adapter's
///   configuration it is kept, or dropped after a retention time.
#[async_trait::async_trait]
pub trait Documents: Send + Sync + 'static {
    /// Claims the document for `generation` and loads it.
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError>;

    /// Adds updates at the end of the log, which the caller knows to reach `after` at least. Returns where the log
    /// ends now.
    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
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

    /// Gives the store the whole document again, as it lacks what reached to `above`. The asker has opened it. Returns
    /// where the log ends now.
    async fn restore(
        &self,
        document: &DocumentKey,
        generation: Generation,
        _above: Position,
        state: Bytes,
    ) -> Result<Position, DocumentsError> {
        let end = self.append(document, generation, Position(0), std::slice::from_ref(&state)).await?;
        self.compact(document, generation, end, state).await?;
        Ok(end)
    }

    /// Finds out whether the store has the open document up to `at`, and keeps it there.
    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError>;

    /// Tells the store that the document was released by `generation`.
    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError>;

    /// Keeps the document's encoded state beyond the store's own retention. A state that is asked to be kept while an
    /// earlier one of the document is on its way follows it. Whoever stops waiting may be told nothing, and it goes on.
    async fn archive(
        &self,
        _document: &DocumentKey,
        _generation: Generation,
        _state: Bytes,
    ) -> Result<(), DocumentsError> {
        Ok(())
    }

    /// How often the state of a document that changes is archived; `None` where there is no archive.
    fn archive_every(&self) -> Option<Duration> {
        None
    }

    /// When a log is worth compacting.
    fn log_bounds(&self) -> LogBounds {
        LogBounds::ON_DISK
    }

    /// Waits until the store may have lost something. A store that can't never returns.
    async fn interrupted(&self) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_long_by_its_entries_its_bytes_or_its_part_of_the_state() {
        let bounds = LogBounds { bytes: 1_000, state_parts: 2, entry_bytes: 10, entries: 50 };
        for (entries, bytes, state_bytes, reached) in [
            (0, 0, 0, false),
            (1, 989, 0, false),
            (1, 990, 0, true),
            (1, 990, 2_000, true),
            (1, 990, 2_002, false),
            (1, 49_990, 100_000, true),
            (49, 0, 0, false),
            (50, 0, 100_000, true),
            (u64::MAX, usize::MAX, usize::MAX, true),
        ] {
            assert_eq!(
                bounds.are_reached(entries, bytes, state_bytes),
                reached,
                "{entries} {bytes} {state_bytes}"
            );
        }
    }
}
