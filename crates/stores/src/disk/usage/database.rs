use super::tables::{self, UsageFileError};
use parking_lot::Mutex;
use redb::Database;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of usage, which is opened again after a failed write: its library takes nothing more otherwise.
#[derive(Debug)]
pub(super) struct UsageDatabase {
    path: PathBuf,
    /// `None` while it could not be opened again.
    open: Mutex<Option<Arc<Database>>>,
}

impl UsageDatabase {
    pub(super) fn open(path: &Path) -> Result<Self, UsageFileError> {
        let open = Mutex::new(Some(Arc::new(tables::open(path)?)));
        Ok(Self { path: path.to_owned(), open })
    }

    /// The database, opened if it is not. That fails while a reading of the one before is under way.
    pub(super) fn get(&self) -> Result<Arc<Database>, UsageFileError> {
        let mut open = self.open.lock();
        if let Some(database) = &*open {
            return Ok(Arc::clone(database));
        }
        let database = Arc::new(tables::open(&self.path)?);
        *open = Some(Arc::clone(&database));
        Ok(database)
    }

    /// Closes the database, so that the next access opens it.
    pub(super) fn reopen(&self) {
        *self.open.lock() = None;
    }
}
