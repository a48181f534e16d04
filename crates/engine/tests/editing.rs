//! Documents as their sessions see them: real yrs clients edit through the protocol, and everyone agrees.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod client;

use client::{Client, Room};
use engine::{Caps, Document, Malformed, OpsBudget, Refused, SessionId, Turn};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn text_typed_by_one_client_reaches_another() {
    let mut room = Room::new();
    let (a, b) = (room.join(1), room.join(2));
    room.insert(a, 0, "hello");
    room.insert(b, 5, " world");
    room.remove(a, 0, 1);
    room.settle();
    assert_eq!(room.text(a), "ello world");
    assert_eq!(room.text(b), "ello world");
    assert_eq!(room.text_of_server(), "ello world");
}

#[test]
fn what_was_typed_before_joining_is_exchanged() {
    let mut room = Room::new();
    let (a, b) = (room.client(1), room.client(2));
    room.insert(a, 0, "left");
    room.insert(b, 0, "right");
    room.connect(a);
    room.connect(b);
    room.settle();
    assert_eq!(room.text(a), room.text(b));
    assert_eq!(room.text(a).len(), 9);
    assert_eq!(room.text_of_server(), room.text(a));
}

#[test]
fn an_update_ahead_of_its_dependencies_waits_and_its_sender_is_asked() {
    let mut room = Room::new();
    let a = room.client(1);
    room.insert(a, 0, "before ");
    let b = room.join(2);
    room.connect(a);
    // a types on before it hears the server's step 1
    room.insert(a, 7, "after");
    room.settle();
    assert_eq!(room.text(b), "before after");
    assert_eq!(room.text_of_server(), "before after");
}

#[test]
fn what_is_appended_opens_to_the_same_document() {
    let mut room = Room::new();
    let (a, b) = (room.join(1), room.join(2));
    for at in 0..50 {
        room.insert(if at % 2 == 0 { a } else { b }, at / 2, "x");
        room.settle();
    }
    room.remove(b, 3, 10);
    room.settle();
    let mut reopened = Document::open(&room.appended, Caps::default()).unwrap();
    assert_eq!(client::text_of(&reopened.encoded_state().unwrap()), room.text_of_server());
    let compacted = reopened.encoded_state().unwrap();
    let mut again = Document::open(std::slice::from_ref(&compacted), Caps::default()).unwrap();
    assert_eq!(again.encoded_state().unwrap(), compacted);
}

#[test]
fn a_step_2_without_news_changes_nothing() {
    let mut room = Room::new();
    let a = room.join(1);
    room.insert(a, 0, "text");
    room.remove(a, 1, 2);
    room.settle();
    let stored = room.appended.len();
    let ops = room.ops.used();
    room.connect(a);
    room.settle();
    assert_eq!((room.appended.len(), room.ops.used()), (stored, ops));
}

#[test]
fn the_op_past_the_budget_is_not_applied_but_what_changes_nothing_is_no_op() {
    let mut sender = Client::new(1);
    let (first, second) = (sender.insert(0, "a"), sender.insert(1, "b"));
    let delete = sender.remove(0, 1);
    let mut document = Document::open(&[], Caps::default()).unwrap();
    document.join(SessionId(1), Duration::ZERO);
    let mut ops = OpsBudget::new(1);
    let mut receive = |update: &[u8]| {
        let mut turn = Turn::default();
        let message = client::update_message(update);
        let outcome = document.receive(SessionId(1), &message, Duration::ZERO, &mut ops, &mut turn);
        outcome.map(|()| turn.appends.len())
    };
    assert_eq!(receive(&first), Ok(1));
    assert_eq!(receive(&first), Ok(0));
    assert_eq!(receive(&second), Err(Refused::OpsExceeded));
    assert_eq!(receive(&delete), Err(Refused::OpsExceeded));
    assert_eq!(receive(&first), Ok(0));
    assert_eq!(client::text_of(&document.encoded_state().unwrap()), "a");
    assert_eq!(ops.used(), 1);
}

