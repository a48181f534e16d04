//! Clauses of [`Documents`].

use super::ids::document;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use std::sync::Arc;

const FIRST: Generation = Generation(10);
const NEXT: Generation = Generation(12);
const STALE: DocumentsError = DocumentsError::Stale { stored: NEXT, asked: FIRST };

fn update(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

/// The updates `from` to `to`, each its number.
fn numbered(numbers: std::ops::RangeInclusive<u64>) -> Vec<Bytes> {
    numbers.map(|n| update(n.to_string())).collect()
}

async fn opened(store: &dyn Documents, document: &DocumentKey, generation: Generation) -> Opened {
    store.open(document, generation).await.unwrap()
}

async fn append(store: &dyn Documents, document: &DocumentKey, updates: &[Bytes]) -> Position {
    store.append(document, FIRST, Position(0), updates).await.unwrap()
}

/// A document "d" that `FIRST` opened and gave `entries` appends of one update each.
async fn with_entries(store: &dyn Documents, entries: u64) -> DocumentKey {
    let document = document("d");
    opened(store, &document, FIRST).await;
    for n in 1..=entries {
        append(store, &document, &numbered(n..=n)).await;
    }
    document
}

/// A document that was never opened has no updates, and its log ends at 0.
pub async fn a_new_document_is_empty(store: Arc<dyn Documents>) {
    let opened = opened(&*store, &document("d"), FIRST).await;
    assert_eq!(opened, Opened { updates: Vec::new(), position: Position(0) });
}

/// Updates come back in order, over appends and within each.
pub async fn updates_are_read_in_the_order_of_their_appends(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 0).await;
    append(&*store, &document, &numbered(1..=3)).await;
    append(&*store, &document, &numbered(4..=4)).await;
    let end = append(&*store, &document, &numbered(5..=120)).await;
    let expected = Opened { updates: numbered(1..=120), position: end };
    assert_eq!(opened(&*store, &document, NEXT).await, expected);
}

/// An append without updates returns where the log ends.
pub async fn an_append_of_nothing_changes_nothing(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 2).await;
    let before = opened(&*store, &document, FIRST).await;
    assert_eq!(append(&*store, &document, &[]).await, before.position);
    assert_eq!(opened(&*store, &document, FIRST).await, before);
}

/// Updates may be empty, hold any byte, and be large.
pub async fn updates_of_any_size_are_read_as_they_were(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 0).await;
    let updates = [
        Bytes::new(),
        Bytes::from_iter(0..=255),
        Bytes::from(vec![0; 300_000]),
        Bytes::from(vec![255; 1_000_000]),
    ];
    append(&*store, &document, &updates).await;
    assert_eq!(opened(&*store, &document, FIRST).await.updates, updates);
}

/// A log's end only rises, over compactions and new owners too.
pub async fn positions_rise_and_never_fall(store: Arc<dyn Documents>) {
    let document = document("d");
    let mut last = Position(0);
    for round in 1..=5 {
        let opened = opened(&*store, &document, Generation(round)).await;
        assert_eq!(opened.position, last);
        for n in 0..3 {
            let end =
                store.append(&document, Generation(round), Position(0), &numbered(n..=n + 1)).await.unwrap();
            assert!(end > last, "{end:?} after {last:?}");
            last = end;
        }
        store.compact(&document, Generation(round), last, update("state")).await.unwrap();
    }
}

/// Opening is repeatable, by the same generation and by later ones.
pub async fn opening_again_returns_the_document_again(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    for generation in [FIRST, FIRST, NEXT, NEXT] {
        assert_eq!(opened(&*store, &document, generation).await.updates, numbered(1..=3));
    }
}

/// After a later owner opened the document, an append of an earlier one is refused and not stored.
pub async fn a_stale_generation_cannot_append(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 2).await;
    let before = opened(&*store, &document, NEXT).await;
    assert_eq!(store.append(&document, FIRST, Position(0), &numbered(3..=3)).await, Err(STALE));
    assert_eq!(opened(&*store, &document, NEXT).await, before);
}

