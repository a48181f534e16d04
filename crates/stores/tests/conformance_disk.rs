//! Documents and usage on a disk pass every clause of their ports.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use stores::AtRelease;
use stores::disk::DiskDocuments;
use tempfile::TempDir;

fn documents(retention: AtRelease) -> (TempDir, Arc<DiskDocuments>) {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open_with_retention(folder.path(), retention).unwrap();
    (folder, Arc::new(store))
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

mod usage {
    use super::*;
    use stores::disk::DiskUsage;

    fn usage() -> (TempDir, Arc<DiskUsage>) {
        let folder = tempfile::tempdir().unwrap();
        let usage = DiskUsage::open(folder.path()).unwrap();
        (folder, Arc::new(usage))
    }

    mod usage_log {
        use super::*;
        stores::conformance!(usage_log, usage());
    }

    mod platform_log {
        use super::*;
        stores::conformance!(platform_log, usage());
    }
}
