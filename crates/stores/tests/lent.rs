//! Documents that are borrowed over HTTP pass every clause of their port, and only who may borrow them does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::ports::{Documents, DocumentsError, Position};
use std::net::SocketAddr;
use std::sync::Arc;
use stores::AtRelease;
use stores::disk::DiskDocuments;
use stores::faults::{FaultPlan, Faults};
use stores::lent::{BorrowedDocuments, LoanSecret, lend};
use stores::memory::MemoryDocuments;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A lender, which ends with the value.
struct Lender {
    address: SocketAddr,
    task: JoinSet<()>,
}

impl Lender {
    async fn of(documents: Arc<dyn Documents>) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), documents).await
    }

    async fn at(address: SocketAddr, documents: Arc<dyn Documents>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(lend(listener, documents, secret("s")));
        Self { address, task }
    }

    fn borrower(&self, secret: &LoanSecret) -> BorrowedDocuments {
        BorrowedDocuments::new(&format!("http://{}", self.address), secret).unwrap()
    }

    async fn end(mut self) {
        self.task.shutdown().await;
    }
}

fn secret(letter: &str) -> LoanSecret {
    LoanSecret::parse(&letter.repeat(32)).unwrap()
}

async fn borrowed(documents: Arc<dyn Documents>) -> (Lender, Arc<BorrowedDocuments>) {
    let lender = Lender::of(documents).await;
    let borrower = Arc::new(lender.borrower(&secret("s")));
    (lender, borrower)
}

async fn from_memory(retention: AtRelease) -> (Lender, Arc<BorrowedDocuments>) {
    borrowed(Arc::new(MemoryDocuments::with_retention(retention))).await
}

async fn from_disk(retention: AtRelease) -> ((Lender, TempDir), Arc<BorrowedDocuments>) {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open_with_retention(folder.path(), retention).unwrap();
    let (lender, borrower) = borrowed(Arc::new(store)).await;
    ((lender, folder), borrower)
}

mod memory_kept {
    use super::*;
    stores::conformance!(documents, from_memory(AtRelease::Kept).await);
    stores::conformance!(documents_kept, from_memory(AtRelease::Kept).await);
}

mod memory_dropped_at_release {
    use super::*;
    stores::conformance!(documents, from_memory(AtRelease::Dropped).await);
    stores::conformance!(documents_dropped, from_memory(AtRelease::Dropped).await);
}

mod disk_kept {
    use super::*;
    stores::conformance!(documents, from_disk(AtRelease::Kept).await);
    stores::conformance!(documents_kept, from_disk(AtRelease::Kept).await);
}

mod disk_dropped_at_release {
    use super::*;
    stores::conformance!(documents, from_disk(AtRelease::Dropped).await);
    stores::conformance!(documents_dropped, from_disk(AtRelease::Dropped).await);
}

fn document() -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse("d").unwrap() }
}

fn cause<T: std::fmt::Debug>(outcome: Result<T, DocumentsError>) -> String {
    match outcome.unwrap_err() {
        DocumentsError::Unavailable(unavailable) => unavailable.cause,
        stale => panic!("{stale}"),
    }
}

#[tokio::test]
async fn who_has_another_secret_borrows_nothing() {
    let store = Arc::new(MemoryDocuments::new());
    let lender = Lender::of(store.clone()).await;
    let stranger = lender.borrower(&secret("x"));
    assert!(cause(stranger.open(&document(), Generation(1)).await).contains("401"));
    let refused = stranger.append(&document(), Generation(1), Position(0), &[Bytes::from_static(b"u")]).await;
    assert!(cause(refused).contains("401"));
    assert_eq!(store.open(&document(), Generation(1)).await.unwrap().position, Position(0));
}

#[tokio::test]
async fn a_store_that_is_unavailable_to_its_owner_is_so_to_borrowers() {
    let faults = Faults::new(FaultPlan::default(), 1);
    let (_lender, borrower) = borrowed(Arc::new(faults.wrap(Arc::new(MemoryDocuments::new())))).await;
    faults.cut();
    assert!(cause(borrower.open(&document(), Generation(1)).await).contains("cut off"));
    faults.heal();
    assert!(borrower.open(&document(), Generation(1)).await.is_ok());
}

#[tokio::test]
async fn documents_can_be_borrowed_again_from_a_lender_that_comes_back() {
    let store = Arc::new(MemoryDocuments::new());
    let (lender, borrower) = borrowed(store.clone()).await;
    borrower.open(&document(), Generation(1)).await.unwrap();
    borrower.append(&document(), Generation(1), Position(0), &[Bytes::from_static(b"u")]).await.unwrap();
    let address = lender.address;
    lender.end().await;
    assert!(cause(borrower.open(&document(), Generation(1)).await).contains("refused"));
    let _again = Lender::at(address, store).await;
    assert_eq!(borrower.open(&document(), Generation(1)).await.unwrap().updates, ["u"]);
}
