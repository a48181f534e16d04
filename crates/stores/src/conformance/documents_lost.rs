//! Clauses of [`Documents`], for stores that can lose what they have acknowledged.

use super::ids::document;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use std::sync::Arc;

/// What empties the store, as a restart would that saved nothing.
#[async_trait::async_trait]
pub trait Emptying: Send + Sync + 'static {
    /// Forgets everything.
    async fn empty(&self);
}

/// A store, and what empties it.
pub type Lossy = (Arc<dyn Documents>, Arc<dyn Emptying>);

const FIRST: Generation = Generation(10);
const NEXT: Generation = Generation(12);

fn update(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn opened(store: &dyn Documents, document: &DocumentKey, generation: Generation) -> Opened {
    store.open(document, generation).await.unwrap()
}

/// A document "d" that `FIRST` opened and gave three entries, of which two were compacted, and where its log ended
/// when the store lost it.
async fn lost((store, emptying): &Lossy) -> (DocumentKey, Position) {
    let document = document("d");
    let mut end = opened(&**store, &document, FIRST).await.position;
    for text in ["1", "2", "3"] {
        if text == "3" {
            store.compact(&document, FIRST, end, update("1 2")).await.unwrap();
        }
        end = store.append(&document, FIRST, end, &[update(text)]).await.unwrap();
    }
    emptying.empty().await;
    (document, end)
}

/// Opens a lost document again for `FIRST`, and writes it down. Returns where its log ends.
async fn written_down_again(store: &dyn Documents, document: &DocumentKey) -> Position {
    let end = opened(store, document, FIRST).await.position;
    store.compact(document, FIRST, end, update("1 2 3")).await.unwrap();
    end
}

/// Whoever goes on with a document that is gone is told so, and nothing of it is stored.
pub async fn whoever_goes_on_with_a_lost_document_is_told_so(lossy: Lossy) {
    let (document, end) = lost(&lossy).await;
    let (store, _) = lossy;
    for after in [Position(0), end] {
        assert_eq!(store.append(&document, FIRST, after, &[update("4")]).await, Err(DocumentsError::Lost));
        assert_eq!(store.compact(&document, FIRST, after, update("4")).await, Err(DocumentsError::Lost));
        assert_eq!(store.check(&document, FIRST, after).await, Err(DocumentsError::Lost));
    }
    let nothing = Opened { updates: Vec::new(), position: Position(0) };
    assert_eq!(opened(&*store, &document, FIRST).await, nothing);
}

/// The owner opens the document again under its own generation, and writes down all of it.
pub async fn a_lost_document_is_written_down_again_by_its_owner(lossy: Lossy) {
    let (document, _) = lost(&lossy).await;
    let (store, _) = lossy;
    let end = written_down_again(&*store, &document).await;
    store.check(&document, FIRST, end).await.unwrap();
    let end = store.append(&document, FIRST, end, &[update("4")]).await.unwrap();
    let expected = Opened { updates: vec![update("1 2 3"), update("4")], position: end };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// Written down as an update, the document takes a position, so that its second loss is noticed, too.
pub async fn a_document_that_is_lost_twice_is_missed_twice(lossy: Lossy) {
    let (document, _) = lost(&lossy).await;
    let (store, emptying) = lossy;
    let begin = opened(&*store, &document, FIRST).await.position;
    let end = store.append(&document, FIRST, begin, &[update("1 2 3")]).await.unwrap();
    assert!(end > begin);
    emptying.empty().await;
    // As if the copy that took over had got the opening, and not what came after it.
    opened(&*store, &document, FIRST).await;
    assert_eq!(store.append(&document, FIRST, end, &[update("4")]).await, Err(DocumentsError::Lost));
    assert_eq!(store.check(&document, FIRST, end).await, Err(DocumentsError::Lost));
}

/// What was asked for before the loss and comes after it finds a log that is too short for it.
pub async fn a_late_call_from_before_the_loss_is_refused(lossy: Lossy) {
    let (document, end) = lost(&lossy).await;
    let (store, _) = lossy;
    written_down_again(&*store, &document).await;
    let before = opened(&*store, &document, FIRST).await;
    assert_eq!(store.append(&document, FIRST, end, &[update("4")]).await, Err(DocumentsError::Lost));
    assert_eq!(store.compact(&document, FIRST, end, update("old")).await, Err(DocumentsError::Lost));
    assert_eq!(opened(&*store, &document, FIRST).await, before);
}

/// An owner that was replaced is none after the loss either, once its successor has written the document down again.
pub async fn a_stale_owner_stays_refused_after_the_loss(lossy: Lossy) {
    let (store, emptying) = lossy;
    let document = document("d");
    for generation in [FIRST, NEXT] {
        opened(&*store, &document, generation).await;
    }
    emptying.empty().await;
    assert_eq!(store.check(&document, NEXT, Position(0)).await, Err(DocumentsError::Lost));
    opened(&*store, &document, NEXT).await;
    store.compact(&document, NEXT, Position(0), update("state")).await.unwrap();
    let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
    assert_eq!(store.open(&document, FIRST).await, Err(stale.clone()));
    assert_eq!(store.append(&document, FIRST, Position(0), &[update("late")]).await, Err(stale.clone()));
    assert_eq!(store.compact(&document, FIRST, Position(0), update("late")).await, Err(stale));
    assert_eq!(opened(&*store, &document, NEXT).await.updates, [update("state")]);
}

/// An owner that was replaced may be the first to come back after the loss: it has the document only until its
/// successor comes back, too.
pub async fn an_earlier_owner_that_comes_back_first_is_overtaken(lossy: Lossy) {
    let (store, emptying) = lossy;
    let document = document("d");
    for generation in [FIRST, NEXT] {
        opened(&*store, &document, generation).await;
    }
    emptying.empty().await;
    opened(&*store, &document, FIRST).await;
    store.compact(&document, FIRST, Position(0), update("earlier")).await.unwrap();
    let lost = store.append(&document, NEXT, Position(0), &[update("1")]).await;
    assert_eq!(lost, Err(DocumentsError::Lost));
    assert_eq!(store.check(&document, NEXT, Position(0)).await, Err(DocumentsError::Lost));
    let end = opened(&*store, &document, NEXT).await.position;
    store.compact(&document, NEXT, end, update("later")).await.unwrap();
    let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
    assert_eq!(store.append(&document, FIRST, end, &[update("1")]).await, Err(stale));
    assert_eq!(opened(&*store, &document, NEXT).await.updates, [update("later")]);
}
