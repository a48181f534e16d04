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
async fn written_down_again(store: &dyn Documents, document: &DocumentKey, above: Position) -> Position {
    opened(store, document, FIRST).await;
    store.restore(document, FIRST, above, update("1 2 3")).await.unwrap()
}

/// Sees that whoever goes on after `end` is told that the document is gone.
async fn is_missed(store: &dyn Documents, document: &DocumentKey, end: Position) {
    assert_eq!(store.append(document, FIRST, end, &[update("4")]).await, Err(DocumentsError::Lost));
    assert_eq!(store.compact(document, FIRST, end, update("4")).await, Err(DocumentsError::Lost));
    assert_eq!(store.check(document, FIRST, end).await, Err(DocumentsError::Lost));
}

/// Whoever goes on with a document that is gone is told so, and nothing of it is stored.
pub async fn whoever_goes_on_with_a_lost_document_is_told_so(lossy: Lossy) {
    let (document, end) = lost(&lossy).await;
    let (store, _) = lossy;
    for after in [Position(0), end] {
        is_missed(&*store, &document, after).await;
    }
    let nothing = Opened { updates: Vec::new(), position: Position(0) };
    assert_eq!(opened(&*store, &document, FIRST).await, nothing);
}

/// The owner opens the document again under its own generation, and writes down all of it.
pub async fn a_lost_document_is_written_down_again_by_its_owner(lossy: Lossy) {
    let (document, above) = lost(&lossy).await;
    let (store, _) = lossy;
    let end = written_down_again(&*store, &document, above).await;
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

/// What was asked for before the loss and comes after it finds a log that is too short for it, where the store was not
/// told what had been reached.
pub async fn a_late_call_from_before_the_loss_is_refused(lossy: Lossy) {
    let (document, end) = lost(&lossy).await;
    let (store, _) = lossy;
    let begin = opened(&*store, &document, FIRST).await.position;
    store.compact(&document, FIRST, begin, update("1 2 3")).await.unwrap();
    let before = opened(&*store, &document, FIRST).await;
    assert_eq!(store.append(&document, FIRST, end, &[update("4")]).await, Err(DocumentsError::Lost));
    assert_eq!(store.compact(&document, FIRST, end, update("old")).await, Err(DocumentsError::Lost));
    assert_eq!(opened(&*store, &document, FIRST).await, before);
}

/// Written down again, the document goes on above every position that anyone has been told.
pub async fn a_restored_document_is_above_all_that_was_lost(lossy: Lossy) {
    let (document, above) = lost(&lossy).await;
    let (store, _) = lossy;
    let end = written_down_again(&*store, &document, above).await;
    assert!(end > above, "{end:?} after {above:?}");
    let expected = Opened { updates: vec![update("1 2 3")], position: end };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// What was asked for before the loss and comes when the log is as long again replaces nothing. An append may add what
/// its owner has written down already.
pub async fn a_late_call_from_before_the_loss_takes_nothing_from_a_restored_document(lossy: Lossy) {
    let (document, above) = lost(&lossy).await;
    let (store, _) = lossy;
    let mut end = written_down_again(&*store, &document, above).await;
    for text in ["4", "5", "6", "7"] {
        end = store.append(&document, FIRST, end, &[update(text)]).await.unwrap();
    }
    let before = opened(&*store, &document, FIRST).await;
    for late in 0..=above.0 {
        let _ = store.compact(&document, FIRST, Position(late), update("old")).await;
        assert_eq!(opened(&*store, &document, FIRST).await, before, "{late}");
    }
    let _ = store.append(&document, FIRST, above, &[update("3")]).await;
    store.append(&document, FIRST, end, &[update("8")]).await.unwrap();
    let after = opened(&*store, &document, FIRST).await;
    assert!(after.updates.starts_with(&before.updates), "{after:?}");
    assert_eq!(after.updates.last(), Some(&update("8")));
}

/// A store that loses the restored document at once, with its opening or without, is found out by the next call.
pub async fn a_loss_right_after_the_restoration_is_noticed(lossy: Lossy) {
    let (document, above) = lost(&lossy).await;
    let (store, emptying) = lossy;
    let end = written_down_again(&*store, &document, above).await;
    emptying.empty().await;
    is_missed(&*store, &document, end).await;
    // As if the copy that took over had got the opening, and not what came after it.
    opened(&*store, &document, FIRST).await;
    is_missed(&*store, &document, end).await;
    let later = written_down_again(&*store, &document, end).await;
    assert!(later > end, "{later:?} after {end:?}");
}

/// A document is given anew only to a store that knows whose it is.
pub async fn whoever_has_not_opened_the_document_cannot_restore_it(lossy: Lossy) {
    let (document, above) = lost(&lossy).await;
    let (store, _) = lossy;
    let restore = async |generation| store.restore(&document, generation, above, update("1 2 3")).await;
    assert_eq!(restore(FIRST).await, Err(DocumentsError::Lost));
    opened(&*store, &document, FIRST).await;
    assert_eq!(restore(NEXT).await, Err(DocumentsError::Lost));
    let nothing = Opened { updates: Vec::new(), position: Position(0) };
    assert_eq!(opened(&*store, &document, NEXT).await, nothing);
    let stale = DocumentsError::Stale { stored: NEXT, asked: FIRST };
    assert_eq!(restore(FIRST).await, Err(stale));
    assert!(restore(NEXT).await.is_ok());
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
