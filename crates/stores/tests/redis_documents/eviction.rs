//! A server that is short of memory may evict single keys.

use super::*;

/// What is left when a key is gone: the state without the log, else nothing.
fn left_without(part: Part) -> Opened {
    match part {
        Part::Log => Opened { updates: vec![update("1 2")], position: Position(2) },
        Part::Head | Part::State => Opened { updates: Vec::new(), position: Position(0) },
    }
}

async fn without(part: Part) -> Watched {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    watched.remove(part);
    watched
}

#[tokio::test]
async fn an_owner_is_told_that_a_key_is_gone_and_writes_the_document_down_again() {
    for part in PARTS {
        for call in ["append", "compact", "check", "expire"] {
            let watched = without(part).await;
            let outcome = match call {
                "append" => watched.append(3, "4").await.map(drop),
                "compact" => watched.compact(3, "1 2 3").await,
                "check" => watched.check(3).await,
                _ => watched.expire().await,
            };
            assert_eq!(outcome, Err(DocumentsError::Lost), "{part:?} {call}");
            assert_eq!(watched.append(3, "4").await, Err(DocumentsError::Lost), "{part:?} {call}");
            let opened = watched.open(FIRST).await.unwrap();
            assert_eq!(opened, left_without(part), "{call}");
            watched.compact(opened.position.0, "1 2 3").await.unwrap();
            watched.append(opened.position.0, "4").await.unwrap();
            assert_eq!(watched.content().await, ["1 2 3", "4"].map(update), "{part:?} {call}");
        }
    }
}

#[tokio::test]
async fn whoever_opens_a_document_is_told_once_that_a_key_is_gone() {
    for part in PARTS {
        let watched = without(part).await;
        assert_eq!(watched.open(NEXT).await, Err(DocumentsError::Lost), "{part:?}");
        assert_eq!(watched.open(NEXT).await, Ok(left_without(part)));
    }
}

#[tokio::test]
async fn a_document_that_was_never_compacted_is_missed_without_its_log() {
    let watched = Watched::new(redis_server(), Retention::For(DAY));
    watched.open(FIRST).await.unwrap();
    watched.append(0, "1").await.unwrap();
    watched.remove(Part::Log);
    assert_eq!(watched.append(0, "2").await, Err(DocumentsError::Lost));
    assert_eq!(watched.append(1, "2").await, Err(DocumentsError::Lost));
    assert_eq!(watched.open(FIRST).await, Ok(Opened { updates: Vec::new(), position: Position(0) }));
}
