use super::error::SetupError;
use super::options::Options;
use domain::ids::Generation;
use domain::ports::Documents;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use stores::disk::DiskDocuments;
use stores::lent::{BorrowedDocuments, LoanSecret};
use stores::memory::MemoryDocuments;

/// Where a node's documents are, as `--documents` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentsAt {
    /// In its memory.
    Memory,
    /// In the folder that `--data` names.
    Disk,
    /// In another process of this machine, which lends them at this URL.
    Lender(String),
}

impl FromStr for DocumentsAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "memory" => Ok(Self::Memory),
            "disk" => Ok(Self::Disk),
            url if url.starts_with("http://") => Ok(Self::Lender(url.to_owned())),
            _ => Err("expected memory, disk, or http://HOST:PORT of a process that lends its documents"),
        }
    }
}

/// The document store, and the generation that pins begin with which end with this process: above those of an
/// earlier one.
pub(super) fn store(options: &Options) -> Result<(Arc<dyn Documents>, Generation), SetupError> {
    match options.documents_at() {
        DocumentsAt::Memory => Ok((Arc::new(MemoryDocuments::new()), Generation(1))),
        DocumentsAt::Disk => {
            let disk = DiskDocuments::open(&options.data_folder()?)?;
            let first = disk.first_generation();
            Ok((Arc::new(disk), first))
        }
        DocumentsAt::Lender(url) => {
            let secret = loan_secret(options)?;
            let borrowed = BorrowedDocuments::new(&url, &secret)
                .map_err(|error| SetupError::value("--documents", format!("{url}: {error}")))?;
            Ok((Arc::new(borrowed), Generation(1)))
        }
    }
}

impl Options {
    fn data_folder(&self) -> Result<PathBuf, SetupError> {
        let cause = "disk needs '--data DIR', the folder to keep them in";
        self.data.clone().ok_or(SetupError::Combination { option: "--documents", cause })
    }
}

fn loan_secret(options: &Options) -> Result<LoanSecret, SetupError> {
    const OPTION: &str = "--documents-secret";
    let cause = "is missing: it must be what the process at '--documents' lends under";
    let given = options.documents_secret.as_deref();
    let given = given.ok_or(SetupError::Combination { option: OPTION, cause })?;
    let text = match given.strip_prefix('@') {
        None => given.to_owned(),
        Some(path) => fs::read_to_string(path)
            .map_err(|error| SetupError::value(OPTION, format!("{path} can't be read ({error})")))?,
    };
    LoanSecret::parse(text.trim()).map_err(|error| SetupError::value(OPTION, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_in_memory_on_disk_or_lent() {
        assert_eq!("memory".parse(), Ok(DocumentsAt::Memory));
        assert_eq!("disk".parse(), Ok(DocumentsAt::Disk));
        assert_eq!("http://a:1".parse(), Ok(DocumentsAt::Lender("http://a:1".to_owned())));
        for bad in ["", "Disk", "redis://a", "https://a:1"] {
            assert!(bad.parse::<DocumentsAt>().is_err(), "{bad}");
        }
    }
}
