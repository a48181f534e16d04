//! Documents with an archive behind them outlive their store, and what can't be archived is not dropped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archiving;

use archiving::{FIRST, ForgetfulDocuments, NEXT, document, open_and_write, state, updates};
use bytes::Bytes;
use domain::bounds::CHECK_EVERY;
use domain::ports::{Documents, DocumentsError, Position};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stores::archive::{Archive, ArchiveUrl, ArchivedDocuments};
use tempfile::TempDir;

/// A document store that drops what is released, and a folder behind it.
struct House {
    folder: TempDir,
    inner: Arc<ForgetfulDocuments>,
    documents: ArchivedDocuments,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inner = Arc::new(ForgetfulDocuments::default());
        let documents = archived(&folder, inner.clone());
        Self { folder, inner, documents }
    }

    /// The file of a document of the app `t`, `a`.
    fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join("t").join("a").join(key)
    }

    /// Makes every put of the tenant `t` fail, until it is undone: where its folder would be, there is a file.
    fn refuse_puts(&self) {
        std::fs::write(self.folder.path().join("t"), b"").unwrap();
    }

    fn take_puts(&self) {
        std::fs::remove_file(self.folder.path().join("t")).unwrap();
    }

    /// Takes the folder away.
    fn remove(&self) {
        std::fs::remove_dir_all(self.folder.path()).unwrap();
    }
}

fn archived(folder: &TempDir, inner: Arc<ForgetfulDocuments>) -> ArchivedDocuments {
    let url: ArchiveUrl = format!("file://{}", folder.path().display()).parse().unwrap();
    ArchivedDocuments::new(inner, Archive::open(&url).unwrap(), Duration::from_secs(300))
}

fn is_unavailable<T: std::fmt::Debug>(outcome: &Result<T, DocumentsError>) -> bool {
    matches!(outcome, Err(DocumentsError::Unavailable(_)))
}

#[tokio::test]
async fn a_released_document_comes_back_after_its_store_dropped_it() {
    let House { folder: _folder, inner, documents } = House::new();
    open_and_write(&documents, "d", FIRST).await;
    documents.archive(&document("d"), FIRST, state("whole")).await.unwrap();
    documents.expire(&document("d"), FIRST).await.unwrap();
    assert_eq!(inner.released(), ["d"]);

    let opened = documents.open(&document("d"), NEXT).await.unwrap();
    assert_eq!(opened.updates, [state("whole")]);
    let end = documents.append(&document("d"), NEXT, opened.position, &updates(["more"])).await.unwrap();
    assert!(end > opened.position);
    let without_archive = inner.open(&document("d"), NEXT).await.unwrap();
    assert_eq!(without_archive.updates, updates(["whole", "more"]), "a take-over needs no archive");
}

#[tokio::test]
async fn a_document_that_the_store_has_opens_without_the_archive() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.remove();
    assert_eq!(house.documents.open(&document("d"), NEXT).await.unwrap().updates, updates(["1", "2"]));
}

#[tokio::test]
async fn a_document_that_may_be_in_an_archive_that_is_gone_does_not_open() {
    let house = House::new();
    house.remove();
    let opened = house.documents.open(&document("d"), FIRST).await;
    assert!(is_unavailable(&opened), "{opened:?}");
}

#[tokio::test]
async fn an_object_that_holds_nothing_is_no_empty_document() {
    let house = House::new();
    std::fs::create_dir_all(house.file("")).unwrap();
    std::fs::write(house.file("d"), b"").unwrap();
    let opened = house.documents.open(&document("d"), FIRST).await;
    assert!(is_unavailable(&opened), "{opened:?}");
}

#[tokio::test]
async fn an_object_is_the_state_and_nothing_else() {
    let house = House::new();
    open_and_write(&house.documents, "a/b", FIRST).await;
    for text in ["first", "second"] {
        house.documents.archive(&document("a/b"), FIRST, state(text)).await.unwrap();
        assert_eq!(std::fs::read(house.file("a%2Fb")).unwrap(), text.as_bytes());
    }
}

