//! What the scripts answer.

use super::entry::unpack;
use bytes::Bytes;
use domain::ids::Generation;
use domain::ports::{DocumentsError, Position, Unavailable};
use redis::Value;
use std::vec;

/// What a script that has done its work says beside that.
pub(super) type Said = vec::IntoIter<Value>;

/// Tells whether a script has done what the generation `asked` for.
pub(super) fn done(answer: Value, asked: Generation) -> Result<Said, DocumentsError> {
    let Value::Array(said) = answer else { return Err(unreadable("no list")) };
    let mut said = said.into_iter();
    let word = bytes(said.next())?;
    match &word[..] {
        b"done" => Ok(said),
        b"lost" => Err(DocumentsError::Lost),
        b"stale" => Err(DocumentsError::Stale { stored: stored(said, asked)?, asked }),
        _ => Err(unreadable("another word")),
    }
}

/// Where the log ends.
pub(super) fn position(mut said: Said) -> Result<Position, DocumentsError> {
    match said.next() {
        Some(Value::Int(number)) => u64::try_from(number).map(Position).map_err(unreadable),
        _ => Err(unreadable("no position")),
    }
}

/// A document as its script gives it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) position: Position,
    pub(super) state: State,
    /// The updates of the log's entries.
    pub(super) updates: Vec<Bytes>,
}

/// The encoded state of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    None,
    Small(Bytes),
    /// It has so many bytes, and is asked for by itself.
    Large(usize),
}

/// What opening a document gives: where its log ends, its state, and its entries.
pub(super) fn opening(mut said: Said) -> Result<Opening, DocumentsError> {
    let Some(Value::Int(end)) = said.next() else { return Err(unreadable("no position")) };
    let position = Position(u64::try_from(end).map_err(unreadable)?);
    let state = match said.next() {
        Some(Value::Nil) => State::None,
        Some(Value::Int(length)) => State::Large(usize::try_from(length).map_err(unreadable)?),
        state => State::Small(bytes(state)?),
    };
    let Some(Value::Array(entries)) = said.next() else { return Err(unreadable("no entries")) };
    let mut updates = Vec::new();
    for entry in entries {
        unpack(bytes(Some(entry))?, &mut updates).map_err(|_| unreadable("no entry of a log"))?;
    }
    Ok(Opening { position, state, updates })
}

/// The generation that the store has. A document that was dropped was so by the generation that asks: whoever may
/// have it next is later by one at least.
fn stored(mut said: Said, asked: Generation) -> Result<Generation, DocumentsError> {
    let digits = bytes(said.next())?;
    let stored = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
    let stored = stored.ok_or_else(|| unreadable("no generation"))?;
    Ok(Generation(stored).max(Generation(asked.0.saturating_add(1))))
}

fn bytes(value: Option<Value>) -> Result<Bytes, DocumentsError> {
    match value {
        Some(Value::BulkString(bytes)) => Ok(bytes.into()),
        _ => Err(unreadable("no bytes")),
    }
}

fn unreadable(what: impl std::fmt::Display) -> DocumentsError {
    Unavailable::new("documents", format_args!("redis answers something else: {what}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ASKED: Generation = Generation(7);

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn is_unreadable<T>(outcome: &Result<T, DocumentsError>) -> bool {
        matches!(outcome, Err(DocumentsError::Unavailable(_)))
    }

    #[test]
    fn refusals_are_read() {
        let refusal = |said: &[&str]| done(Value::Array(said.iter().map(|word| text(word)).collect()), ASKED);
        assert_eq!(refusal(&["lost"]).unwrap_err(), DocumentsError::Lost);
        for (said, stored) in [("8", 8), ("18446744073709551615", u64::MAX), ("7", 8)] {
            let expected = DocumentsError::Stale { stored: Generation(stored), asked: ASKED };
            assert_eq!(refusal(&["stale", said]).unwrap_err(), expected);
        }
        for said in [&[][..], &["gone"], &["stale"], &["stale", "-1"], &["stale", "x"]] {
            assert!(is_unreadable(&refusal(said)), "{said:?}");
        }
    }

    #[test]
    fn a_document_is_read() {
        let entries = || Value::Array(vec![text("\u{1}a\u{2}bc"), text("\u{0}")]);
        for (said, state) in [
            (Value::Nil, State::None),
            (text("state"), State::Small(Bytes::from("state"))),
            (Value::Int(70_000), State::Large(70_000)),
        ] {
            let updates = ["a", "bc", ""].map(Bytes::from).to_vec();
            let expected = Opening { position: Position(9), state, updates };
            assert_eq!(opening(vec![Value::Int(9), said, entries()].into_iter()), Ok(expected));
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            Just(Value::Okay),
            any::<i64>().prop_map(Value::Int),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::BulkString),
            prop_oneof![Just("done"), Just("lost"), Just("stale")].prop_map(text),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| prop::collection::vec(inner, 0..5).prop_map(Value::Array))
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_readers_panic(answer in value()) {
            if let Ok(said) = done(answer, ASKED) {
                let _ = position(said.clone());
                let _ = opening(said);
            }
        }
    }
}
