//! Clauses of [`Documents::restore`], for any store.

use super::ids::document;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use std::sync::Arc;

const FIRST: Generation = Generation(10);
const NEXT: Generation = Generation(12);

fn update(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn opened(store: &dyn Documents, document: &DocumentKey, generation: Generation) -> Opened {
    store.open(document, generation).await.unwrap()
}

async fn restored(store: &dyn Documents, document: &DocumentKey, above: Position) -> Position {
    store.restore(document, FIRST, above, update("restored")).await.unwrap()
}

/// A document "d" that `FIRST` opened and gave three entries, of which two were compacted; and where its log ends.
async fn with_content(store: &dyn Documents) -> (DocumentKey, Position) {
    let document = document("d");
    let mut end = opened(store, &document, FIRST).await.position;
    for text in ["1", "2", "3"] {
        if text == "3" {
            store.compact(&document, FIRST, end, update("1 2")).await.unwrap();
        }
        end = store.append(&document, FIRST, end, &[update(text)]).await.unwrap();
    }
    (document, end)
}

/// State and entries give way to one state, and the log ends above where it did.
pub async fn a_restoration_replaces_all_that_is_stored(store: Arc<dyn Documents>) {
    let (document, before) = with_content(&*store).await;
    opened(&*store, &document, FIRST).await;
    let end = restored(&*store, &document, before).await;
    assert!(end > before, "{end:?} after {before:?}");
    let expected = Opened { updates: vec![update("restored")], position: end };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// A document in which there is nothing takes a position, too.
pub async fn a_new_document_can_be_restored(store: Arc<dyn Documents>) {
    let document = document("d");
    opened(&*store, &document, FIRST).await;
    let end = restored(&*store, &document, Position(0)).await;
    assert!(end > Position(0));
    let expected = Opened { updates: vec![update("restored")], position: end };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// The position is one that can be checked, appended after and compacted through.
pub async fn an_owner_goes_on_after_a_restoration(store: Arc<dyn Documents>) {
    let (document, before) = with_content(&*store).await;
    opened(&*store, &document, FIRST).await;
    let end = restored(&*store, &document, before).await;
    store.check(&document, FIRST, end).await.unwrap();
    let later = store.append(&document, FIRST, end, &[update("4")]).await.unwrap();
    assert!(later > end, "{later:?} after {end:?}");
    store.compact(&document, FIRST, end, update("compacted")).await.unwrap();
    let expected = Opened { updates: ["compacted", "4"].map(update).to_vec(), position: later };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// A restoration whose answer was lost is made again, by whoever opens the document again.
pub async fn a_restoration_is_repeated_after_another_opening(store: Arc<dyn Documents>) {
    let (document, before) = with_content(&*store).await;
    let mut last = before;
    for _ in 0..2 {
        opened(&*store, &document, FIRST).await;
        let end = restored(&*store, &document, before).await;
        assert!(end > last, "{end:?} after {last:?}");
        last = end;
    }
    let expected = Opened { updates: vec![update("restored")], position: last };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// An earlier owner can't replace what a later one has.
pub async fn a_stale_generation_cannot_restore(store: Arc<dyn Documents>) {
    let (document, end) = with_content(&*store).await;
    let before = opened(&*store, &document, NEXT).await;
    let refusal = store.restore(&document, FIRST, end, update("old")).await;
    assert_eq!(refusal, Err(DocumentsError::Stale { stored: NEXT, asked: FIRST }));
    assert_eq!(opened(&*store, &document, NEXT).await, before);
}
