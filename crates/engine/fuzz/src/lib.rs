//! What must hold after any messages: the document is not poisoned, its encoded state opens again, and so does the
//! log of what was appended.

use bytes::Bytes;
use engine::{Caps, Document, OpsBudget, SessionId, Turn};
use std::time::Duration;

/// Sessions that the messages come from, in turn.
const SESSIONS: u64 = 3;

/// Splits an input into pieces: a byte says how long the piece is that follows.
pub fn pieces(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_first()?;
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*length)));
        input = after;
        Some(piece)
    })
}

/// The reverse of [`pieces`]; what is too long for it is left out.
pub fn join<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces.into_iter().filter(|piece| piece.len() < 256) {
        out.push(piece.len() as u8);
        out.extend_from_slice(piece);
    }
    out
}

/// A message with an update.
pub fn update_message(update: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 2];
    let mut length = update.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(update);
    out
}

/// Has a document receive messages, and checks it.
pub fn receive_all(messages: impl Iterator<Item = Vec<u8>>) {
    let mut document = Document::open(&[], Caps::default()).expect("an empty document opens");
    (0..SESSIONS).for_each(|session| document.join(SessionId(session), Duration::ZERO));
    let (mut turn, mut ops) = (Turn::default(), OpsBudget::unlimited());
    for (at, message) in (0_u64..).zip(messages) {
        let now = Duration::from_millis(at);
        let _ = document.receive(SessionId(at % SESSIONS), &Bytes::from(message), now, &mut ops, &mut turn);
        assert!(!document.is_poisoned(), "poisoned");
        if document.awareness_due().is_some_and(|due| due <= now) {
            document.flush_awareness(now, &mut turn);
        }
    }
    let state = document.encoded_state().expect("the state can be encoded");
    let mut reopened = Document::open(&[state], Caps::default()).expect("the state opens");
    reopened.encoded_state().expect("the reopened state can be encoded");
    let mut replayed = Document::open(&turn.appends, Caps::default()).expect("the log opens");
    replayed.encoded_state().expect("the replayed log can be encoded");
}
