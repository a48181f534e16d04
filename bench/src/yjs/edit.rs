//! One edit of a text as a Yjs update (version 1): hand-written, since the generator must cost next to nothing.

use crate::wire::lib0::{put_bytes, put_uint};

/// The one client that writes a run's document. Real ids are random numbers of 32 bits: five bytes, like this.
pub(crate) const WRITER: u64 = 0xb5ed_4a11;

/// The name of the document's text.
pub(crate) const ROOT: &str = "text";

/// `ContentString`, and the bits that say which neighbours follow.
const STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
/// The parent is a root type, named.
const PARENT_IS_ROOT: u64 = 1;

/// A text put in by [`WRITER`], between two of its own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Insert<'a> {
    /// Clock of the first UTF-16 unit.
    pub(crate) clock: u64,
    /// Clock of the unit to the left when it was put in.
    pub(crate) left: Option<u64>,
    /// Clock of the unit to the right when it was put in.
    pub(crate) right: Option<u64>,
    /// What is put in.
    pub(crate) text: &'a str,
}

/// Units of [`WRITER`]'s that an edit deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// Clock of the first.
    pub(crate) clock: u64,
    /// How many.
    pub(crate) length: u64,
}

/// The update of one edit.
pub(crate) fn update(insert: Option<Insert<'_>>, deleted: &[Deleted]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    match insert {
        Some(insert) => put_insert(&mut out, insert),
        None => out.push(0),
    }
    put_delete_set(&mut out, deleted);
    out
}

fn put_insert(out: &mut Vec<u8>, insert: Insert<'_>) {
    out.extend_from_slice(&[1, 1]);
    put_id(out, insert.clock);
    let flag = |neighbour: Option<u64>, bit: u8| neighbour.map_or(0, |_| bit);
    out.push(STRING | flag(insert.left, HAS_ORIGIN) | flag(insert.right, HAS_RIGHT_ORIGIN));
    [insert.left, insert.right].into_iter().flatten().for_each(|clock| put_id(out, clock));
    if insert.left.is_none() && insert.right.is_none() {
        put_uint(out, PARENT_IS_ROOT);
        put_bytes(out, ROOT.as_bytes());
    }
    put_bytes(out, insert.text.as_bytes());
}

fn put_delete_set(out: &mut Vec<u8>, deleted: &[Deleted]) {
    if deleted.is_empty() {
        return out.push(0);
    }
    out.push(1);
    put_uint(out, WRITER);
    put_uint(out, deleted.len() as u64);
    for range in deleted {
        put_uint(out, range.clock);
        put_uint(out, range.length);
    }
}

fn put_id(out: &mut Vec<u8>, clock: u64) {
    put_uint(out, WRITER);
    put_uint(out, clock);
}

/// The update that types the `clock`th character at the end of a document that [`WRITER`] only appends to.
pub(crate) fn typed(clock: u64) -> Vec<u8> {
    const WORDS: &str = "the quick brown fox jumps over the lazy dog ";
    let at = clock as usize % WORDS.len();
    let insert = Insert { clock, left: clock.checked_sub(1), right: None, text: &WORDS[at..=at] };
    update(Some(insert), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Yjs 13.6 writes for `new Y.Doc()`, `clientID = 1` being replaced by [`WRITER`].
    #[test]
    fn an_edit_has_the_bytes_that_yjs_writes() {
        let id = [0x91, 0x94, 0xb5, 0xaf, 0x0b];
        let first = typed(0);
        assert_eq!(first, [&[1, 1], &id[..], &[0, 4, 1, 4], b"text", &[1], b"t", &[0]].concat());
        let second = typed(1);
        assert_eq!(second, [&[1, 1], &id[..], &[1, 0x84], &id[..], &[0, 1], b"h", &[0]].concat());
        let deletion = update(None, &[Deleted { clock: 0, length: 2 }]);
        assert_eq!(deletion, [&[0, 1], &id[..], &[1, 0, 2]].concat());
    }
}
