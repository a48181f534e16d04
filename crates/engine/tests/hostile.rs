//! Messages that no client sends. None of them may panic, poison, or leave a trace.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod client;

use bytes::Bytes;
use client::{Room, put_number, update_message};
use engine::{Caps, Document, Malformed, OpsBudget, Refused, SessionId, Turn};
use proptest::prelude::*;
use std::time::Duration;

const SESSION: SessionId = SessionId(1);

fn receive(document: &mut Document, message: &[u8]) -> Result<Turn, Refused> {
    let mut turn = Turn::default();
    let message = Bytes::copy_from_slice(message);
    document.receive(SESSION, &message, Duration::ZERO, &mut OpsBudget::unlimited(), &mut turn)?;
    Ok(turn)
}

/// A document with the text "x" of client 5, and a session.
fn document() -> Document {
    let x = Bytes::from_static(&[1, 1, 5, 0, 4, 1, 1, b't', 1, b'x', 0]);
    let mut document = Document::open(&[x], Caps::default()).unwrap();
    document.join(SESSION, Duration::ZERO);
    document
}

/// Says why an update is refused, and that it left no trace.
fn refusal(update: &[u8]) -> Malformed {
    let mut document = document();
    let before = document.encoded_state().unwrap();
    let refused = receive(&mut document, &update_message(update)).unwrap_err();
    assert!(!document.is_poisoned());
    assert_eq!(document.encoded_state().unwrap(), before);
    match refused {
        Refused::Malformed(malformed) => malformed,
        other => panic!("refused as {other:?}"),
    }
}

/// An update of client 7: one struct of this kind of content, in the root "t".
fn one(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[1, 1, 7, 0, kind, 1, 1, b't'], content, &[0]].concat()
}

fn text(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, text.len() as u64);
    out.extend_from_slice(text);
    out
}

