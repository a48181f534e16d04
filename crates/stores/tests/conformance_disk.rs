//! Documents on a disk pass every clause of their port.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use stores::Retention;
use stores::disk::DiskDocuments;
use tempfile::TempDir;

fn documents(retention: Retention) -> (TempDir, Arc<DiskDocuments>) {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open_with_retention(folder.path(), retention).unwrap();
    (folder, Arc::new(store))
}

mod kept {
    use super::*;
    stores::conformance!(documents, documents(Retention::Kept));
    stores::conformance!(documents_kept, documents(Retention::Kept));
}

mod dropped_at_release {
    use super::*;
    stores::conformance!(documents, documents(Retention::DroppedAtRelease));
    stores::conformance!(documents_dropped, documents(Retention::DroppedAtRelease));
}
