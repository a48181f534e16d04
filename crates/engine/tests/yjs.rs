//! Updates as Yjs 13.6 writes them, byte for byte, in the contents that yrs treats differently.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod client;

use bytes::Bytes;
use client::{parse, step_1_message, update_message};
use engine::{Caps, Document, OpsBudget, SessionId, Turn};
use std::time::Duration;

const SESSION: SessionId = SessionId(1);
const OTHER: SessionId = SessionId(2);

/// Client 7: a subdocument "g" with `meta: {m: 1}` in the array "a", an XML hook "h" in "x", "hi" in the text "t".
const SUBDOCUMENT: &[u8] = b"\x01\x01\x07\0\x09\x01\x01a\x01gv\x01\x04metav\x01\x01m\x7d\x01\0";
const HOOK: &[u8] = b"\x01\x01\x07\x01\x07\x01\x01x\x05\x01h\0";
const TEXT: &[u8] = b"\x01\x01\x07\x02\x04\x01\x01t\x02hi\0";
const ALL: &[u8] = b"\x01\x03\x07\0\x09\x01\x01a\x01gv\x01\x04metav\x01\x01m\x7d\x01\x07\x01\x01x\x05\x01h\x04\x01\x01t\x02hi\0";
/// What a client writes that has the subdocument and the text, but not the hook: a gap of 1 between them.
const GAP: &[u8] =
    b"\x01\x03\x07\0\x09\x01\x01a\x01gv\x01\x04metav\x01\x01m\x7d\x01\x0a\x01\x04\x01\x01t\x02hi\0";
/// Client 8: two JSON texts, of which one is no JSON to anybody but Yjs, in the array "a"; and after them "!" in "t".
const JSON: &[u8] = b"\x01\x02\x08\0\x02\x01\x01a\x02\x05[2,3]\x09undefined\x04\x01\x01t\x01!\0";

fn document() -> Document {
    let mut document = Document::open(&[], Caps::default()).unwrap();
    document.join(SESSION, Duration::ZERO);
    document.join(OTHER, Duration::ZERO);
    document
}

fn receive(document: &mut Document, message: &Bytes) -> Turn {
    let mut turn = Turn::default();
    document.receive(SESSION, message, Duration::ZERO, &mut OpsBudget::unlimited(), &mut turn).unwrap();
    turn
}

#[test]
fn subdocuments_and_hooks_come_back_as_they_were() {
    let mut document = document();
    for update in [SUBDOCUMENT, HOOK, TEXT] {
        assert_eq!(receive(&mut document, &update_message(update)).appends, [update]);
    }
    assert_eq!(document.encoded_state().unwrap(), ALL);
    let mut reopened = Document::open(&[Bytes::from_static(ALL)], Caps::default()).unwrap();
    assert_eq!(reopened.encoded_state().unwrap(), ALL);
    // To whoever has the first clock, the other two are sent.
    let turn = receive(&mut document, &step_1_message(&[1, 7, 1]));
    let lacking = b"\x01\x02\x07\x01\x07\x01\x01x\x05\x01h\x04\x01\x01t\x02hi\0";
    assert_eq!(parse(&turn.replies[0].1), (1, &lacking[..]));
}

#[test]
fn deleted_subdocuments_stay_deleted() {
    let mut document = document();
    receive(&mut document, &update_message(ALL));
    // clocks 0 and 1 of client 7
    receive(&mut document, &update_message(&[0, 1, 7, 1, 0, 2]));
    let state = document.encoded_state().unwrap();
    assert_eq!(
        state,
        &b"\x01\x03\x07\0\x01\x01\x01a\x01\x01\x01\x01x\x01\x04\x01\x01t\x02hi\x01\x07\x01\0\x02"[..]
    );
    assert_eq!(
        Document::open(std::slice::from_ref(&state), Caps::default()).unwrap().encoded_state().unwrap(),
        state
    );
}

#[test]
fn an_update_with_a_gap_is_taken_up_to_the_gap_and_the_rest_waits() {
    let mut document = document();
    let turn = receive(&mut document, &update_message(GAP));
    assert_eq!(turn.appends, [SUBDOCUMENT]);
    assert_eq!(turn.broadcasts.len(), 1);
    assert_eq!(turn.broadcasts[0].message, update_message(SUBDOCUMENT));
    // The sender is asked for what is missing.
    assert_eq!(turn.replies, [(SESSION, step_1_message(&[1, 7, 1]))]);
    assert_eq!(document.encoded_state().unwrap(), SUBDOCUMENT);
    let turn = receive(&mut document, &update_message(HOOK));
    assert_eq!(turn.appends, [HOOK, TEXT]);
    assert_eq!(document.encoded_state().unwrap(), ALL);
}

#[test]
fn json_of_old_documents_is_read_as_yjs_reads_it() {
    let mut document = document();
    assert_eq!(receive(&mut document, &update_message(JSON)).appends, [JSON]);
    assert_eq!(document.encoded_state().unwrap(), JSON);
    let mut reopened = Document::open(&[Bytes::from_static(JSON)], Caps::default()).unwrap();
    assert_eq!(reopened.encoded_state().unwrap(), JSON);
}

#[test]
fn an_update_is_stored_and_passed_on_without_a_copy() {
    let mut document = document();
    let message = update_message(TEXT);
    let first = Bytes::from_static(b"\x01\x01\x07\0\x01\x01\x01t\x02\0");
    receive(&mut document, &update_message(&first));
    let turn = receive(&mut document, &message);
    assert_eq!(turn.broadcasts[0].message.as_ptr(), message.as_ptr());
    assert_eq!(turn.broadcasts[0].except, Some(SESSION));
    assert_eq!(turn.appends[0].as_ptr(), message[3..].as_ptr());
}

#[test]
fn step_1_is_answered_in_order_and_step_2_is_passed_on_as_an_update() {
    let mut document = document();
    let mut step_2 = update_message(ALL).to_vec();
    step_2[1] = 1;
    let turn = receive(&mut document, &Bytes::from(step_2));
    assert_eq!(turn.broadcasts[0].message, update_message(ALL));
    receive(&mut document, &client::awareness_message(&[(7, 1, "{}")]));
    let turn = receive(&mut document, &step_1_message(&[0]));
    let replies: Vec<_> = turn.replies.iter().map(|(_, message)| message.clone()).collect();
    assert_eq!(parse(&replies[0]), (1, ALL));
    assert_eq!(replies[1], step_1_message(&[1, 7, 4]));
    assert_eq!(replies[2], client::awareness_message(&[(7, 1, "{}")]));
    assert_eq!(replies.len(), 3);
}
