use super::error::SetupError;
use super::options::Options;
use super::secret::secret_argument;
use domain::clock::Clock;
use domain::ids::Generation;
use domain::ports::Documents;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use stores::archive::{Archive, ArchiveUrl, ArchivedDocuments};
use stores::disk::DiskDocuments;
use stores::lent::{BorrowedDocuments, LoanSecret};
use stores::memory::MemoryDocuments;
use stores::redis::{Redis, RedisDocuments};
use stores::{AtRelease, Retention};

/// Where a node's documents are, as `--documents` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentsAt {
    /// In its memory.
    Memory,
    /// In the folder that `--data` names.
    Disk,
    /// On the Redis that `--redis` names.
    Redis,
    /// In another process of this machine, which lends them at this URL.
    Lender(String),
}

impl FromStr for DocumentsAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "memory" => Ok(Self::Memory),
            "disk" => Ok(Self::Disk),
            "redis" => Ok(Self::Redis),
            url if url.starts_with("http://") => Ok(Self::Lender(url.to_owned())),
            _ => {
                Err("expected memory, disk, redis, or http://HOST:PORT of a process that lends its documents")
            }
        }
    }
}

/// How long documents on Redis are kept after their last session, where the operator does not say.
const RETAINED: Retention = Retention::For(Duration::from_secs(24 * 60 * 60));
/// How often the state of a document that changes is archived, where the operator does not say.
const ARCHIVED_EVERY: Duration = Duration::from_secs(5 * 60);

/// The document store, and the generation that pins in memory begin with: above those of an earlier process, which
/// the store still has.
pub(super) fn store(
    options: &Options,
    redis: Option<&Redis>,
    clock: &dyn Clock,
) -> Result<(Arc<dyn Documents>, Generation), SetupError> {
    let (store, first) = inner_store(options, redis, clock)?;
    let Some(url) = options.archive_url()? else { return Ok((store, first)) };
    let archive = Archive::open(&url).map_err(|error| SetupError::value("--archive", error))?;
    let every = options.archive_every.unwrap_or(ARCHIVED_EVERY);
    Ok((Arc::new(ArchivedDocuments::new(store, archive, every)), first))
}

fn inner_store(
    options: &Options,
    redis: Option<&Redis>,
    clock: &dyn Clock,
) -> Result<(Arc<dyn Documents>, Generation), SetupError> {
    // Each new owner adds one, and there are fewer of them than milliseconds.
    let by_the_clock = Generation(clock.unix_ms());
    match options.documents_at() {
        DocumentsAt::Memory => {
            let at_release = at_release(options.retain_documents.unwrap_or_default())?;
            Ok((Arc::new(MemoryDocuments::with_retention(at_release)), Generation(1)))
        }
        DocumentsAt::Disk => {
            let at_release = at_release(options.retain_documents.unwrap_or_default())?;
            let disk = DiskDocuments::open_with_retention(&options.data_folder()?, at_release)?;
            let first = disk.first_generation();
            Ok((Arc::new(disk), first))
        }
        DocumentsAt::Redis => {
            let cause = "redis needs '--redis URL', which says where it is";
            let redis = redis.ok_or(SetupError::Combination { option: "--documents", cause })?;
            let retention = options.retain_documents.unwrap_or(RETAINED);
            Ok((Arc::new(RedisDocuments::new(redis.clone(), retention)), by_the_clock))
        }
        DocumentsAt::Lender(url) => {
            let secret = loan_secret(options)?;
            let borrowed = BorrowedDocuments::new(&url, &secret)
                .map_err(|error| SetupError::value("--documents", format!("{url}: {error}")))?;
            Ok((Arc::new(borrowed), by_the_clock))
        }
    }
}

impl Options {
    pub(super) fn archive_url(&self) -> Result<Option<ArchiveUrl>, SetupError> {
        let parsed = self.archive.as_ref().map(|text| {
            text.parse().map_err(|error| SetupError::value("--archive", format!("`{text}`: {error}")))
        });
        parsed.transpose()
    }

    fn data_folder(&self) -> Result<PathBuf, SetupError> {
        let cause = "disk needs '--data DIR', the folder to keep them in";
        self.data.clone().ok_or(SetupError::Combination { option: "--documents", cause })
    }
}

/// What becomes of released documents in a store that drops nothing later.
///
/// # Errors
/// Where they are to be kept for a time.
pub fn at_release(retention: Retention) -> Result<AtRelease, SetupError> {
    let cause = "is 0s or forever where documents are in memory or on the disk: only Redis drops them later";
    AtRelease::try_from(retention)
        .map_err(|_| SetupError::Combination { option: "--retain-documents", cause })
}

fn loan_secret(options: &Options) -> Result<LoanSecret, SetupError> {
    const OPTION: &str = "--documents-secret";
    let cause = "is missing: it must be what the process at '--documents' lends under";
    let given = options.documents_secret.as_deref();
    let given = given.ok_or(SetupError::Combination { option: OPTION, cause })?;
    let text = secret_argument(given).map_err(|error| SetupError::value(OPTION, error))?;
    LoanSecret::parse(text.trim()).map_err(|error| SetupError::value(OPTION, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_in_memory_on_disk_on_redis_or_lent() {
        assert_eq!("memory".parse(), Ok(DocumentsAt::Memory));
        assert_eq!("disk".parse(), Ok(DocumentsAt::Disk));
        assert_eq!("redis".parse(), Ok(DocumentsAt::Redis));
        assert_eq!("http://a:1".parse(), Ok(DocumentsAt::Lender("http://a:1".to_owned())));
        for bad in ["", "Disk", "redis://a", "https://a:1"] {
            assert!(bad.parse::<DocumentsAt>().is_err(), "{bad}");
        }
    }
}
