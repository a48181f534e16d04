//! The writer's own copy of the document: which unit stands at which position, and who its neighbours are.

use crate::yjs::edit::{Deleted, Insert, update};

/// A clock that is none: the right neighbour of the last unit.
const END: u32 = u32::MAX;

/// A text of one writer's. Positions and lengths are UTF-16 units; characters beyond the basic plane are not
/// taken, so a unit is a character.
#[derive(Debug, Default)]
pub(crate) struct Text {
    visible: GapBuffer,
    /// For each unit ever put in, the one to its right in the document's order, deleted ones included: what
    /// Yjs names as the right origin.
    right_of: Vec<u32>,
    first: Option<u32>,
}

impl Text {
    /// Units that are not deleted.
    pub(crate) fn length(&self) -> usize {
        self.visible.length()
    }

    /// Deletes `deleted` units at `at`, puts `text` in their place, and returns the update that says so.
    /// What lies past the end is ignored.
    pub(crate) fn edit(&mut self, at: usize, deleted: usize, text: &str) -> Vec<u8> {
        let at = at.min(self.length());
        let ranges = ranges(self.visible.remove(at, deleted.min(self.length() - at)));
        let insert = (!text.is_empty()).then(|| self.insert(at, text));
        update(insert, &ranges)
    }

    fn insert<'a>(&mut self, at: usize, text: &'a str) -> Insert<'a> {
        let clock = self.right_of.len() as u32;
        let length = text.encode_utf16().count() as u32;
        let left = at.checked_sub(1).map(|before| self.visible.at(before));
        let right = match left {
            Some(left) => std::mem::replace(&mut self.right_of[left as usize], clock),
            None => self.first.replace(clock).unwrap_or(END),
        };
        self.right_of.extend(clock + 1..clock + length);
        self.right_of.push(right);
        self.visible.insert(at, clock..clock + length);
        let right = (right != END).then_some(u64::from(right));
        Insert { clock: u64::from(clock), left: left.map(u64::from), right, text }
    }
}

/// Clocks in the text's order as sorted ranges, as a delete set has them.
fn ranges(mut clocks: Vec<u32>) -> Vec<Deleted> {
    clocks.sort_unstable();
    clocks
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| Deleted { clock: u64::from(run[0]), length: run.len() as u64 })
        .collect()
}

/// Clocks in the order of the text, with the free room where the last edit was: typing costs nothing, and
/// a jump costs one move of what it jumps over.
#[derive(Debug, Default)]
struct GapBuffer {
    before: Vec<u32>,
    /// Reversed.
    after: Vec<u32>,
}

impl GapBuffer {
    fn length(&self) -> usize {
        self.before.len() + self.after.len()
    }

    fn at(&self, at: usize) -> u32 {
        match self.before.get(at) {
            Some(clock) => *clock,
            None => self.after[self.length() - 1 - at],
        }
    }

    fn insert(&mut self, at: usize, clocks: std::ops::Range<u32>) {
        self.jump(at);
        self.before.extend(clocks);
    }

    fn remove(&mut self, at: usize, count: usize) -> Vec<u32> {
        self.jump(at);
        self.after.split_off(self.after.len() - count)
    }

    fn jump(&mut self, at: usize) {
        if at < self.before.len() {
            self.after.extend(self.before.drain(at..).rev());
        } else {
            let from = self.after.len() - (at - self.before.len());
            self.before.extend(self.after.drain(from..).rev());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yjs::coverage::{Progress, carried};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_gap_buffer_is_a_list(edits in proptest::collection::vec((any::<u16>(), 0usize..4, 0u32..5), 0..60)) {
            let (mut buffer, mut list, mut next) = (GapBuffer::default(), Vec::<u32>::new(), 0);
            for (at, removed, put) in edits {
                let at = at as usize % (list.len() + 1);
                let removed = removed.min(list.len() - at);
                prop_assert_eq!(buffer.length(), list.len());
                let mut gone = buffer.remove(at, removed);
                gone.reverse();
                prop_assert_eq!(gone, list.splice(at..at + removed, next..next + put).collect::<Vec<_>>());
                buffer.insert(at, next..next + put);
                next += put;
            }
            prop_assert_eq!((0..list.len()).map(|i| buffer.at(i)).collect::<Vec<_>>(), list);
        }
    }

    #[test]
    fn an_edit_names_its_neighbours_even_when_they_are_deleted() {
        let mut text = Text::default();
        text.edit(0, 0, "abc");
        let deletion = text.edit(1, 1, "");
        assert_eq!(deletion, update(None, &[Deleted { clock: 1, length: 1 }]));
        let insertion = text.edit(1, 0, "X");
        assert_eq!(
            insertion,
            update(Some(Insert { clock: 3, left: Some(0), right: Some(1), text: "X" }), &[])
        );
        assert_eq!(text.length(), 3);
    }

    #[test]
    fn what_lies_past_the_end_is_ignored() {
        let (mut text, mut seen) = (Text::default(), Progress::default());
        for (at, deleted, put) in [(0, 0, "hello"), (2, 2, "L"), (0, 1, ""), (99, 9, "end"), (1, 99, "")] {
            seen.take(&carried(&text.edit(at, deleted, put)).unwrap());
        }
        assert_eq!(text.length(), 1);
        assert_eq!(seen, Progress { clock_end: 9, deleted: 8, lost: 0 });
    }
}
