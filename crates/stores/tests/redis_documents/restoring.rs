//! A document that its owner gives to the server anew.

use super::*;
use servers::redis::Make;

/// A document with content, opened again as an owner does before he restores it.
async fn opened_again(retention: Retention) -> Watched {
    let watched = Watched::with_content(redis_server(), retention).await;
    watched.open(FIRST).await.unwrap();
    watched
}

#[tokio::test]
async fn the_position_is_above_the_logs_end_and_above_what_was_reached() {
    for (above, expected) in [(0, 4), (2, 4), (3, 4), (4, 5), (1_000_000, 1_000_001)] {
        let watched = opened_again(Retention::For(DAY)).await;
        assert_eq!(watched.restore(above, "1 2 3").await, Ok(Position(expected)), "{above}");
        assert_eq!(watched.parts(), [Part::Head, Part::State]);
        assert_eq!(watched.append(expected, "4").await, Ok(Position(expected + 1)));
        assert_eq!(watched.content().await, ["1 2 3", "4"].map(update));
    }
}

#[tokio::test]
async fn a_late_copy_of_a_restoration_replaces_nothing_that_came_after_it() {
    let watched = opened_again(Retention::For(DAY)).await;
    watched.restore(9, "1 2 3").await.unwrap();
    watched.append(10, "4").await.unwrap();
    assert_eq!(watched.restore(9, "1 2 3").await, Err(DocumentsError::Lost));
    watched.compact(11, "1 2 3 4").await.unwrap();
    assert_eq!(watched.restore(9, "1 2 3").await, Err(DocumentsError::Lost));
    assert_eq!(watched.open(FIRST).await.unwrap().updates, ["1 2 3 4"].map(update));
}

#[tokio::test]
async fn states_of_any_size_are_restored() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    for bytes in [0, 1, 65_536, 65_537, 300_000, 100] {
        let end = watched.open(FIRST).await.unwrap().position;
        let state = Bytes::from(vec![bytes as u8; bytes]);
        let restored = watched.store.restore(&watched.key, FIRST, end, state.clone()).await.unwrap();
        assert_eq!(restored, Position(end.0 + 1));
        let expected = Opened { updates: vec![state], position: restored };
        assert!(watched.open(FIRST).await.unwrap() == expected, "{bytes}");
    }
    assert_eq!(watched.all_keys().len(), 2);
}

#[tokio::test]
async fn a_large_state_that_is_refused_leaves_nothing_behind() {
    let watched = opened_again(Retention::For(DAY)).await;
    let large = || Bytes::from(vec![7; 100_000]);
    let restore =
        async |generation| watched.store.restore(&watched.key, generation, Position(3), large()).await;
    assert_eq!(restore(NEXT).await, Err(DocumentsError::Lost));
    let before = watched.content().await;
    assert_eq!(before, ["1 2", "3"].map(update));
    assert_eq!(restore(FIRST).await, Err(DocumentsError::Stale { stored: NEXT, asked: FIRST }));
    assert_eq!(watched.content().await, before);
    assert_eq!(watched.all_keys().len(), PARTS.len());
}

#[tokio::test]
async fn a_dropped_document_is_not_restored() {
    let watched = opened_again(Retention::DroppedAtRelease).await;
    watched.expire().await.unwrap();
    let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
    assert_eq!(watched.restore(3, "1 2 3").await, Err(stale));
    assert_eq!(watched.parts(), [Part::Head]);
}

#[tokio::test]
async fn a_full_server_takes_a_restoration_of_what_it_knows() {
    for make in [Make::Redis, Make::Valkey] {
        let server = RedisServer::start(make);
        let watched = Watched::with_content(url_of(&server), Retention::For(DAY)).await;
        let () = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        watched.open(FIRST).await.unwrap();
        assert_eq!(watched.restore(3, "1 2 3").await, Ok(Position(4)));
        assert_eq!(watched.content().await, ["1 2 3"].map(update));
    }
}
