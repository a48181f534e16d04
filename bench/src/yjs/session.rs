//! A made-up editing session: one person typing in runs, correcting, and jumping about. Seeded, so that
//! every server gets the same bytes.

use crate::yjs::edit::WRITER;
use crate::yjs::text::Text;

/// What one edit does at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Typing,
    Backspace,
}

/// Single edits without end: each puts in or takes away one character.
///
/// About 70 % of the edits are insertions, as in the recorded histories of long texts; most jumps are short.
/// The runs are long enough that 260,000 edits give a document of 311 kB.
#[derive(Debug)]
pub(crate) struct Session {
    text: Text,
    random: SplitMix,
    hand: Hand,
    cursor: usize,
    left_of_run: u64,
}

/// Longest run of typing.
const TYPING_MAX: u64 = 56;
/// Longest run of backspaces.
const BACKSPACE_MAX: u64 = 45;
/// How far a short jump goes.
const NEAR: u64 = 400;

impl Session {
    /// A session that makes the same edits for the same seed.
    pub(crate) fn new(seed: u64) -> Self {
        let random = SplitMix(seed ^ WRITER);
        Self { text: Text::default(), random, hand: Hand::Typing, cursor: 0, left_of_run: TYPING_MAX }
    }

    /// The next edit's update.
    pub(crate) fn next_update(&mut self) -> Vec<u8> {
        while self.left_of_run == 0 || (self.hand == Hand::Backspace && self.cursor == 0) {
            self.begin_run();
        }
        self.left_of_run -= 1;
        match self.hand {
            Hand::Typing => {
                let letter = self.letter();
                self.cursor += 1;
                self.text.edit(self.cursor - 1, 0, letter)
            }
            Hand::Backspace => {
                self.cursor -= 1;
                self.text.edit(self.cursor, 1, "")
            }
        }
    }

    fn begin_run(&mut self) {
        self.hand = if self.random.below(100) < 64 { Hand::Typing } else { Hand::Backspace };
        self.left_of_run = match self.hand {
            Hand::Typing => 1 + self.random.below(TYPING_MAX),
            Hand::Backspace => 1 + self.random.below(BACKSPACE_MAX),
        };
        let length = self.text.length() as u64;
        self.cursor = match self.random.below(10) {
            0..4 => self.cursor,
            4..9 => {
                let from = (self.cursor as u64).saturating_sub(NEAR);
                (from + self.random.below(2 * NEAR)).min(length) as usize
            }
            _ => self.random.below(length + 1) as usize,
        };
    }

    fn letter(&mut self) -> &'static str {
        const LETTERS: &str = "etaoin shrdlu etaoin shrdlu cmfwyp vbgkqj xz,.\n";
        let at = self.random.below(LETTERS.len() as u64) as usize;
        &LETTERS[at..=at]
    }
}

/// Sebastiano Vigna's splitmix64: small, seeded, good enough for choosing places.
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yjs::coverage::{Carried, Progress, carried};
    use bytes::Bytes;
    use engine::{Caps, Document};

    #[test]
    fn a_seed_gives_the_same_edits_each_time() {
        let (mut a, mut b, mut c) = (Session::new(1), Session::new(1), Session::new(2));
        let edits = |session: &mut Session| (0..500).map(|_| session.next_update()).collect::<Vec<_>>();
        let first = edits(&mut a);
        assert_eq!(first, edits(&mut b));
        assert_ne!(first, edits(&mut c));
    }

    #[test]
    fn every_edit_is_one_unit_and_a_server_takes_them_all() {
        let mut session = Session::new(7);
        let mut seen = Progress::default();
        let updates: Vec<Bytes> = (1..=20_000u64)
            .map(|n| {
                let update = session.next_update();
                seen.take(&carried(&update).unwrap());
                assert_eq!(seen.clock_end + seen.deleted, n);
                update.into()
            })
            .collect();
        assert_eq!(seen.clock_end - seen.deleted, session.text.length() as u64);
        let mut document = Document::open(&updates, Caps::default()).unwrap();
        let kept = carried(&document.encoded_state().unwrap()).unwrap();
        assert_eq!(kept, Carried { clocks: 0..seen.clock_end, deleted: seen.deleted });
    }
}
