//! The awareness update of y-protocols: a count, then client, clock and JSON text of each state.

use crate::lib0::{NUMBER_MAX, Reader, put_buffer, put_number};
use crate::{Caps, Malformed, json};

/// What a client that has left shows.
pub(super) const NULL: &str = "null";

/// One state as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) client: u64,
    pub(super) clock: u64,
    /// JSON.
    pub(super) state: &'a str,
}

/// An awareness update in which every state was checked. Its states are read as they are asked for: there may be
/// millions, and they take no memory.
#[derive(Debug, Clone)]
pub(super) struct Checked<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Checked<'a> {
    /// Reads a whole awareness update.
    pub(super) fn new(update: &'a [u8], caps: &Caps) -> Result<Self, Malformed> {
        let mut reader = Reader::new(update);
        // A state takes four bytes or more: client, clock, length, and a JSON text of one.
        let left = reader.count(4)?;
        let checked = Self { reader: reader.clone(), left };
        for _ in 0..left {
            check(&read(&mut reader)?, caps)?;
        }
        reader.finish()?;
        Ok(checked)
    }
}

impl<'a> Iterator for Checked<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.left = self.left.checked_sub(1)?;
        read(&mut self.reader).ok()
    }
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Entry<'a>, Malformed> {
    Ok(Entry { client: reader.number()?, clock: reader.number()?, state: reader.text()? })
}

fn check(entry: &Entry<'_>, caps: &Caps) -> Result<(), Malformed> {
    // There must be room for one clock more, with which the client is removed.
    if entry.clock == NUMBER_MAX {
        return Err(Malformed::Number);
    }
    if entry.state.len() > caps.awareness_state_bytes_max {
        return Err(Malformed::TooLong);
    }
    json::check(entry.state, caps.nesting_max)
}

/// Writes an awareness update.
pub(super) fn write<'a>(entries: impl ExactSizeIterator<Item = Entry<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, entries.len() as u64);
    for entry in entries {
        put_number(&mut out, entry.client);
        put_number(&mut out, entry.clock);
        put_buffer(&mut out, entry.state.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(entry: Entry<'_>) -> Result<(), Malformed> {
        let update = write([entry].into_iter());
        let checked = Checked::new(&update, &Caps::default())?;
        assert_eq!(checked.collect::<Vec<_>>(), [entry]);
        Ok(())
    }

    #[test]
    fn states_are_json_within_bounds() {
        let entry = Entry { client: 7, clock: 3, state: r#"{"name":"é"}"# };
        assert_eq!(checked(entry), Ok(()));
        assert_eq!(checked(Entry { state: "", ..entry }), Err(Malformed::Truncated));
        assert_eq!(checked(Entry { state: "nope", ..entry }), Err(Malformed::Json));
        assert_eq!(checked(Entry { state: &"[".repeat(65), ..entry }), Err(Malformed::TooDeep));
        assert_eq!(checked(Entry { clock: NUMBER_MAX, ..entry }), Err(Malformed::Number));
        let text_of = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert_eq!(checked(Entry { state: &text_of(64 * 1024), ..entry }), Ok(()));
        assert_eq!(checked(Entry { state: &text_of(64 * 1024 + 1), ..entry }), Err(Malformed::TooLong));
    }

    #[test]
    fn counts_and_ends_are_checked() {
        let refusal = |update: &[u8]| Checked::new(update, &Caps::default()).err();
        assert_eq!(refusal(&[0]), None);
        assert_eq!(refusal(&[0, 0]), Some(Malformed::Trailing));
        assert_eq!(refusal(&[1, 7, 1]), Some(Malformed::Truncated));
        assert_eq!(refusal(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Some(Malformed::Truncated));
        assert_eq!(refusal(&[1, 7, 1, 4, 0xff, 0xff, 0xff, 0xff]), Some(Malformed::Utf8));
    }
}
