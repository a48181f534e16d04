//! Documents with a bucket of S3's API behind them pass every clause of their port.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use servers::bucket::{Bucket, Versions};
use std::sync::Arc;
use std::time::Duration;
use stores::AtRelease;
use stores::archive::{Archive, ArchivedDocuments};
use stores::memory::MemoryDocuments;

async fn documents(at_release: AtRelease) -> (Bucket, Arc<ArchivedDocuments>) {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let archive = Archive::open(&bucket.url()).unwrap();
    let inner = Arc::new(MemoryDocuments::with_retention(at_release));
    (bucket, Arc::new(ArchivedDocuments::new(inner, archive, Duration::from_secs(300))))
}

mod kept {
    use super::*;
    stores::conformance!(documents, documents(AtRelease::Kept).await);
    stores::conformance!(documents_kept, documents(AtRelease::Kept).await);
}

mod dropped_at_release {
    use super::*;
    stores::conformance!(documents, documents(AtRelease::Dropped).await);
    stores::conformance!(documents_dropped, documents(AtRelease::Dropped).await);
}
