//! A server that refuses.

use super::*;
use servers::redis::Make;
use std::sync::Arc;

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_given_to_it_again() {
    let server = RedisServer::start(Make::Redis);
    let watched = Watched::with_content(url_of(&server), Retention::Kept).await;
    let () = server.ask(&["SCRIPT", "FLUSH"]);
    assert_eq!(watched.append(3, "4").await, Ok(Position(4)));
    let () = server.ask(&["SCRIPT", "FLUSH"]);
    assert_eq!(watched.content().await, ["1 2", "3", "4"].map(update));
}

#[tokio::test]
async fn a_full_server_takes_no_appends_and_gives_its_documents_away() {
    for make in [Make::Redis, Make::Valkey] {
        let server = RedisServer::start(make);
        let watched = Watched::with_content(url_of(&server), Retention::For(DAY)).await;
        let () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        let refused = cause(watched.append(3, "4").await);
        assert!(refused.contains("OOM"), "{refused}");
        let refused = cause(watched.store.open(&key("new"), FIRST).await);
        assert!(refused.contains("OOM"), "{refused}");
        watched.check(3).await.unwrap();
        watched.compact(3, "1 2 3").await.unwrap();
        watched.expire().await.unwrap();
        assert_eq!(watched.content().await, ["1 2 3"].map(update));
        let () = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        let appended = watched.store.append(&watched.key, NEXT, Position(3), &[update("4")]).await;
        assert_eq!(appended, Ok(Position(4)));
    }
}

#[tokio::test]
async fn a_replica_takes_nothing_and_vouches_for_nothing() {
    for make in [Make::Redis, Make::Valkey] {
        let server = RedisServer::start(make);
        let watched = Watched::with_content(url_of(&server), Retention::Kept).await;
        // Of a master that nobody reaches.
        let () = server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
        for outcome in [
            watched.append(3, "4").await.map(drop),
            watched.check(3).await,
            watched.compact(3, "1 2 3").await,
            watched.expire().await,
            watched.open(FIRST).await.map(drop),
        ] {
            let refused = cause(outcome);
            assert!(refused.contains("READONLY") || refused.contains("replica"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_no_document() {
    for part in PARTS {
        let watched = Watched::with_content(redis_server(), Retention::DroppedAtRelease).await;
        watched.remove(part);
        let () = watched.ask(&["SADD"], part, &["theirs"]);
        for outcome in [watched.append(3, "4").await.map(drop), watched.open(NEXT).await.map(drop)] {
            let refused = cause(outcome);
            assert!(refused.contains("WRONGTYPE"), "{part:?}: {refused}");
        }
        let kind: String = watched.ask(&["TYPE"], part, &[]);
        assert_eq!(kind, "set");
    }
}

#[tokio::test]
async fn what_is_too_large_for_a_server_is_not_sent() {
    // Nobody listens there.
    let watched = Watched::new("redis://127.0.0.1:1".parse().unwrap(), Retention::Kept);
    let large = || Bytes::from(vec![0; 256 * 1024 * 1024 + 1]);
    let refused = cause(watched.store.compact(&watched.key, FIRST, Position(0), large()).await);
    assert!(refused.contains("268435457 bytes"), "{refused}");
    let refused = cause(watched.store.append(&watched.key, FIRST, Position(0), &[large()]).await);
    assert!(refused.contains("268435457 bytes"), "{refused}");
}

#[tokio::test]
async fn a_document_of_tens_of_megabytes_is_read_as_it_was() {
    let watched = Watched::with_content(redis_server(), Retention::Kept).await;
    let state = Bytes::from_iter((0..32 * 1024 * 1024u32).map(|n| (n ^ (n >> 8)) as u8));
    watched.store.compact(&watched.key, FIRST, Position(3), state.clone()).await.unwrap();
    let large = Bytes::from(vec![7; 16 * 1024 * 1024]);
    watched.store.append(&watched.key, FIRST, Position(3), std::slice::from_ref(&large)).await.unwrap();
    assert!(watched.content().await == [state, large]);
}

#[tokio::test]
async fn states_small_and_large_are_replaced_by_one_another() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    for bytes in [1, 65_536, 65_537, 300_000, 100, 70_000, 65_536] {
        let state = Bytes::from(vec![bytes as u8; bytes]);
        watched.store.compact(&watched.key, FIRST, Position(3), state.clone()).await.unwrap();
        assert!(watched.open(FIRST).await.unwrap().updates == [state], "{bytes}");
    }
    assert_eq!(watched.all_keys().len(), 2);
}

#[tokio::test]
async fn a_large_state_that_is_refused_leaves_nothing_behind() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    let large = || Bytes::from(vec![7; 100_000]);
    let compact =
        async |through| watched.store.compact(&watched.key, FIRST, Position(through), large()).await;
    assert_eq!(compact(4).await, Err(DocumentsError::Lost));
    assert_eq!(compact(1).await, Ok(()));
    let before = watched.content().await;
    assert_eq!(before, ["1 2", "3"].map(update));
    let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
    assert_eq!(compact(3).await, Err(stale));
    assert_eq!(watched.content().await, before);
    assert_eq!(watched.all_keys().len(), PARTS.len());
}

#[tokio::test]
async fn a_server_that_stands_still_is_waited_for_no_longer_than_the_deadline() {
    let server = Arc::new(RedisServer::start(Make::Redis));
    let watched = Watched::with_content(url_of(&server), Retention::Kept).await;
    server.pause();
    let late = cause(watched.append(3, "4").await);
    server.resume();
    assert!(late.contains("no answer within 2000 ms"), "{late}");
}
