//! How much memory a message can take: never more than it has bytes for, and in the worst case what the caps say.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod client;

use bytes::Bytes;
use cap::Cap;
use client::{put_number, update_message};
use engine::{Caps, Document, OpsBudget, Refused, SessionId, Turn};
use std::alloc::System;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const MIB: usize = 1 << 20;
const SESSION: SessionId = SessionId(1);

/// The most memory that receiving the message took, and what came of it. The allocator knows only the highest peak
/// ever, so memory is filled up to that first.
fn peak(message: &Bytes, caps: &Caps) -> (usize, Result<(), Refused>) {
    let mut document = Document::open(&[], caps.clone()).unwrap();
    document.join(SESSION, Duration::ZERO);
    let mut turn = Turn::default();
    let ballast: Vec<u8> = Vec::with_capacity(ALLOCATOR.max_allocated() - ALLOCATOR.allocated());
    let before = ALLOCATOR.allocated();
    let outcome = document.receive(SESSION, message, Duration::ZERO, &mut OpsBudget::unlimited(), &mut turn);
    assert!(!document.is_poisoned());
    let peak = ALLOCATOR.max_allocated() - before;
    drop(ballast);
    (peak, outcome)
}

fn number(number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, number as u64);
    out
}

/// One update of client 7: `count` structs, each of these bytes.
fn structs(count: usize, each: &[u8]) -> Vec<u8> {
    [&[1][..], &number(count), &[7, 0], &each.repeat(count), &[0]].concat()
}

/// One struct in the root "t", of this kind.
fn content(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[1, 1, 7, 0, kind, 1, 1, b't'], content, &[0]].concat()
}

fn text(text: &[u8]) -> Vec<u8> {
    [&number(text.len())[..], text].concat()
}

/// Updates that take as much memory as possible for their bytes, of about `bytes` each.
fn densest(bytes: usize) -> Vec<(&'static str, Vec<u8>)> {
    let many = |each: &[u8]| [&number(bytes / each.len())[..], &each.repeat(bytes / each.len())].concat();
    let list = |open: &str, item: &str, close: &str| {
        let items = vec![item; bytes / (item.len() + 1)].join(",");
        text(format!("{open}{items}{close}").as_bytes())
    };
    let sections = |each: &dyn Fn(&mut Vec<u8>, u64)| {
        let mut out = number(bytes / 8);
        (0..bytes as u64 / 8).rev().for_each(|client| each(&mut out, client + 100));
        out
    };
    let garbage_of_clients = sections(&|out, client| {
        out.push(1);
        put_number(out, client);
        out.extend([0, 0, 1]);
    });
    let deletes_of_clients = sections(&|out, client| {
        put_number(out, client);
        out.extend([1, 0, 1]);
    });
    vec![
        ("garbage", structs(bytes / 2, &[0, 1])),
        ("deleted items", structs(bytes / 5, &[1, 1, 1, b't', 1])),
        ("strings", structs(bytes / 6, &[4, 1, 1, b't', 1, b'x'])),
        ("shared types", structs(bytes / 5, &[7, 1, 1, b't', 1])),
        ("XML elements", structs(bytes / 6, &[7, 1, 1, b't', 3, 0])),
        ("subdocuments", structs(bytes / 6, &[9, 1, 1, b't', 0, 126])),
        ("named roots", structs(bytes / 5, &[4, 1, 0, 1, b'x'])),
        ("values", content(8, &many(&[126]))),
        ("empty arrays", content(8, &many(&[117, 0]))),
        ("empty objects", content(8, &many(&[118, 0]))),
        ("arrays of one", content(8, &many(&[117, 1, 126]))),
        ("objects of one", content(8, &many(&[118, 1, 0, 126]))),
        ("an array", content(8, &[&[1, 117][..], &many(&[126])].concat())),
        ("JSON texts", content(2, &many(&[1, b'1']))),
        ("JSON arrays", content(5, &list("[", "[]", "]"))),
        ("JSON objects", content(5, &list("[", "{}", "]"))),
        ("JSON arrays of one", content(5, &list("[", "[0]", "]"))),
        ("JSON objects of one", content(5, &list("[", r#"{"":0}"#, "]"))),
        ("JSON numbers", content(5, &list("[", "1", "]"))),
        ("clients", [&garbage_of_clients[..], &[0]].concat()),
        ("deletions", [&[0, 1, 7][..], &many(&[2, 1])].concat()),
        ("deletions of clients", [&[0][..], &deletes_of_clients].concat()),
    ]
}

#[test]
fn memory_is_bounded_by_bytes_and_caps() {
    forged_counts_take_nothing();
    what_is_no_update_takes_little();
    the_densest_updates_take_what_the_caps_allow();
}

fn forged_counts_take_nothing() {
    for count in [1_usize << 32, (1 << 53) - 1] {
        let forged = number(count);
        for head in [&[][..], &[1], &[0], &[0, 1, 7], &[1, 1, 7, 0, 8, 1, 0], &[1, 1, 7, 0, 8, 1, 0, 1, 118]]
        {
            let update = [head, &forged, &[0; 64]].concat();
            let (bytes, outcome) = peak(&update_message(&update), &Caps::default());
            assert!(outcome.is_err() && bytes < 64 * 1024, "{head:?}: {bytes} bytes, {outcome:?}");
        }
    }
}

fn what_is_no_update_takes_little() {
    let state_vector = [&number(MIB / 2)[..], &[9, 1].repeat(MIB / 2)].concat();
    let states = [&number(MIB / 4)[..], &[9, 1, 1, b'1'].repeat(MIB / 4)].concat();
    let mut many_clients = number(MIB / 8);
    for client in 0..MIB as u64 / 8 {
        put_number(&mut many_clients, client);
        many_clients.extend([1, 1, b'1']);
    }
    for (kind, payload) in [(&[0, 0][..], state_vector), (&[1], states), (&[1], many_clients)] {
        let (bytes, outcome) = peak(&[kind, &text(&payload)].concat().into(), &Caps::default());
        assert!(outcome.is_ok() && bytes < 2 * MIB, "{kind:?}: {bytes} bytes, {outcome:?}");
    }
}

/// An update that is taken takes no more than the caps say, and some copies of itself.
fn the_densest_updates_take_what_the_caps_allow() {
    let caps = Caps { decoded_bytes_max: 48 * MIB, ..Caps::default() };
    for (name, update) in [densest(MIB / 16), densest(MIB / 4), densest(MIB)].concat() {
        let allowed = caps.decoded_bytes_max + 4 * update.len();
        let (bytes, outcome) = peak(&update_message(&update), &caps);
        assert!(bytes < allowed, "{name}, {} bytes: took {bytes}, {outcome:?}", update.len());
    }
}
