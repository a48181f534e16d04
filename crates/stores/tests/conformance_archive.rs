//! Documents with an archive in a folder behind them pass every clause of their port.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;
use stores::AtRelease;
use stores::archive::{Archive, ArchiveUrl, ArchivedDocuments};
use stores::memory::MemoryDocuments;
use tempfile::TempDir;

fn documents(at_release: AtRelease) -> (TempDir, Arc<ArchivedDocuments>) {
    let folder = tempfile::tempdir().unwrap();
    let url: ArchiveUrl = format!("file://{}", folder.path().display()).parse().unwrap();
    let inner = Arc::new(MemoryDocuments::with_retention(at_release));
    let archived = ArchivedDocuments::new(inner, Archive::open(&url).unwrap(), Duration::from_secs(300));
    (folder, Arc::new(archived))
}

mod kept {
    use super::*;
    stores::conformance!(documents, documents(AtRelease::Kept));
    stores::conformance!(documents_kept, documents(AtRelease::Kept));
}

mod dropped_at_release {
    use super::*;
    stores::conformance!(documents, documents(AtRelease::Dropped));
    stores::conformance!(documents_dropped, documents(AtRelease::Dropped));
}