#[test]
fn values_nested_100_000_deep_are_refused_in_every_content_that_can_nest() {
    const LEVELS: usize = 100_000;
    let arrays = [117, 1].repeat(LEVELS);
    let maps = [118, 1, 0].repeat(LEVELS);
    let json_arrays = text(&[b"[".repeat(LEVELS), b"]".repeat(LEVELS)].concat());
    let json_objects = text(&[br#"{"":"#.repeat(LEVELS), b"1".to_vec(), b"}".repeat(LEVELS)].concat());
    for values in [arrays, maps] {
        assert_eq!(refusal(&one(8, &[&[1][..], &values, &[126]].concat())), Malformed::TooDeep, "values");
        assert_eq!(
            refusal(&one(9, &[&[1, b'g'][..], &values, &[126]].concat())),
            Malformed::TooDeep,
            "options"
        );
    }
    for json in [json_arrays, json_objects] {
        assert_eq!(refusal(&one(2, &[&[1][..], &json].concat())), Malformed::TooDeep, "JSON");
        assert_eq!(refusal(&one(5, &json)), Malformed::TooDeep, "an embed");
        assert_eq!(refusal(&one(6, &[&[1, b'k'][..], &json].concat())), Malformed::TooDeep, "a format");
    }
}

#[test]
fn shared_types_nested_100_000_deep_are_refused_in_one_update_and_in_many() {
    let nested = |from: u64, to: u64| {
        let mut update = vec![1];
        put_number(&mut update, to - from);
        update.push(7);
        put_number(&mut update, from);
        for clock in from..to {
            // an array: in the root "t", or inside the one before
            match clock {
                0 => update.extend([7, 1, 1, b't', 0]),
                _ => {
                    update.extend([7, 0, 7]);
                    put_number(&mut update, clock - 1);
                    update.push(0);
                }
            }
        }
        update.push(0);
        update
    };
    assert_eq!(refusal(&nested(0, 100_000)), Malformed::TooDeep);
    let mut document = document();
    for clock in 0..64 {
        receive(&mut document, &update_message(&nested(clock, clock + 1))).unwrap();
    }
    let one_more = receive(&mut document, &update_message(&nested(64, 65))).unwrap_err();
    assert_eq!(one_more, Refused::Malformed(Malformed::TooDeep));
    // Deleting the outermost recurses over all of them.
    receive(&mut document, &update_message(&[0, 1, 7, 1, 0, 1])).unwrap();
    document.encoded_state().unwrap();
}

#[test]
fn forged_counts_are_refused_everywhere() {
    for count in [1_u64 << 32, (1 << 53) - 1, 1 << 63] {
        let mut forged = Vec::new();
        put_number(&mut forged, count);
        let contents = [one(1, &forged), one(2, &forged), one(3, &forged), one(4, &forged), one(8, &forged)];
        let heads = [&[][..], &[1], &[0], &[0, 1, 7], &[1, 1], &[1, 1, 7]];
        let heads = heads.map(|head| [head, &forged, &[0; 16]].concat());
        for update in contents.iter().chain(&heads) {
            let malformed = refusal(update);
            let expected = [Malformed::Truncated, Malformed::Number, Malformed::Clock, Malformed::Empty];
            assert!(expected.contains(&malformed), "{update:?}: {malformed}");
        }
        for kind in [&[0, 0][..], &[0, 1], &[0, 2], &[1], &[2, 0]] {
            let message = [kind, &forged, &[0; 16]].concat();
            assert!(receive(&mut document(), &message).is_err(), "{message:?}");
        }
        // counts within a state vector, an awareness update
        for (kind, inner) in [(&[0, 0][..], &forged), (&[1], &forged)] {
            let message = [kind, &text(inner)].concat();
            assert!(receive(&mut document(), &message).is_err(), "{message:?}");
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_everywhere() {
    let bad = [2, 0xc3, 0x28];
    for update in [
        one(4, &bad),
        one(5, &bad),
        one(6, &[&[1, b'k'], &bad[..]].concat()),
        one(6, &bad),
        one(7, &[&[3], &bad[..]].concat()),
        one(8, &[&[1, 119], &bad[..]].concat()),
        one(9, &bad),
        [&[1, 1, 7, 0, 4, 1], &bad[..], &[1, b'x', 0]].concat(),
    ] {
        assert_eq!(refusal(&update), Malformed::Utf8, "{update:?}");
    }
    assert_eq!(receive(&mut document(), &[2, 0, 2, 0xc3, 0x28]).unwrap_err(), Malformed::Utf8.into());
}

#[test]
fn clocks_do_not_overflow() {
    // deleted: 2^31 - 2 elements, and one more
    assert_eq!(refusal(&one(1, &[0xff, 0xff, 0xff, 0xff, 0x0f])), Malformed::Clock);
    let mut document = document();
    receive(&mut document, &update_message(&one(1, &[0xff, 0xff, 0xff, 0xff, 0x07]))).unwrap();
    let next = [&[1, 1, 7][..], &[0xff, 0xff, 0xff, 0xff, 0x07], &[0x84, 7, 0, 1, b'x', 0]].concat();
    assert_eq!(receive(&mut document, &update_message(&next)).unwrap_err(), Malformed::Clock.into());
    let state = document.encoded_state().unwrap();
    assert!(Document::open(&[state], Caps::default()).is_ok());
}

#[test]
fn messages_past_16_mib_are_refused() {
    let of_size = |size: usize| {
        let mut update = vec![1, 1, 7, 0, 3, 1, 1, b't'];
        let head = update.len() + 4 + 1;
        update.extend(text(&vec![0; size - head - 6]));
        update.push(0);
        update_message(&update)
    };
    let largest = of_size(16 << 20);
    assert_eq!(largest.len(), 16 << 20);
    receive(&mut document(), &largest).unwrap();
    assert_eq!(receive(&mut document(), &of_size((16 << 20) + 1)).unwrap_err(), Malformed::TooLong.into());
}

#[test]
fn every_prefix_of_a_message_is_refused() {
    let updates = [one(4, &text("é😀".as_bytes())), one(8, &[1, 117, 2, 126, 125, 7]), one(5, &text(b"{}"))];
    for update in &updates {
        let whole = update_message(update);
        assert!(receive(&mut document(), &whole).is_ok());
        for end in 0..whole.len() {
            assert!(receive(&mut document(), &whole[..end]).is_err(), "{update:?} up to {end}");
        }
        for end in 0..update.len() {
            refusal(&update[..end]);
        }
    }
}

#[test]
fn a_chain_of_clients_that_each_wait_for_the_next_is_applied_in_time() {
    const CLIENTS: u64 = 100_000;
    let mut update = Vec::new();
    put_number(&mut update, CLIENTS);
    for client in (10..10 + CLIENTS).rev() {
        update.push(1);
        put_number(&mut update, client);
        update.push(0);
        if client == 10 {
            update.extend([4, 1, 1, b't']);
        } else {
            update.push(0x84);
            put_number(&mut update, client - 1);
            update.push(0);
        }
        update.extend([1, b'c']);
    }
    update.push(0);
    let mut document = document();
    let turn = receive(&mut document, &update_message(&update)).unwrap();
    assert_eq!(turn.appends.len(), 1);
    // yrs alone would recurse over all clients when it opens this.
    let state = document.encoded_state().unwrap();
    assert_eq!(
        Document::open(std::slice::from_ref(&state), Caps::default()).unwrap().encoded_state().unwrap(),
        state
    );
}

#[test]
fn a_parent_that_can_have_no_children_is_refused() {
    // inside the character 5:0
    assert_eq!(refusal(&[1, 1, 7, 0, 4, 0, 5, 0, 1, b'y', 0]), Malformed::Reference);
}

#[test]
fn a_struct_that_contradicts_what_is_known_of_it_does_no_harm() {
    let mut document = document();
    receive(&mut document, &update_message(&one(4, &text(b"abcdef")))).unwrap();
    // the same client's clocks 3 to 9, half of them known to be elsewhere
    let contradiction = [&[1, 1, 7, 3, 4, 1, 1, b'u'][..], &text(b"abcdef"), &[0]].concat();
    receive(&mut document, &update_message(&contradiction)).unwrap();
    receive(&mut document, &update_message(&[0, 1, 7, 1, 0, 9])).unwrap();
    assert!(!document.is_poisoned());
    assert_eq!(client::text_of(&document.encoded_state().unwrap()), "x");
}

#[test]
fn a_poisoned_log_does_not_open() {
    for log in [&[9, 9, 9][..], &[1, 1, 7, 5, 4, 1, 1, b't', 1, b'x', 0]] {
        assert!(Document::open(&[Bytes::copy_from_slice(log)], Caps::default()).is_err());
    }
}

/// A real update of random edits, and how it is damaged.
fn damaged() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let damage = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..5_u8);
    (prop::collection::vec(client::edit(), 1..12), prop::collection::vec(damage, 0..4)).prop_map(
        |(edits, damages)| {
            let mut room = Room::new();
            let clients: Vec<_> = (1..=3).map(|id| room.join(id)).collect();
            for edit in &edits {
                room.edit(&clients, edit);
            }
            room.settle();
            let mut updates: Vec<Vec<u8>> = room.appended.iter().map(|update| update.to_vec()).collect();
            for (which, at, byte, how) in &damages {
                if !updates.is_empty() {
                    let update = which.index(updates.len());
                    client::damage(&mut updates, update, at, *byte, *how);
                }
            }
            updates
        },
    )
}

fn feed(messages: impl IntoIterator<Item = Bytes>) -> Result<(), TestCaseError> {
    let mut document = document();
    let mut appended = vec![document.encoded_state().unwrap()];
    for message in messages {
        if let Ok(turn) = receive(&mut document, &message) {
            appended.extend(turn.appends);
        }
        prop_assert!(!document.is_poisoned(), "poisoned by {:?}", message);
    }
    let state = document.encoded_state().unwrap();
    prop_assert!(!document.is_poisoned());
    for log in [&[state][..], &appended] {
        let reopened = Document::open(log, Caps::default());
        prop_assert!(reopened.is_ok(), "does not open: {:?}", log);
        prop_assert_eq!(own_step_1(&mut reopened.unwrap()), own_step_1(&mut document));
    }
    Ok(())
}

/// What the document says that it has. (What it shows may depend on the order of damaged updates, in Yjs as well.)
fn own_step_1(document: &mut Document) -> Bytes {
    document.encoded_state().unwrap();
    document.join(SESSION, Duration::ZERO);
    let turn = receive(document, &client::step_1_message(&[0])).unwrap();
    turn.replies[1].1.clone()
}

proptest! {
    #![proptest_config(client::config(256))]

    #[test]
    fn arbitrary_messages_do_no_harm(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8)) {
        feed(messages.into_iter().map(Bytes::from))?;
    }

    #[test]
    fn messages_of_small_numbers_do_no_harm(updates in prop::collection::vec(prop::collection::vec(0..12_u8, 0..40), 0..8)) {
        feed(updates.iter().map(|update| update_message(update)))?;
    }

    #[test]
    fn damaged_updates_do_no_harm(updates in damaged()) {
        feed(updates.iter().map(|update| update_message(update)))?;
    }
}