/// An earlier owner can't take the document back.
pub async fn a_stale_generation_cannot_open(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 0).await;
    opened(&*store, &document, NEXT).await;
    assert_eq!(store.open(&document, FIRST).await, Err(STALE));
    assert!(store.append(&document, NEXT, Position(0), &numbered(1..=1)).await.is_ok());
}

/// An earlier owner can't replace what a later one has.
pub async fn a_stale_generation_cannot_compact(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 2).await;
    let before = opened(&*store, &document, NEXT).await;
    let refusal = store.compact(&document, FIRST, before.position, update("old")).await;
    assert_eq!(refusal, Err(STALE));
    assert_eq!(opened(&*store, &document, NEXT).await, before);
}

/// An earlier owner is told that it is none.
pub async fn a_stale_generation_cannot_check(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 2).await;
    let before = opened(&*store, &document, NEXT).await;
    assert_eq!(store.check(&document, FIRST, before.position).await, Err(STALE));
}

/// An open document is checked as often as its owner likes.
pub async fn a_check_of_what_is_there_changes_nothing(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    let before = opened(&*store, &document, FIRST).await;
    for at in [Position(0), before.position, before.position] {
        store.check(&document, FIRST, at).await.unwrap();
    }
    assert_eq!(opened(&*store, &document, FIRST).await, before);
}

/// An earlier owner can't release what a later one holds.
pub async fn a_stale_generation_cannot_expire(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 2).await;
    let before = opened(&*store, &document, NEXT).await;
    assert_eq!(store.expire(&document, FIRST).await, Err(STALE));
    assert_eq!(opened(&*store, &document, NEXT).await, before);
}

/// Every entry through the position is replaced by one state; what came after is kept.
pub async fn a_compaction_replaces_what_it_covers_and_keeps_the_rest(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 10).await;
    let through = opened(&*store, &document, FIRST).await.position;
    append(&*store, &document, &numbered(11..=12)).await;
    append(&*store, &document, &numbered(13..=13)).await;
    store.compact(&document, FIRST, through, update("state")).await.unwrap();
    let mut expected = vec![update("state")];
    expected.extend(numbered(11..=13));
    assert_eq!(opened(&*store, &document, FIRST).await.updates, expected);

    let end = append(&*store, &document, &numbered(14..=14)).await;
    store.compact(&document, FIRST, end, update("later")).await.unwrap();
    let opened = opened(&*store, &document, FIRST).await;
    assert_eq!(opened, Opened { updates: vec![update("later")], position: end });
}

/// A compaction whose answer was lost is made again.
pub async fn a_repeated_compaction_changes_nothing(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    let through = opened(&*store, &document, FIRST).await.position;
    append(&*store, &document, &numbered(4..=4)).await;
    for _ in 0..2 {
        store.compact(&document, FIRST, through, update("state")).await.unwrap();
        assert_eq!(opened(&*store, &document, FIRST).await.updates, [update("state"), update("4")]);
    }
}

/// A state never comes back over a later one.
pub async fn a_late_copy_of_a_compaction_changes_nothing(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    let early = opened(&*store, &document, FIRST).await.position;
    let late = append(&*store, &document, &numbered(4..=4)).await;
    store.compact(&document, FIRST, late, update("late")).await.unwrap();
    store.compact(&document, FIRST, early, update("early")).await.unwrap();
    let opened = opened(&*store, &document, FIRST).await;
    assert_eq!(opened, Opened { updates: vec![update("late")], position: late });
}

/// A compaction through position 0 puts a state before the first entry.
pub async fn a_compaction_of_nothing_loses_nothing(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 1).await;
    store.compact(&document, FIRST, Position(0), update("state")).await.unwrap();
    assert_eq!(opened(&*store, &document, FIRST).await.updates, [update("state"), update("1")]);
}

