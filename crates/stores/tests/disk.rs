//! What documents on a disk promise beyond the port's contract: they outlive the process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use stores::disk::{DiskDocuments, DiskError};
use stores::{AtRelease, disk};

const FOLDER: &str = "STORES_TEST_DISK_FOLDER";

fn document(name: &str) -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse(name).unwrap() }
}

fn update(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

async fn content(store: &DiskDocuments, name: &str, generation: u64) -> Opened {
    store.open(&document(name), Generation(generation)).await.unwrap()
}

#[tokio::test]
async fn documents_are_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for life in 1..=5u64 {
        let store = DiskDocuments::open(folder.path()).unwrap();
        for name in ["one", "other"] {
            let opened = content(&store, name, life).await;
            let expected: Vec<Bytes> =
                (1..life).flat_map(|n| [update(format!("{name} {n}")), update("")]).collect();
            assert_eq!(opened, Opened { updates: expected, position: Position(life - 1) });
            let updates = [update(format!("{name} {life}")), update("")];
            store.append(&document(name), Generation(life), Position(0), &updates).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_generation_is_stale_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open(folder.path()).unwrap();
    content(&store, "d", 7).await;
    drop(store);
    let store = DiskDocuments::open(folder.path()).unwrap();
    let refusal = store.append(&document("d"), Generation(6), Position(0), &[update("x")]).await.unwrap_err();
    assert_eq!(refusal, DocumentsError::Stale { stored: Generation(7), asked: Generation(6) });
}

#[tokio::test]
async fn a_compacted_document_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open(folder.path()).unwrap();
    content(&store, "d", 1).await;
    for n in 1..=10 {
        store.append(&document("d"), Generation(1), Position(0), &[update(format!("{n}"))]).await.unwrap();
    }
    store.compact(&document("d"), Generation(1), Position(8), update("state")).await.unwrap();
    drop(store);
    let store = DiskDocuments::open(folder.path()).unwrap();
    let expected =
        Opened { updates: vec![update("state"), update("9"), update("10")], position: Position(10) };
    assert_eq!(content(&store, "d", 1).await, expected);
}

#[tokio::test]
async fn a_dropped_document_is_gone_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let open = || DiskDocuments::open_with_retention(folder.path(), AtRelease::Dropped).unwrap();
    let store = open();
    content(&store, "d", 1).await;
    store.append(&document("d"), Generation(1), Position(0), &[update("x")]).await.unwrap();
    drop(store);
    let store = open();
    assert_eq!(content(&store, "d", 2).await.updates, [update("x")]);
    store.expire(&document("d"), Generation(2)).await.unwrap();
    drop(store);
    let store = open();
    assert_eq!(content(&store, "d", 3).await, Opened { updates: Vec::new(), position: Position(0) });
}

#[tokio::test]
async fn the_first_generation_is_above_all_earlier_ones_dropped_documents_included() {
    let folder = tempfile::tempdir().unwrap();
    let open = || DiskDocuments::open_with_retention(folder.path(), AtRelease::Dropped).unwrap();
    for (first, opened) in [(1, 7), (8, 3), (8, 100), (101, 101)] {
        let store = open();
        assert_eq!(store.first_generation(), Generation(first));
        content(&store, "d", opened).await;
        store.expire(&document("d"), Generation(opened)).await.unwrap();
    }
    assert_eq!(open().first_generation(), Generation(102));
}

#[tokio::test]
async fn a_folder_belongs_to_one_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open(folder.path()).unwrap();
    let refusal = DiskDocuments::open(folder.path()).err().unwrap();
    assert!(matches!(&refusal, DiskError::InUse { path } if path == folder.path()), "{refusal}");
    drop(store);
    assert!(DiskDocuments::open(folder.path()).is_ok());
}

#[test]
fn an_error_at_the_start_names_the_folder() {
    let refusal = DiskDocuments::open(Path::new("/dev/null/documents")).err().unwrap();
    assert!(matches!(&refusal, disk::DiskError::Folder { .. }));
    assert!(refusal.to_string().contains("/dev/null/documents"), "{refusal}");
}

