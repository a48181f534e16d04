//! What an update carries, counted: a server may merge several updates into one message, so messages are
//! no count of updates.

use crate::wire::lib0::{take_byte, take_bytes, take_uint};
use crate::yjs::edit::WRITER;
use std::ops::Range;

/// What one update carries of the writer's edits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The writer's clocks.
    pub(crate) clocks: Range<u64>,
    /// Units in delete sets.
    pub(crate) deleted: u64,
}

/// How far into the writer's edits a stream of updates has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// One past the writer's highest clock.
    pub(crate) clock_end: u64,
    /// Units deleted.
    pub(crate) deleted: u64,
    /// Clocks that were skipped: never to be seen in a correct server.
    pub(crate) lost: u64,
}

impl Progress {
    /// Counts the stream's next update and tells which clocks are new. What comes twice counts once, except
    /// deletions: a server is trusted to send each of them once.
    pub(crate) fn take(&mut self, carried: &Carried) -> Range<u64> {
        self.deleted += carried.deleted;
        let new = carried.clocks.start.max(self.clock_end)..carried.clocks.end;
        if new.is_empty() {
            return 0..0;
        }
        self.lost += new.start - self.clock_end;
        self.clock_end = new.end;
        new
    }

    /// Whether this reaches at least as far.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.clock_end >= other.clock_end && self.deleted >= other.deleted
    }
}

/// Walks an update; `None` where it is malformed, has gaps, or holds more than text.
pub(crate) fn carried(mut update: &[u8]) -> Option<Carried> {
    let input = &mut update;
    let mut carried = Carried::default();
    for _ in 0..take_uint(input)? {
        let structs = take_uint(input)?;
        let client = take_uint(input)?;
        let start = take_uint(input)?;
        let mut end = start;
        for _ in 0..structs {
            end += take_struct(input)?;
        }
        if client == WRITER {
            carried.clocks = start..end;
        }
    }
    carried.deleted = take_delete_set(input)?;
    Some(carried)
}

/// Takes one struct off the front and tells its length in UTF-16 units.
fn take_struct(input: &mut &[u8]) -> Option<u64> {
    const GARBAGE: u8 = 0;
    const DELETED: u8 = 1;
    const STRING: u8 = 4;
    let head = take_byte(input)?;
    let kind = head & 0x1f;
    if kind == GARBAGE {
        return take_uint(input);
    }
    for _ in 0..u32::from(head & 0x80 != 0) + u32::from(head & 0x40 != 0) {
        take_id(input)?;
    }
    if head & 0xc0 == 0 {
        take_parent(input, head)?;
    }
    match kind {
        DELETED => take_uint(input),
        STRING => std::str::from_utf8(take_bytes(input)?).ok().map(utf16_length),
        _ => None,
    }
}

fn take_parent(input: &mut &[u8], head: u8) -> Option<()> {
    match take_uint(input)? {
        1 => drop(take_bytes(input)?),
        _ => take_id(input)?,
    }
    if head & 0x20 != 0 {
        take_bytes(input)?;
    }
    Some(())
}

fn take_id(input: &mut &[u8]) -> Option<()> {
    take_uint(input)?;
    take_uint(input).map(drop)
}

fn utf16_length(text: &str) -> u64 {
    if text.is_ascii() { text.len() as u64 } else { text.encode_utf16().count() as u64 }
}

fn take_delete_set(input: &mut &[u8]) -> Option<u64> {
    let mut deleted = 0;
    for _ in 0..take_uint(input)? {
        take_uint(input)?;
        for _ in 0..take_uint(input)? {
            take_uint(input)?;
            deleted += take_uint(input)?;
        }
    }
    Some(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yjs::edit::{Deleted, Insert, typed, update};

    #[test]
    fn an_edit_is_counted_by_its_clocks_and_deletions() {
        assert_eq!(carried(&typed(0)), Some(Carried { clocks: 0..1, deleted: 0 }));
        assert_eq!(carried(&typed(6)), Some(Carried { clocks: 6..7, deleted: 0 }));
        let replace = update(
            Some(Insert { clock: 9, left: Some(1), right: Some(7), text: "aü" }),
            &[Deleted { clock: 2, length: 5 }, Deleted { clock: 8, length: 1 }],
        );
        assert_eq!(carried(&replace), Some(Carried { clocks: 9..11, deleted: 6 }));
    }

    #[test]
    fn a_merged_update_counts_all_that_it_covers() {
        let (first, second) = (typed(0), typed(1));
        // The head of an update of one struct: two counts, the client (5 bytes), the clock.
        let merged = [&[1, 2], &first[2..first.len() - 1], &second[8..]].concat();
        assert_eq!(carried(&merged), Some(Carried { clocks: 0..2, deleted: 0 }));
    }

    #[test]
    fn a_cut_update_is_none() {
        let whole = typed(5);
        assert!((0..whole.len()).all(|n| carried(&whole[..n]).is_none()));
    }

    #[test]
    fn what_comes_twice_counts_once_and_a_gap_is_lost() {
        let mut progress = Progress::default();
        let clocks = |clocks| Carried { clocks, deleted: 0 };
        assert_eq!(progress.take(&clocks(0..3)), 0..3);
        assert_eq!(progress.take(&clocks(1..4)), 3..4);
        assert_eq!(progress.take(&clocks(0..2)), 0..0);
        assert_eq!(progress.lost, 0);
        assert_eq!(progress.take(&clocks(6..7)), 6..7);
        assert_eq!(progress, Progress { clock_end: 7, deleted: 0, lost: 2 });
    }
}
