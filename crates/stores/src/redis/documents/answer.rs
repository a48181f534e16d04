//! What the scripts answer.

use super::entry::unpack;
use bytes::Bytes;
use domain::ids::Generation;
use domain::ports::{DocumentsError, Opened, Position, Unavailable};
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

/// The document: where its log ends, its state, and its entries.
pub(super) fn opened(mut said: Said) -> Result<Opened, DocumentsError> {
    let Some(Value::Int(end)) = said.next() else { return Err(unreadable("no position")) };
    let position = Position(u64::try_from(end).map_err(unreadable)?);
    let mut updates = Vec::new();
    match said.next() {
        Some(Value::Nil) => {}
        state => updates.push(bytes(state)?),
    }
    let Some(Value::Array(entries)) = said.next() else { return Err(unreadable("no entries")) };
    for entry in entries {
        unpack(bytes(Some(entry))?, &mut updates).map_err(|_| unreadable("no entry of a log"))?;
    }
    Ok(Opened { updates, position })
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
        let said =
            vec![Value::Int(9), text("state"), Value::Array(vec![text("\u{1}a\u{2}bc"), text("\u{0}")])];
        let updates = ["state", "a", "bc", ""].map(Bytes::from).to_vec();
        assert_eq!(opened(said.into_iter()), Ok(Opened { updates, position: Position(9) }));
        let said = vec![Value::Int(0), Value::Nil, Value::Array(Vec::new())];
        assert_eq!(opened(said.into_iter()), Ok(Opened { updates: Vec::new(), position: Position(0) }));
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
                let _ = opened(said);
            }
        }
    }
}