#[tokio::test]
async fn an_owner_that_was_replaced_archives_nothing() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.documents.open(&document("d"), NEXT).await.unwrap();
    house.documents.archive(&document("d"), NEXT, state("later")).await.unwrap();
    let refusal = house.documents.archive(&document("d"), FIRST, state("earlier")).await;
    assert_eq!(refusal, Err(DocumentsError::Stale { stored: NEXT, asked: FIRST }));
    assert_eq!(std::fs::read(house.file("d")).unwrap(), b"later");
}

#[tokio::test]
async fn documents_are_archived_apart() {
    let house = House::new();
    let (long, wide) = ("x".repeat(512), "é".repeat(256));
    let names =
        ["d", "D", "d/", "/d", "d/d", "d%2Fd", "%", ".", "..", "../..", "~", "!", "d#1", "a b", &long, &wide];
    for name in names {
        open_and_write(&house.documents, name, FIRST).await;
        house.documents.archive(&document(name), FIRST, state(name)).await.unwrap();
        house.documents.expire(&document(name), FIRST).await.unwrap();
    }
    for name in names {
        let opened = house.documents.open(&document(name), NEXT).await.unwrap();
        assert_eq!(opened.updates, [state(name)], "{name:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_that_fails_at_release_is_made_later_and_the_store_keeps_the_document_till_then() {
    let house = House::new();
    house.refuse_puts();
    house.documents.open(&document("d"), FIRST).await.unwrap_err();
    house.inner.open(&document("d"), FIRST).await.unwrap();
    let refused = house.documents.archive(&document("d"), FIRST, state("whole")).await;
    assert!(is_unavailable(&refused), "{refused:?}");
    house.documents.expire(&document("d"), FIRST).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(house.inner.released(), [""; 0], "the only copy is not dropped");

    house.take_puts();
    house.inner.until_released("d").await;
    assert_eq!(std::fs::read(house.file("d")).unwrap(), b"whole");
}

#[tokio::test(start_paused = true)]
async fn while_a_put_is_late_the_store_is_asked_to_keep_the_document() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.refuse_puts();
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap_err();
    house.documents.expire(&document("d"), FIRST).await.unwrap();
    let checks = house.inner.checks();
    tokio::time::sleep(4 * CHECK_EVERY).await;
    let kept = house.inner.checks() - checks;
    assert!((3..=4).contains(&kept), "{kept} checks in 40 minutes");
}

#[tokio::test(start_paused = true)]
async fn a_document_whose_put_is_late_opens_with_all_it_had() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.refuse_puts();
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap_err();
    house.documents.expire(&document("d"), FIRST).await.unwrap();
    let opened = house.documents.open(&document("d"), NEXT).await.unwrap();
    assert_eq!(opened.updates, updates(["1", "2"]));

    house.documents.expire(&document("d"), NEXT).await.unwrap();
    assert_eq!(house.inner.released(), [""; 0], "the later owner changed nothing, and archived nothing");
    house.take_puts();
    house.inner.until_released("d").await;
    assert_eq!(std::fs::read(house.file("d")).unwrap(), b"12");
}

#[tokio::test(start_paused = true)]
async fn a_later_state_is_put_instead_of_the_one_that_is_late() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.refuse_puts();
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap_err();
    house.documents.archive(&document("d"), FIRST, state("123")).await.unwrap_err();
    house.documents.expire(&document("d"), FIRST).await.unwrap();
    house.take_puts();
    house.inner.until_released("d").await;
    assert_eq!(std::fs::read(house.file("d")).unwrap(), b"123");
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_archived_for_hours_is_left_to_the_store() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.refuse_puts();
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap_err();
    house.documents.expire(&document("d"), FIRST).await.unwrap();
    tokio::time::sleep(Duration::from_secs(24 * 60 * 60)).await;
    house.take_puts();
    tokio::time::sleep(Duration::from_secs(24 * 60 * 60)).await;
    assert!(!house.file("d").exists(), "it was given up");
    assert_eq!(house.inner.released(), [""; 0]);
    assert_eq!(house.documents.open(&document("d"), NEXT).await.unwrap().updates, updates(["1", "2"]));
}

