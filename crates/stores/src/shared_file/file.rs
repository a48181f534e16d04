use crate::private_file;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// Bytes of a file that are read: far more than the entries of one machine's service take.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a change waits for another process that is making one, and how often it looks.
const LOCK_DEADLINE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How much later than the file before it a file is changed at least, whatever the clock says. So its time tells it from
/// every earlier one, as far as the disk keeps it.
const LATER_BY: Duration = Duration::from_micros(1);

/// A JSON file that several processes read, and change one after the other under a lock. It is replaced whole.
pub(crate) struct SharedFile<T> {
    path: PathBuf,
    lock: PathBuf,
    /// What was read last.
    seen: Mutex<Seen<T>>,
}

struct Seen<T> {
    /// `None` where there was no file.
    version: Option<Version>,
    content: Arc<T>,
}

/// What tells a file from the one that it replaced: also where the disk keeps whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    changed: SystemTime,
    inode: u64,
    bytes: u64,
}

impl Version {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { changed: metadata.modified()?, inode: metadata.ino(), bytes: metadata.len() })
    }
}

/// How a file's content is written and read.
pub(crate) trait Content: Default + Sized {
    type Record: Serialize + DeserializeOwned;

    fn record(&self) -> Self::Record;

    /// # Errors
    /// What is wrong with the record.
    fn of_record(record: Self::Record) -> Result<Self, String>;
}

impl<T: Content> SharedFile<T> {
    /// The file `name` of `folder`. It need not be there.
    pub(crate) fn new(folder: &Path, name: &str, lock: &str) -> Self {
        let seen = Seen { version: None, content: Arc::new(T::default()) };
        Self { path: folder.join(name), lock: folder.join(lock), seen: Mutex::new(seen) }
    }

    /// What the file holds at this moment; read anew where it was changed.
    ///
    /// # Errors
    /// What is wrong, with the file's name.
    pub(crate) fn read(&self) -> Result<Arc<T>, String> {
        let named = |error: io::Error| format!("{}: {error}", self.path.display());
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self.see(None, T::default())),
            file => file.map_err(named)?,
        };
        let version = file.metadata().and_then(|metadata| Version::of(&metadata)).map_err(named)?;
        let seen = self.seen.lock();
        if seen.version == Some(version) {
            return Ok(seen.content.clone());
        }
        drop(seen);
        let content = parse(file).map_err(|cause| format!("{}: {cause}", self.path.display()))?;
        Ok(self.see(Some(version), content))
    }

    /// Changes the file, after every change that another process or thread is making. What is changed is on the disk
    /// when this returns.
    ///
    /// # Errors
    /// What is wrong, with the file's name. Whether the change was made is not known.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R, String>
    where
        T: Clone + PartialEq,
    {
        let _locked = self.lock()?;
        let before = self.read()?;
        let mut content = (*before).clone();
        let result = change(&mut content);
        if content != *before {
            self.replace(content).map_err(|error| format!("{}: {error}", self.path.display()))?;
        }
        Ok(result)
    }

    fn replace(&self, content: T) -> io::Result<()> {
        let unfinished = self.path.with_extension("unfinished");
        let mut json = serde_json::to_vec_pretty(&content.record())?;
        json.push(b'\n');
        if json.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("it would have more than {FILE_BYTES_MAX} bytes")));
        }
        private_file::write(&unfinished, &json)?;
        let changed = self.later(fs::metadata(&unfinished)?.modified()?);
        let file = File::options().write(true).open(&unfinished)?;
        file.set_modified(changed)?;
        file.sync_all()?;
        // As the disk keeps it.
        let version = Version::of(&file.metadata()?)?;
        fs::rename(&unfinished, &self.path)?;
        private_file::sync_folder(&self.path)?;
        self.see(Some(version), content);
        Ok(())
    }

    fn later(&self, written: SystemTime) -> SystemTime {
        let before = fs::metadata(&self.path).and_then(|before| before.modified());
        before.map_or(written, |before| written.max(before + LATER_BY))
    }

    fn see(&self, version: Option<Version>, content: T) -> Arc<T> {
        let content = Arc::new(content);
        *self.seen.lock() = Seen { version, content: content.clone() };
        content
    }

    /// Held until it is dropped, or its process ends.
    fn lock(&self) -> Result<File, String> {
        let named = |error: io::Error| format!("{}: {error}", self.lock.display());
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&self.lock);
        let file = file.map_err(named)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_DEADLINE => sleep(LOOK_EVERY),
                Err(TryLockError::WouldBlock) => {
                    return Err(format!("{} is held by another process", self.lock.display()));
                }
                Err(TryLockError::Error(error)) => return Err(named(error)),
            }
        }
    }
}

fn parse<T: Content>(file: File) -> Result<T, String> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    let record = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    T::of_record(record)
}
