//! The tables of the file, and what is wrong with one that has others.

use redb::{
    Database, DatabaseError, Durability, ReadableDatabase, TableDefinition, TableHandle, WriteTransaction,
};
use std::path::{Path, PathBuf};

/// Records by tenant, app, and hour.
pub(super) const HOURS: TableDefinition<'static, (&str, &str, u64), &[u8]> = TableDefinition::new("hours");
/// Records by tenant, app, and day.
pub(super) const DAYS: TableDefinition<'static, (&str, &str, u64), &[u8]> = TableDefinition::new("days");
/// Of each app of which usage is kept: the day before which all are rolled up, and the last hour.
pub(super) const APPS: TableDefinition<'static, (&str, &str), (u64, u64)> = TableDefinition::new("apps");
/// Records by minute and writer.
pub(super) const MINUTES: TableDefinition<'static, (u64, u64), &[u8]> = TableDefinition::new("minutes");

/// How the tables are written.
const FORMAT: TableDefinition<'static, (), u64> = TableDefinition::new("usage format");
const VERSION: u64 = 1;
/// Pages that the database keeps in memory.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Why a file of usage can't be used.
#[derive(Debug, thiserror::Error)]
pub enum UsageFileError {
    /// Another process has it.
    #[error("the usage in {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is a database of something else.
    #[error("{} is no file of usage", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later release has written it.
    #[error("the usage in {} has format {format}, and this release knows none above {VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u64,
    },
    /// It can't be read or written, or is no database.
    #[error("cannot open the usage in {}: {cause}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

/// Opens the file at `path`, or makes it with all its tables.
pub(super) fn open(path: &Path) -> Result<Database, UsageFileError> {
    let database = match Database::builder().set_cache_size(CACHE_BYTES).create(path) {
        Err(DatabaseError::DatabaseAlreadyOpen) => {
            return Err(UsageFileError::InUse { path: path.to_owned() });
        }
        opened => opened.map_err(|error| unusable(path, error))?,
    };
    match format(&database).map_err(|error| unusable(path, error))? {
        Format::Known => Ok(database),
        Format::New => make(&database).map(|()| database).map_err(|error| unusable(path, error)),
        Format::Foreign => Err(UsageFileError::Foreign { path: path.to_owned() }),
        Format::Newer(format) => Err(UsageFileError::Newer { path: path.to_owned(), format }),
    }
}

/// A transaction that is on the device when it is committed.
pub(super) fn begin_write(database: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    // Without it, opening after a crash takes as long as walking the whole database.
    transaction.set_quick_repair(true);
    Ok(transaction)
}

enum Format {
    New,
    Known,
    Foreign,
    Newer(u64),
}

fn format(database: &Database) -> Result<Format, redb::Error> {
    let reading = database.begin_read()?;
    let tables: Vec<_> = reading.list_tables()?.map(|table| table.name().to_owned()).collect();
    if tables.is_empty() {
        return Ok(Format::New);
    }
    if !tables.iter().any(|name| name == FORMAT.name()) {
        return Ok(Format::Foreign);
    }
    let version = reading.open_table(FORMAT)?.get(())?.map_or(0, |version| version.value());
    Ok(if version > VERSION { Format::Newer(version) } else { Format::Known })
}

fn make(database: &Database) -> Result<(), redb::Error> {
    let transaction = begin_write(database)?;
    transaction.open_table(FORMAT)?.insert((), VERSION)?;
    transaction.open_table(HOURS)?;
    transaction.open_table(DAYS)?;
    transaction.open_table(APPS)?;
    transaction.open_table(MINUTES)?;
    Ok(transaction.commit()?)
}

fn unusable(path: &Path, cause: impl std::fmt::Display) -> UsageFileError {
    UsageFileError::Unusable { path: path.to_owned(), cause: cause.to_string() }
}