/// Whoever opens the document while it is appended to sees each append whole or not at all.
pub async fn the_updates_of_one_append_are_stored_together(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 0).await;
    let appender = {
        let (store, document) = (store.clone(), document.clone());
        tokio::spawn(async move {
            for n in 0..30 {
                append(&*store, &document, &numbered(3 * n..=3 * n + 2)).await;
            }
        })
    };
    while !appender.is_finished() {
        let updates = opened(&*store, &document, FIRST).await.updates;
        assert!(updates.is_empty() || updates == numbered(0..=updates.len() as u64 - 1));
        assert_eq!(updates.len() % 3, 0);
        tokio::task::yield_now().await;
    }
    appender.await.unwrap();
    assert_eq!(opened(&*store, &document, FIRST).await.updates, numbered(0..=89));
}

/// Appends of several documents are made at once, and each document gets its own.
pub async fn many_documents_are_appended_to_at_once(store: Arc<dyn Documents>) {
    let writers = (0..40u64).map(|n| {
        let (store, document) = (store.clone(), document(&format!("d{n}")));
        tokio::spawn(async move {
            opened(&*store, &document, FIRST).await;
            for m in 0..20 {
                append(&*store, &document, &[update(format!("{n} {m}"))]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    for n in 0..40 {
        let expected: Vec<Bytes> = (0..20).map(|m| update(format!("{n} {m}"))).collect();
        assert_eq!(opened(&*store, &document(&format!("d{n}")), NEXT).await.updates, expected);
    }
}

/// Documents whose names begin alike don't meet.
pub async fn documents_are_stored_apart(store: Arc<dyn Documents>) {
    let names = [
        ["d", "d ", "dd", "d::d", "d/1", "d\u{10ffff}", "D"],
        ["d}", "{d}", "{}d", "d}:h", "d%7D", "d%257D", "d%"],
    ]
    .concat();
    for &name in &names {
        opened(&*store, &document(name), FIRST).await;
        append(&*store, &document(name), &[update(name)]).await;
    }
    let end = append(&*store, &document("d"), &[update("more")]).await;
    store.compact(&document("d"), FIRST, end, update("d")).await.unwrap();
    for name in names {
        assert_eq!(opened(&*store, &document(name), FIRST).await.updates, [update(name)], "{name:?}");
    }
}

/// Where content is kept, it is there when the document is opened again, even by the generation that
/// released it.
pub async fn a_released_document_is_kept(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    for generation in [FIRST, NEXT] {
        for _ in 0..2 {
            assert_eq!(opened(&*store, &document, generation).await.updates, numbered(1..=3));
            store.expire(&document, generation).await.unwrap();
            store.expire(&document, generation).await.unwrap();
        }
    }
}

/// Where content is dropped at release, the document is new when it is opened again.
pub async fn a_released_document_is_dropped(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    store.compact(&document, FIRST, Position(2), update("state")).await.unwrap();
    for _ in 0..2 {
        store.expire(&document, FIRST).await.unwrap();
    }
    let empty = Opened { updates: Vec::new(), position: Position(0) };
    assert_eq!(opened(&*store, &document, NEXT).await, empty);
    store.append(&document, NEXT, Position(0), &numbered(9..=9)).await.unwrap();
    assert_eq!(opened(&*store, &document, NEXT).await.updates, numbered(9..=9));
}

/// Content that is dropped comes back by no copy of what its owner had asked.
pub async fn a_late_append_cannot_bring_a_dropped_document_back(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    store.expire(&document, FIRST).await.unwrap();
    let append = store.append(&document, FIRST, Position(0), &numbered(4..=4)).await.unwrap_err();
    let compaction = store.compact(&document, FIRST, Position(3), update("state")).await.unwrap_err();
    for refusal in [append, compaction] {
        assert!(matches!(refusal, DocumentsError::Stale { .. }), "{refusal}");
    }
    assert_eq!(opened(&*store, &document, NEXT).await.updates, Vec::<Bytes>::new());
}

/// An earlier owner's release, which comes late, drops nothing of a later one's.
pub async fn a_stale_release_drops_nothing(store: Arc<dyn Documents>) {
    let document = with_entries(&*store, 3).await;
    opened(&*store, &document, NEXT).await;
    assert_eq!(store.expire(&document, FIRST).await, Err(STALE));
    assert_eq!(opened(&*store, &document, NEXT).await.updates, numbered(1..=3));
}
