use super::record::Record;
use bytes::Bytes;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "journal-";

/// The file that changes go to first. A change is in the hands of the operating system when its `append`
/// returns. When its changes have come into the table, the file is deleted.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    file: File,
    number: u64,
    bytes: u64,
    /// A failed write left bytes that could not be cut off again: nothing more may follow them.
    torn: bool,
}

impl Journal {
    /// Begins a journal after all that were read.
    pub(super) fn begin(folder: &Path, number: u64) -> io::Result<Self> {
        let file = create(folder, number)?;
        Ok(Self { folder: folder.to_owned(), file, number, bytes: 0, torn: false })
    }

    /// Hands encoded records to the operating system: all of them, or after an error none that is read back
    /// before something else was written.
    pub(super) fn append(&mut self, records: &[u8]) -> io::Result<()> {
        if self.torn {
            self.begin_next()?;
        }
        let written = self.file.write_all_at(records, self.bytes);
        match written {
            Ok(()) => self.bytes += records.len() as u64,
            Err(_) => self.torn = self.file.set_len(self.bytes).is_err(),
        }
        written
    }

    /// Goes on in the next file. Returns the number of the last one that is complete.
    pub(super) fn seal(&mut self) -> io::Result<u64> {
        let sealed = self.number;
        self.begin_next()?;
        Ok(sealed)
    }

    /// The file that is written.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn begin_next(&mut self) -> io::Result<()> {
        *self = Self::begin(&self.folder, self.number + 1)?;
        Ok(())
    }
}

/// The numbers of the journals in a folder, oldest first.
pub(super) fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|n| n.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The records of one journal, in the order in which they were appended, up to where a crash tore it.
pub(super) fn read(folder: &Path, number: u64) -> io::Result<impl Iterator<Item = Record>> {
    let mut journal = Bytes::from(fs::read(path(folder, number))?);
    Ok(std::iter::from_fn(move || Record::read_from(&mut journal)))
}

/// Deletes the journals up to and including `last`.
pub(super) fn remove_through(folder: &Path, last: u64) -> io::Result<()> {
    for number in numbers(folder)?.into_iter().filter(|number| *number <= last) {
        fs::remove_file(path(folder, number))?;
    }
    Ok(())
}

fn create(folder: &Path, number: u64) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path(folder, number))
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{number:020}"))
}

#[cfg(test)]
mod tests {
    use super::super::head::Head;
    use super::super::key::StoredKey;
    use super::super::record::Change;
    use super::*;

    fn record(end: u64) -> (Record, Vec<u8>) {
        let head = Head { generation: 1, end, compacted: 0 };
        let record = Record { key: StoredKey::from_bytes(b"t\0a\0d\0"), head, change: Change::Open };
        let mut bytes = Vec::new();
        record.write_to(&mut bytes);
        (record, bytes)
    }

    #[test]
    fn a_full_disk_refuses_and_the_next_file_takes_again() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", path(folder.path(), 2)).unwrap();
        let mut journal = Journal::begin(folder.path(), 1).unwrap();
        let (record, bytes) = record(7);
        journal.append(&bytes).unwrap();
        assert_eq!(journal.seal().unwrap(), 1);
        assert_eq!(journal.append(&bytes).unwrap_err().kind(), io::ErrorKind::StorageFull);
        journal.append(&bytes).unwrap();
        assert_eq!(numbers(folder.path()).unwrap(), [1, 2, 3]);
        for number in [1, 3] {
            assert!(read(folder.path(), number).unwrap().eq([record.clone()]), "{number}");
        }
    }

    #[test]
    fn only_the_journals_that_are_named_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for number in [9, 10, 11] {
            create(folder.path(), number).unwrap();
        }
        remove_through(folder.path(), 10).unwrap();
        assert_eq!(numbers(folder.path()).unwrap(), [11]);
    }
}
