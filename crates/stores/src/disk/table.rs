use super::head::Head;
use super::key::{StoredKey, position_of};
use super::pending::{Pending, PendingDocument};
use bytes::Bytes;
use domain::ports::Unavailable;
use parking_lot::Mutex;
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Bytewise = TableDefinition<'static, &'static [u8], &'static [u8]>;

const HEADS: Bytewise = TableDefinition::new("heads");
const STATES: Bytewise = TableDefinition::new("states");
const ENTRIES: Bytewise = TableDefinition::new("entries");

/// The highest generation that ever changed a document, dropped ones included.
const HIGHEST_GENERATION: TableDefinition<'static, (), u64> = TableDefinition::new("highest generation");

/// Pages that the database keeps in memory.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Where documents rest: heads, states and entries in an embedded B-tree, synced to the device at each write.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    /// `None` while it could not be opened again after a failed write.
    database: Mutex<Option<Arc<Database>>>,
}

/// The table as it stood when the reading began.
pub(super) struct Reading(ReadTransaction);

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self, redb::Error> {
        let table = Self { path: path.to_owned(), database: Mutex::default() };
        table.reopen()?;
        Ok(table)
    }

    pub(super) fn begin_reading(&self) -> Result<Reading, Unavailable> {
        self.database()?.begin_read().map(Reading).map_err(unavailable)
    }

    pub(super) fn head(&self, key: &StoredKey) -> Result<Option<Head>, Unavailable> {
        self.begin_reading()?.head(key).map_err(unavailable)
    }

    /// The highest generation that ever changed a document, 0 for none.
    pub(super) fn highest_generation(&self) -> Result<u64, Unavailable> {
        self.begin_reading()?.highest_generation().map_err(unavailable)
    }

    /// Puts all of `pending` in and syncs it to the device, or changes nothing. After an error the database is
    /// closed and opened again, since it takes nothing more otherwise.
    pub(super) fn write(&self, pending: &Pending) -> Result<(), Unavailable> {
        let database = self.database()?;
        let written = write(&database, pending);
        drop(database);
        written.map_err(|error| {
            if let Err(error) = self.reopen() {
                tracing::error!(%error, "cannot open the document table again");
            }
            unavailable(*error)
        })
    }

    fn database(&self) -> Result<Arc<Database>, Unavailable> {
        if self.database.lock().is_none() {
            self.reopen().map_err(unavailable)?;
        }
        self.database.lock().clone().ok_or_else(|| unavailable("it is being opened again"))
    }

    /// Fails while a reading of the old database is under way, and is tried again with the next access.
    fn reopen(&self) -> Result<(), redb::Error> {
        let mut database = self.database.lock();
        *database = None;
        let opened = Database::builder().set_cache_size(CACHE_BYTES).create(&self.path)?;
        *database = Some(Arc::new(opened));
        Ok(())
    }
}

fn write(database: &Database, pending: &Pending) -> Result<(), Box<redb::Error>> {
    let mut transaction = database.begin_write().map_err(boxed)?;
    transaction.set_durability(Durability::Immediate).map_err(boxed)?;
    // Without it, opening after a crash takes as long as walking the whole database.
    transaction.set_quick_repair(true);
    put_all(&transaction, pending).map_err(Box::new)?;
    transaction.commit().map_err(boxed)
}

fn put_all(transaction: &WriteTransaction, pending: &Pending) -> Result<(), redb::Error> {
    let mut tables = Tables {
        heads: transaction.open_table(HEADS)?,
        states: transaction.open_table(STATES)?,
        entries: transaction.open_table(ENTRIES)?,
    };
    for (key, document) in pending.documents() {
        tables.erase(key, document)?;
        tables.put(key, document)?;
    }
    let mut generations = transaction.open_table(HIGHEST_GENERATION)?;
    let before = generations.get(())?.map_or(0, |highest| highest.value());
    generations.insert((), before.max(pending.highest_generation()))?;
    Ok(())
}

type Writable<'a> = redb::Table<'a, &'static [u8], &'static [u8]>;

struct Tables<'a> {
    heads: Writable<'a>,
    states: Writable<'a>,
    entries: Writable<'a>,
}

impl Tables<'_> {
    /// Takes out what `document` stands in place of.
    fn erase(&mut self, key: &StoredKey, document: &PendingDocument) -> Result<(), redb::Error> {
        let compacted = document.head.filter(|_| document.state.is_some()).map(|head| head.compacted);
        let replaced = if document.erased { Some(u64::MAX) } else { compacted };
        if let Some(last) = replaced {
            let range = key.entries(0..=last);
            self.entries.retain_in(range.start().as_slice()..=range.end().as_slice(), |_, _| false)?;
        }
        if document.erased {
            self.heads.remove(key.as_bytes())?;
            self.states.remove(key.as_bytes())?;
        }
        Ok(())
    }

    fn put(&mut self, key: &StoredKey, document: &PendingDocument) -> Result<(), redb::Error> {
        if let Some(head) = document.head {
            self.heads.insert(key.as_bytes(), head.encode().as_slice())?;
        }
        if let Some(state) = &document.state {
            self.states.insert(key.as_bytes(), state.as_ref())?;
        }
        for (position, entry) in &document.entries {
            self.entries.insert(key.entry(*position).as_slice(), entry.as_ref())?;
        }
        Ok(())
    }
}

impl Reading {
    /// All that the table has of a document.
    pub(super) fn document(&self, key: &StoredKey) -> Result<PendingDocument, Unavailable> {
        let state = self.value(STATES, key).map_err(unavailable)?;
        Ok(PendingDocument {
            erased: false,
            head: self.head(key).map_err(unavailable)?,
            state,
            entries: self.entries(key).map_err(unavailable)?,
        })
    }

    fn head(&self, key: &StoredKey) -> Result<Option<Head>, redb::Error> {
        let Some(bytes) = self.value(HEADS, key)? else { return Ok(None) };
        let head = Head::decode(&bytes);
        head.map(Some).ok_or_else(|| redb::Error::Corrupted("a head has a wrong length".to_owned()))
    }

    fn highest_generation(&self) -> Result<u64, redb::Error> {
        let Some(table) = existing(self.0.open_table(HIGHEST_GENERATION))? else { return Ok(0) };
        Ok(table.get(())?.map_or(0, |highest| highest.value()))
    }

    fn value(&self, table: Bytewise, key: &StoredKey) -> Result<Option<Bytes>, redb::Error> {
        let Some(table) = existing(self.0.open_table(table))? else { return Ok(None) };
        Ok(table.get(key.as_bytes())?.map(|value| Bytes::copy_from_slice(value.value())))
    }

    fn entries(&self, key: &StoredKey) -> Result<Vec<(u64, Bytes)>, redb::Error> {
        let Some(table) = existing(self.0.open_table(ENTRIES))? else { return Ok(Vec::new()) };
        let range = key.entries(0..=u64::MAX);
        let mut entries = Vec::new();
        for entry in table.range(range.start().as_slice()..=range.end().as_slice())? {
            let (key, value) = entry?;
            let position = position_of(key.value()).unwrap_or_default();
            entries.push((position, Bytes::copy_from_slice(value.value())));
        }
        Ok(entries)
    }
}

/// Before the first write there are no tables.
fn existing<T>(opened: Result<T, TableError>) -> Result<Option<T>, redb::Error> {
    match opened {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn boxed(error: impl Into<redb::Error>) -> Box<redb::Error> {
    Box::new(error.into())
}

fn unavailable(cause: impl std::fmt::Display) -> Unavailable {
    Unavailable::new("documents", cause)
}