#[tokio::test]
async fn an_owner_whose_document_the_store_lost_opens_it_without_the_archive() {
    let house = House::new();
    let end = open_and_write(&house.documents, "d", FIRST).await;
    house.inner.forget();
    house.remove();
    assert_eq!(house.documents.check(&document("d"), FIRST, end).await, Err(DocumentsError::Lost));
    let opened = house.documents.open(&document("d"), FIRST).await.unwrap();
    assert_eq!((opened.updates, opened.position), (Vec::new(), Position(0)));
    house.documents.compact(&document("d"), FIRST, opened.position, state("whole")).await.unwrap();

    house.inner.forget();
    assert_eq!(house.documents.check(&document("d"), FIRST, end).await, Err(DocumentsError::Lost));
    let later = house.documents.open(&document("d"), NEXT).await;
    assert!(is_unavailable(&later), "another owner does not have it: {later:?}");
}

#[tokio::test]
async fn a_document_from_the_archive_that_the_store_loses_at_once_is_missed() {
    let house = House::new();
    let whole = document("d");
    open_and_write(&house.documents, "d", FIRST).await;
    house.documents.archive(&whole, FIRST, state("whole")).await.unwrap();
    house.documents.expire(&whole, FIRST).await.unwrap();
    let opened = house.documents.open(&whole, NEXT).await.unwrap();
    house.documents.check(&whole, NEXT, opened.position).await.unwrap();

    house.inner.forget_contents();
    let checked = house.documents.check(&whole, NEXT, opened.position).await;
    assert_eq!(checked, Err(DocumentsError::Lost));
    let appended = house.documents.append(&whole, NEXT, opened.position, &updates(["more"])).await;
    assert_eq!(appended, Err(DocumentsError::Lost));
    let again = house.documents.open(&whole, NEXT).await.unwrap();
    assert_eq!(again.updates, [""; 0], "its owner has it");
    house.documents.restore(&whole, NEXT, opened.position, state("whole")).await.unwrap();
    assert_eq!(house.inner.open(&whole, NEXT).await.unwrap().updates, [state("whole")]);
}

#[tokio::test]
async fn whoever_finds_when_opening_that_parts_are_missing_is_given_what_is_archived() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap();
    house.inner.damage(&document("d"));
    assert_eq!(house.documents.open(&document("d"), NEXT).await, Err(DocumentsError::Lost));
    assert_eq!(house.documents.open(&document("d"), NEXT).await.unwrap().updates, [state("12")]);
}

#[tokio::test]
async fn an_owner_who_hears_of_a_loss_at_the_release_opens_without_the_archive() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.inner.forget();
    house.remove();
    assert_eq!(house.documents.expire(&document("d"), FIRST).await, Err(DocumentsError::Lost));
    assert_eq!(house.documents.open(&document("d"), FIRST).await.unwrap().updates, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_released_document_that_the_store_lost_while_its_put_was_late_is_archived_all_the_same() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.refuse_puts();
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap_err();
    house.documents.expire(&document("d"), FIRST).await.unwrap();
    house.inner.forget();
    house.take_puts();
    house.inner.until_released("d").await;
    assert_eq!(std::fs::read(house.file("d")).unwrap(), b"12");
}

#[tokio::test(start_paused = true)]
async fn a_document_that_only_waits_to_be_archived_opens_from_there() {
    let house = House::new();
    open_and_write(&house.documents, "d", FIRST).await;
    house.documents.archive(&document("d"), FIRST, state("1")).await.unwrap();
    std::fs::remove_dir_all(house.folder.path().join("t")).unwrap();
    house.refuse_puts();
    house.documents.archive(&document("d"), FIRST, state("12")).await.unwrap_err();
    house.inner.forget();
    assert_eq!(house.documents.open(&document("d"), NEXT).await.unwrap().updates, [Bytes::from("12")]);
}