#[test]
fn joiners_share_one_encoding() {
    let mut room = Room::new();
    let a = room.join(1);
    room.insert(a, 0, "shared");
    room.settle();
    let state = room.document.encoded_state().unwrap();
    assert_eq!(room.document.encoded_state().unwrap().as_ptr(), state.as_ptr());
    room.insert(a, 0, "un");
    room.settle();
    assert_ne!(room.document.encoded_state().unwrap(), state);
}

#[test]
fn step_1_is_answered_with_what_lacks_whatever_the_client_has() {
    let mut room = Room::new();
    let (a, b) = (room.join(1), room.join(2));
    room.insert(a, 0, "one two");
    room.settle();
    room.disconnect(b);
    // b misses a deletion only: its state vector equals the document's
    room.remove(a, 0, 4);
    room.settle();
    assert_eq!((room.text(a), room.text(b)), ("two".into(), "one two".into()));
    room.connect(b);
    room.settle();
    assert_eq!(room.text(b), "two");
    // and then an insertion
    room.disconnect(b);
    room.insert(a, 3, " three");
    room.settle();
    room.connect(b);
    room.settle();
    assert_eq!(room.text(b), "two three");
}

#[test]
fn updates_that_never_resolve_fill_their_own_session_only() {
    let caps = Caps { waiting_updates_max: 3, ..Caps::default() };
    let mut document = Document::open(&[], caps).unwrap();
    let mut sender = Client::new(1);
    let updates: Vec<_> = (0..6).map(|at| sender.insert(at, "x")).collect();
    let mut receive = |session: u64, update: &[u8]| {
        document.join(SessionId(session), Duration::ZERO);
        let mut turn = Turn::default();
        let message = client::update_message(update);
        let outcome = document.receive(
            SessionId(session),
            &message,
            Duration::ZERO,
            &mut OpsBudget::unlimited(),
            &mut turn,
        );
        outcome.map(|()| (turn.appends.len(), turn.replies.len()))
    };
    // Only the first of them asks for what is missing.
    assert_eq!(receive(1, &updates[3]), Ok((0, 1)));
    assert_eq!(receive(1, &updates[1]), Ok((0, 0)));
    assert_eq!(receive(1, &updates[2]), Ok((0, 0)));
    assert_eq!(receive(1, &updates[5]), Err(Refused::Malformed(Malformed::MissingDependencies)));
    assert_eq!(receive(2, &updates[5]), Ok((0, 1)));
    // The first brings three others along, in the order of their dependencies.
    assert_eq!(receive(2, &updates[0]), Ok((4, 0)));
    assert_eq!(receive(1, &updates[4]), Ok((2, 0)));
    assert_eq!(client::text_of(&document.encoded_state().unwrap()), "xxxxxx");
}

proptest! {
    #![proptest_config(client::config(64))]

    #[test]
    fn everyone_agrees_whatever_is_edited_in_whatever_order(edits in proptest::collection::vec(client::edit(), 1..60)) {
        let mut room = Room::new();
        let clients: Vec<_> = (1..=3).map(|id| room.join(id)).collect();
        for edit in &edits {
            room.edit(&clients, edit);
        }
        for client in &clients {
            room.connect(*client);
        }
        room.settle();
        for client in &clients {
            prop_assert_eq!(room.content(*client), room.content_of_server());
        }
    }

    #[test]
    fn two_documents_fed_in_different_orders_converge(
        edits in proptest::collection::vec(client::edit(), 1..40),
        order in any::<proptest::sample::Index>(),
    ) {
        let mut room = Room::new();
        let clients: Vec<_> = (1..=3).map(|id| room.join(id)).collect();
        for edit in &edits {
            room.edit(&clients, edit);
        }
        room.settle();
        let mut updates = room.appended.clone();
        let pivot = order.index(updates.len().max(1)).min(updates.len());
        updates.rotate_left(pivot);
        updates.reverse();
        let mut document = Document::open(&[], Caps { waiting_updates_max: 1000, ..Caps::default() }).unwrap();
        document.join(SessionId(1), Duration::ZERO);
        for update in &updates {
            let message = client::update_message(update);
            let mut turn = Turn::default();
            document.receive(SessionId(1), &message, Duration::ZERO, &mut OpsBudget::unlimited(), &mut turn).unwrap();
        }
        prop_assert_eq!(client::content_of(&document.encoded_state().unwrap()), room.content_of_server());
    }
}