/// More than goes to the table at once, so that a new journal is begun.
fn large_update() -> Bytes {
    Bytes::from(vec![7; 5 * 1024 * 1024])
}

#[tokio::test]
async fn a_full_disk_refuses_and_takes_again_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open(folder.path()).unwrap();
    content(&store, "d", 1).await;
    let append =
        async |text: &str| store.append(&document("d"), Generation(1), Position(0), &[update(text)]).await;
    std::os::unix::fs::symlink("/dev/full", folder.path().join(format!("journal-{:020}", 2))).unwrap();

    assert_eq!(
        store.append(&document("d"), Generation(1), Position(0), &[large_update()]).await,
        Ok(Position(1))
    );
    let refusal = append("while full").await.unwrap_err();
    assert!(matches!(refusal, DocumentsError::Unavailable(_)), "{refusal}");
    assert_eq!(append("with space").await, Ok(Position(2)));

    assert_eq!(content(&store, "d", 2).await.updates, [large_update(), update("with space")]);
    drop(store);
    let store = DiskDocuments::open(folder.path()).unwrap();
    assert_eq!(content(&store, "d", 3).await.updates, [large_update(), update("with space")]);
}

#[tokio::test]
async fn documents_are_whole_while_changes_move_into_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskDocuments::open(folder.path()).unwrap();
    content(&store, "d", 1).await;
    let mut expected = Vec::new();
    for n in 0..12u64 {
        let updates = [large_update(), update(format!("{n}"))];
        store.append(&document("d"), Generation(1), Position(0), &updates).await.unwrap();
        expected.push(update(format!("{n}")));
        let opened = content(&store, "d", 1).await;
        assert_eq!(opened.position, Position(n + 1));
        let small: Vec<Bytes> = opened.updates.into_iter().filter(|u| u.len() < 100).collect();
        assert_eq!(small, expected);
    }
}

#[tokio::test]
async fn appends_that_meet_in_one_write_get_positions_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(DiskDocuments::open(folder.path()).unwrap());
    content(&store, "d", 1).await;
    let appends: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .append(&document("d"), Generation(1), Position(0), &[update(format!("{n}"))])
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut positions = Vec::new();
    for append in appends {
        positions.push(append.await.unwrap().0);
    }
    positions.sort_unstable();
    assert!(positions.iter().copied().eq(1..=200));
    assert_eq!(content(&store, "d", 1).await.updates.len(), 200);
}

/// The other process of the test below: appends until it is killed, and says what was acknowledged.
#[test]
fn appends_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = DiskDocuments::open(Path::new(&folder)).unwrap();
        let opened = content(&store, "d", 1).await;
        println!("opened {}", opened.position.0);
        loop {
            let n = store
                .append(&document("d"), Generation(1), Position(0), &[update("x"), update("y")])
                .await
                .unwrap();
            println!("appended {}", n.0);
        }
    });
}

/// Runs the process above on a folder until it has acknowledged `count` appends. Returns the last of them.
fn appended_and_killed(folder: &Path, count: usize) -> u64 {
    let arguments = ["--exact", "appends_until_it_is_killed", "--nocapture"];
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let positions = lines.filter_map(|line| line.strip_prefix("appended ").and_then(|n| n.parse().ok()));
    let last = positions.take(count).last().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    last
}

#[tokio::test]
async fn acknowledged_appends_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for _ in 0..3 {
        let last = appended_and_killed(folder.path(), 500);
        assert!(last >= acknowledged + 500, "{last} after {acknowledged}");
        acknowledged = last;
    }
    let store = DiskDocuments::open(folder.path()).unwrap();
    let opened = content(&store, "d", 2).await;
    assert!(opened.position.0 >= acknowledged);
    assert_eq!(opened.updates.len() as u64, 2 * opened.position.0);
}
