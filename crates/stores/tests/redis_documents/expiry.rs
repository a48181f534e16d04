//! When the keys of a document end.

use super::*;

/// The moments at which the keys that there are end, in Unix milliseconds; -1 for never.
fn ends(watched: &Watched) -> Vec<i64> {
    watched.parts().into_iter().map(|part| watched.ask(&["PEXPIRETIME"], part, &[])).collect()
}

fn now_ms(watched: &Watched) -> i64 {
    let (seconds, micros): (i64, i64) = ask(&watched.url.to_string(), &["TIME"]);
    seconds * 1000 + micros / 1000
}

/// Asserts that all three keys end at one moment, so much from here on.
fn assert_all_end_in(watched: &Watched, time: Duration) {
    let ends = ends(watched);
    assert_eq!(ends.len(), PARTS.len());
    assert!(ends.iter().all(|&end| end == ends[0]), "{ends:?}");
    let (left, time) = (ends[0] - now_ms(watched), i64::try_from(time.as_millis()).unwrap());
    assert!((time - 60_000..=time).contains(&left), "{left} ms are left instead of {time}");
}

fn about_to_end(watched: &Watched) {
    for part in watched.parts() {
        let () = watched.ask(&["PEXPIRE"], part, &["60000"]);
    }
}

#[tokio::test]
async fn a_released_document_is_gone_after_its_retention() {
    let retention = Retention::For(Duration::from_millis(50));
    let watched = Watched::with_content(redis_server(), retention).await;
    assert_eq!(watched.parts(), PARTS);
    watched.expire().await.unwrap();
    until("the end of the keys", || watched.parts().is_empty()).await;
    assert_eq!(watched.open(NEXT).await, Ok(Opened { updates: Vec::new(), position: Position(0) }));
}

#[tokio::test]
async fn a_document_that_is_opened_within_its_retention_lives_on() {
    let watched = Watched::with_content(redis_server(), Retention::For(2 * DAY)).await;
    watched.expire().await.unwrap();
    assert_all_end_in(&watched, 2 * DAY);
    about_to_end(&watched);
    assert_eq!(watched.content().await, ["1 2", "3"].map(update));
    assert_all_end_in(&watched, 2 * DAY);
}

#[tokio::test]
async fn an_owners_appends_compactions_and_checks_put_the_end_off() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    about_to_end(&watched);
    watched.append(3, "4").await.unwrap();
    assert_all_end_in(&watched, DAY);
    about_to_end(&watched);
    watched.check(4).await.unwrap();
    assert_all_end_in(&watched, DAY);
    about_to_end(&watched);
    watched.compact(3, "1 2 3").await.unwrap();
    assert_all_end_in(&watched, DAY);
}

#[tokio::test]
async fn a_restoration_puts_the_end_off() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    watched.open(FIRST).await.unwrap();
    about_to_end(&watched);
    watched.restore(3, "1 2 3").await.unwrap();
    watched.append(4, "4").await.unwrap();
    assert_all_end_in(&watched, DAY);
}

#[tokio::test]
async fn keys_that_are_made_later_end_with_the_others() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    watched.compact(3, "1 2 3").await.unwrap();
    assert_eq!(watched.parts(), [Part::Head, Part::State]);
    watched.append(3, "4").await.unwrap();
    assert_all_end_in(&watched, DAY);
}

#[tokio::test]
async fn an_open_document_outlives_a_short_retention() {
    for retention in [Retention::For(Duration::from_millis(1)), Retention::DroppedAtRelease] {
        let watched = Watched::with_content(redis_server(), retention).await;
        assert_all_end_in(&watched, Duration::from_secs(60 * 60));
    }
}

#[tokio::test]
async fn what_is_kept_has_no_end() {
    let watched = Watched::with_content(redis_server(), Retention::Kept).await;
    assert_eq!(ends(&watched), [-1; 3]);
    let large = Bytes::from(vec![7; 100_000]);
    watched.store.compact(&watched.key, FIRST, Position(2), large).await.unwrap();
    watched.expire().await.unwrap();
    assert_eq!(ends(&watched), [-1; 3]);
}

#[tokio::test]
async fn what_is_opened_to_be_kept_has_no_end_any_more() {
    let watched = Watched::with_content(redis_server(), Retention::For(DAY)).await;
    watched.expire().await.unwrap();
    documents(&watched.url, Retention::Kept).open(&watched.key, NEXT).await.unwrap();
    assert_eq!(ends(&watched), [-1; 3]);
}

#[tokio::test]
async fn a_name_that_was_opened_and_left_is_kept_no_longer_than_a_late_call_may_take() {
    for retention in [Retention::Kept, Retention::For(2 * DAY)] {
        let watched = Watched::new(redis_server(), retention);
        watched.open(FIRST).await.unwrap();
        watched.expire().await.unwrap();
        assert_eq!(watched.parts(), [Part::Head]);
        let left = ends(&watched)[0] - now_ms(&watched);
        assert!((1..=60 * 60 * 1000).contains(&left), "{left}");
        watched.open(NEXT).await.unwrap();
        watched.store.expire(&watched.key, NEXT).await.unwrap();
        let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
        assert_eq!(watched.open(FIRST).await, Err(stale.clone()));
        assert_eq!(watched.append(0, "1").await, Err(stale));
    }
}

#[tokio::test]
async fn a_name_that_was_opened_and_left_is_gone_after_a_short_retention() {
    let watched = Watched::new(redis_server(), Retention::For(Duration::from_millis(50)));
    watched.open(FIRST).await.unwrap();
    watched.expire().await.unwrap();
    until("the end of the keys", || watched.parts().is_empty()).await;
}

#[tokio::test]
async fn what_is_to_be_kept_has_no_end_from_its_first_content_on() {
    for first in ["append", "compact", "restore"] {
        let watched = Watched::new(redis_server(), Retention::Kept);
        watched.open(FIRST).await.unwrap();
        watched.check(0).await.unwrap();
        assert_ne!(ends(&watched), [-1]);
        match first {
            "append" => watched.append(0, "1").await.map(drop).unwrap(),
            "compact" => watched.compact(0, "1").await.unwrap(),
            _ => watched.restore(0, "1").await.map(drop).unwrap(),
        }
        assert_eq!(ends(&watched), [-1; 2], "{first}");
        watched.expire().await.unwrap();
        assert_eq!(ends(&watched), [-1; 2], "{first}");
    }
}

#[tokio::test]
async fn a_dropped_document_leaves_only_what_refuses_its_earlier_owners() {
    let watched = Watched::with_content(redis_server(), Retention::DroppedAtRelease).await;
    for _ in 0..2 {
        watched.expire().await.unwrap();
        assert_eq!(watched.parts(), [Part::Head]);
    }
    let left = ends(&watched)[0] - now_ms(&watched);
    assert!((1..=60 * 60 * 1000).contains(&left), "{left}");
    let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
    assert_eq!(watched.append(3, "4").await, Err(stale.clone()));
    assert_eq!(watched.compact(3, "1 2 3").await, Err(stale.clone()));
    assert_eq!(watched.check(3).await, Err(stale.clone()));
    assert_eq!(watched.open(FIRST).await, Err(stale));
    assert_eq!(watched.parts(), [Part::Head]);
    assert!(watched.content().await.is_empty());
}
