//! An archive in a bucket: who may replace an object, what a bucket keeps, and what happens when it does not answer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archiving;
mod servers;

use archiving::{FIRST, ForgetfulDocuments, NEXT, document, open_and_write, state};
use domain::ports::{Documents, DocumentsError};
use servers::bucket::{Bucket, Versions};
use servers::gate::{Gate, Passing};
use servers::scripted::{Behaviour, Scripted};
use servers::slow_object::SlowObject;
use std::sync::Arc;
use std::time::Duration;
use stores::archive::{Archive, ArchiveUrl, ArchivedDocuments};

/// Bytes of a state whose first half no socket buffers: who has sent it knows that it is being read.
const LARGE: usize = 32 * 1024 * 1024;

fn archived(inner: &Arc<ForgetfulDocuments>, url: &ArchiveUrl) -> Arc<ArchivedDocuments> {
    let archive = Archive::open(url).unwrap();
    Arc::new(ArchivedDocuments::new(inner.clone(), archive, Duration::from_secs(300)))
}

fn cause<T: std::fmt::Debug>(outcome: Result<T, DocumentsError>) -> String {
    match outcome {
        Err(DocumentsError::Unavailable(unavailable)) => unavailable.cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_kept_where_the_bucket_keeps_them() {
    let bucket = Bucket::fresh(Versions::Kept).await;
    let documents = archived(&Arc::default(), &bucket.url());
    open_and_write(&*documents, "a b/c", FIRST).await;
    for text in ["one", "two", "three"] {
        documents.archive(&document("a b/c"), FIRST, state(text)).await.unwrap();
    }
    documents.archive(&document("a b/c"), FIRST, state("three")).await.unwrap();
    assert_eq!(bucket.versions().await, 3, "and no copies of one");
    assert_eq!(bucket.object("t/a/a%20b%2Fc").await, b"three");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_put_of_an_earlier_owner_does_not_replace_what_a_later_one_put() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let inner = Arc::default();
    let (slow, other) =
        (archived(&inner, &bucket.url_through(gate.endpoint())), archived(&inner, &bucket.url()));
    for (name, before) in [("new", None), ("old", Some("before"))] {
        open_and_write(&*slow, name, FIRST).await;
        if let Some(text) = before {
            slow.archive(&document(name), FIRST, state(text)).await.unwrap();
        }
        gate.let_pass(Passing::AllButPuts);
        gate.came();
        let late = tokio::spawn({
            let slow = slow.clone();
            async move { slow.archive(&document(name), FIRST, state("earlier")).await }
        });
        gate.until_some_came("PUT", 1).await;
        other.open(&document(name), NEXT).await.unwrap();
        other.archive(&document(name), NEXT, state("later")).await.unwrap();
        gate.let_pass(Passing::All);
        assert_eq!(late.await.unwrap(), Err(DocumentsError::Stale { stored: NEXT, asked: FIRST }));
        assert_eq!(bucket.object(&format!("t/a/{name}")).await, b"later");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_whose_answer_was_lost_is_made_again() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let inner = Arc::default();
    let documents = archived(&inner, &bucket.url_through(gate.endpoint()));
    open_and_write(&*documents, "d", FIRST).await;
    gate.let_pass(Passing::PutsWithoutReplies);
    cause(documents.archive(&document("d"), FIRST, state("whole")).await);
    documents.expire(&document("d"), FIRST).await.unwrap();
    assert_eq!(bucket.object("t/a/d").await, b"whole");
    gate.let_pass(Passing::All);
    inner.until_released("d").await;
    assert_eq!(bucket.object("t/a/d").await, b"whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_its_owner_no_longer_waits_for_is_made() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let inner = Arc::default();
    let documents = archived(&inner, &bucket.url_through(gate.endpoint()));
    open_and_write(&*documents, "d", FIRST).await;
    gate.let_pass(Passing::AllButPuts);
    let d = document("d");
    tokio::select! {
        outcome = documents.archive(&d, FIRST, state("whole")) => panic!("{outcome:?}"),
        () = gate.until_some_came("PUT", 1) => {}
    }
    documents.expire(&d, FIRST).await.unwrap();
    assert_eq!(inner.released(), [""; 0]);
    gate.let_pass(Passing::All);
    inner.until_released("d").await;
    assert_eq!(bucket.object("t/a/d").await, b"whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_follows_one_under_way_is_put_after_it() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let inner = Arc::default();
    let documents = archived(&inner, &bucket.url_through(gate.endpoint()));
    open_and_write(&*documents, "d", FIRST).await;
    gate.let_pass(Passing::AllButPuts);
    let first = tokio::spawn({
        let documents = documents.clone();
        async move { documents.archive(&document("d"), FIRST, state("1")).await }
    });
    gate.until_some_came("PUT", 1).await;
    documents.archive(&document("d"), FIRST, state("12")).await.unwrap();
    documents.expire(&document("d"), FIRST).await.unwrap();
    assert_eq!(inner.released(), [""; 0]);
    gate.let_pass(Passing::All);
    first.await.unwrap().unwrap();
    inner.until_released("d").await;
    assert_eq!(bucket.object("t/a/d").await, b"12");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_states_are_put_at_once_and_the_others_in_their_turn() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let documents = archived(&Arc::default(), &bucket.url_through(gate.endpoint()));
    let names: Vec<_> = (0..128).map(|n| n.to_string()).collect();
    for name in &names {
        open_and_write(&*documents, name, FIRST).await;
    }
    gate.came();
    gate.let_pass(Passing::AllButPuts);
    let puts = names.iter().map(|name| {
        let (documents, document) = (documents.clone(), document(name));
        tokio::spawn(async move { documents.archive(&document, FIRST, state("whole")).await })
    });
    let puts: Vec<_> = puts.collect();
    gate.until_some_came("PUT", 64).await;
    assert_eq!(gate.came().len(), 2 * 64, "a HEAD and a PUT of each, and nothing of the others");
    gate.let_pass(Passing::All);
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert_eq!(gate.came().len(), 2 * 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_of_an_earlier_owner_stays_out_when_the_store_has_lost_who_came_later() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let inner = Arc::default();
    let (cut_off, other) =
        (archived(&inner, &bucket.url_through(gate.endpoint())), archived(&inner, &bucket.url()));
    open_and_write(&*cut_off, "d", FIRST).await;
    gate.let_pass(Passing::None);
    cause(cut_off.archive(&document("d"), FIRST, state("earlier")).await);
    cut_off.expire(&document("d"), FIRST).await.unwrap();
    other.open(&document("d"), NEXT).await.unwrap();
    other.archive(&document("d"), NEXT, state("later")).await.unwrap();
    inner.forget();
    gate.came();
    gate.let_pass(Passing::All);
    gate.until_some_came("HEAD", 1).await;
    // While the late put is under way, its release is taken; then it reaches the store, which knows nothing of it.
    let let_go = async {
        while cut_off.expire(&document("d"), FIRST).await != Err(DocumentsError::Lost) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), let_go).await.unwrap();
    assert_eq!(bucket.object("t/a/d").await, b"later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_costs_a_get_where_the_store_lacks_it_and_a_head_and_a_put_for_each_other_state() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let gate = Gate::before(bucket.endpoint()).await;
    let documents = archived(&Arc::default(), &bucket.url_through(gate.endpoint()));
    assert_eq!(gate.came(), []);
    let came = |calls: [(&str, usize); 2]| calls.map(|(method, bytes)| (method.to_owned(), bytes)).to_vec();
    open_and_write(&*documents, "d", FIRST).await;
    assert_eq!(gate.came(), [("GET".to_owned(), 0)]);
    documents.open(&document("d"), FIRST).await.unwrap();
    assert_eq!(gate.came(), []);
    for text in ["whole", "larger"] {
        documents.archive(&document("d"), FIRST, state(text)).await.unwrap();
        assert_eq!(gate.came(), came([("HEAD", 0), ("PUT", text.len())]));
        documents.archive(&document("d"), FIRST, state(text)).await.unwrap();
        assert_eq!(gate.came(), [("HEAD".to_owned(), 0)], "it is there already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_bucket_that_does_not_exist_every_document_may_exist() {
    let bucket = Bucket::fresh(Versions::Replaced).await;
    let url = format!("s3://no-such-bucket?endpoint={}", bucket.endpoint()).parse().unwrap();
    let documents = archived(&Arc::default(), &url);
    let cause = cause(documents.open(&document("d"), FIRST).await);
    assert!(cause.contains("NoSuchBucket"), "{cause}");
}

#[tokio::test]
async fn a_document_that_may_be_in_an_archive_that_fails_does_not_open() {
    for behaviour in [
        Behaviour::HangsUp,
        Behaviour::Answers("503 Slow Down", "<Error><Code>SlowDown</Code></Error>"),
        Behaviour::Answers("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>"),
        Behaviour::Answers("404 Not Found", "<html>nobody here</html>"),
    ] {
        let server = Scripted::start(behaviour.clone()).await;
        let url = format!("s3://bucket?endpoint={}", server.endpoint()).parse().unwrap();
        let documents = archived(&Arc::default(), &url);
        assert_eq!(server.connections(), 0, "a start asks nothing");
        cause(documents.open(&document("d"), FIRST).await);
        assert!((1..=3).contains(&server.requests()), "{behaviour:?}: {} requests", server.requests());
    }
}

/// The requests that opening a document takes whose state takes long, where the first opener gives up half-way.
async fn opened_after_giving_up(server: &SlowObject, meanwhile: impl FnOnce()) -> (usize, Vec<String>) {
    let url = format!("s3://bucket?endpoint={}", server.endpoint()).parse().unwrap();
    let documents = archived(&Arc::default(), &url);
    let d = document("d");
    tokio::select! {
        opened = documents.open(&d, FIRST) => panic!("{opened:?}"),
        () = server.until_half_way() => {}
    }
    assert_eq!(server.methods(), ["GET"]);
    meanwhile();
    server.send_the_rest();
    let opened = documents.open(&d, NEXT).await.unwrap();
    (opened.updates[0].len(), server.methods())
}

#[tokio::test]
async fn a_large_state_is_read_on_when_its_opener_gives_up_and_the_next_one_has_it() {
    let server = SlowObject::start(LARGE).await;
    let (bytes, methods) = opened_after_giving_up(&server, || {}).await;
    assert_eq!((bytes, methods), (LARGE, vec!["HEAD".to_owned()]));
}

#[tokio::test]
async fn a_large_state_that_was_replaced_while_it_was_read_is_read_again() {
    let server = SlowObject::start(LARGE).await;
    let (bytes, methods) = opened_after_giving_up(&server, || server.replace()).await;
    assert_eq!((bytes, methods), (LARGE, vec!["HEAD".to_owned(), "GET".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_is_silent_holds_nobody_for_longer_than_its_deadline() {
    let server = Scripted::start(Behaviour::Silent).await;
    let url = format!("s3://bucket?endpoint={}", server.endpoint()).parse().unwrap();
    let inner = Arc::default();
    let documents = archived(&inner, &url);
    let begun = tokio::time::Instant::now();
    cause(documents.open(&document("d"), FIRST).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    inner.open(&document("d"), FIRST).await.unwrap();
    cause(documents.archive(&document("d"), FIRST, state("whole")).await);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
