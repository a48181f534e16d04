use super::structs::{Content, Struct, StructReader, clock};
use super::{CLOCK_END_MAX, Known};
use crate::lib0::Reader;
use crate::{Caps, Malformed};
use std::ops::Range;

/// Bytes that a section of structs and a range of deletions take in memory.
const SECTION_BYTES: usize = 400;
const RANGE_BYTES: usize = 100;

/// The structs of one client, in the order of their clocks and without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) client: u64,
    /// Which of [`Facts::structs`].
    pub(crate) structs: Range<usize>,
}

/// Deleted clocks of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeleteRange {
    pub(crate) client: u64,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// What a well-formed update says. Kept and filled anew for each update, so that a small one allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) sections: Vec<Section>,
    pub(crate) structs: Vec<Struct>,
    pub(crate) deletes: Vec<DeleteRange>,
    /// Whether yrs reads the very bytes as Yjs means them.
    pub(crate) is_plain: bool,
}

/// Room for facts that is kept from one update to the next.
const KEPT_MAX: usize = 4096;

impl Facts {
    /// Reads and checks a whole update.
    ///
    /// # Errors
    /// What is wrong with it. The facts are then of no use.
    pub(crate) fn read(&mut self, update: &[u8], caps: &Caps) -> Result<(), Malformed> {
        if update.len() > caps.message_bytes_max {
            return Err(Malformed::TooLong);
        }
        self.clear();
        let mut reader = StructReader { reader: Reader::new(update), caps, decoded_bytes: 0 };
        self.read_sections(&mut reader)?;
        self.read_deletes(&mut reader)?;
        reader.reader.finish()
    }

    fn clear(&mut self) {
        self.is_plain = true;
        self.sections.clear();
        self.structs.clear();
        self.deletes.clear();
        self.sections.shrink_to(KEPT_MAX);
        self.structs.shrink_to(KEPT_MAX);
        self.deletes.shrink_to(KEPT_MAX);
    }

    fn read_sections(&mut self, from: &mut StructReader<'_, '_>) -> Result<(), Malformed> {
        // A section takes five bytes or more: count, client, clock, and a struct of two.
        let sections = from.reader.count(5)?;
        let mut is_descending = true;
        for _ in 0..sections {
            from.weigh(SECTION_BYTES)?;
            let section = self.read_section(from)?;
            is_descending &= self.sections.last().is_none_or(|before| before.client > section.client);
            self.sections.push(section);
        }
        if is_descending { Ok(()) } else { self.refuse_repeated_clients() }
    }

    fn read_section(&mut self, from: &mut StructReader<'_, '_>) -> Result<Section, Malformed> {
        let structs = from.reader.count(2)?;
        let client = from.reader.number()?;
        let mut next = clock(from.reader.number()?)?;
        if structs == 0 {
            return Err(Malformed::Empty);
        }
        let first = self.structs.len();
        for _ in 0..structs {
            let read = from.read(client, next)?;
            next = read.clock_end();
            self.is_plain &= read.is_plain();
            self.structs.push(read);
        }
        Ok(Section { client, structs: first..self.structs.len() })
    }

    /// Yjs and yrs write clients in descending order; any other order is searched for repeats.
    fn refuse_repeated_clients(&self) -> Result<(), Malformed> {
        let mut clients: Vec<u64> = self.sections.iter().map(|section| section.client).collect();
        clients.sort_unstable();
        let repeats = clients.windows(2).any(|pair| pair[0] == pair[1]);
        if repeats { Err(Malformed::RepeatedClient) } else { Ok(()) }
    }

    fn read_deletes(&mut self, from: &mut StructReader<'_, '_>) -> Result<(), Malformed> {
        let clients = from.reader.count(2)?;
        for _ in 0..clients {
            let client = from.reader.number()?;
            let ranges = from.reader.count(2)?;
            for _ in 0..ranges {
                from.weigh(RANGE_BYTES)?;
                let start = clock(from.reader.number()?)?;
                let end = u64::from(start).saturating_add(from.reader.number()?);
                if end > CLOCK_END_MAX {
                    return Err(Malformed::Clock);
                }
                self.deletes.push(DeleteRange { client, start, end: end as u32 });
            }
        }
        self.normalize_deletes();
        Ok(())
    }

    /// Sorts and joins the ranges where they are not already sorted apart: yrs keeps only one list for a client,
    /// and takes it as sorted.
    fn normalize_deletes(&mut self) {
        let is_apart = |pair: &[DeleteRange]| match pair {
            [a, b] if a.client == b.client => a.end < b.start,
            [a, b] => a.client > b.client,
            _ => true,
        };
        let is_nonempty = |range: &DeleteRange| range.start < range.end;
        if self.deletes.windows(2).all(is_apart) && self.deletes.iter().all(is_nonempty) {
            return;
        }
        self.is_plain = false;
        self.deletes.retain(is_nonempty);
        self.deletes.sort_unstable_by(|a, b| (b.client, a.start).cmp(&(a.client, b.start)));
        self.deletes.dedup_by(|later, kept| {
            let joins = later.client == kept.client && later.start <= kept.end;
            if joins {
                kept.end = kept.end.max(later.end);
            }
            joins
        });
    }

    /// Whether yrs is given a struct of it in other words, which have to be turned back when yrs writes it.
    pub(crate) fn has_stand_ins(&self) -> bool {
        let is_stand_in = |one: &Struct| matches!(one.content, Content::Hook | Content::Document);
        !self.is_plain && self.structs.iter().any(is_stand_in)
    }

    /// Whether it has structs, or deletions of structs, that are not in `known`: then it is certainly news.
    pub(crate) fn exceeds(&self, known: &Known) -> bool {
        let is_new = |section: &Section| {
            let end = known.clock(section.client);
            // The last struct that is no gap tells.
            let mut structs = self.structs[section.structs.clone()].iter().rev();
            structs.find(|s| s.length > 0 && !s.is_skip()).is_some_and(|s| s.clock_end() > end)
        };
        self.sections.iter().any(is_new) || self.deletes.iter().any(|d| d.end > known.clock(d.client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(update: &[u8]) -> Result<Facts, Malformed> {
        let mut facts = Facts::default();
        facts.read(update, &Caps::default()).map(|()| facts)
    }

    /// One client (7) with one struct, no deletions.
    fn one_struct(clock: &[u8], content: &[u8]) -> Vec<u8> {
        [&[1, 1, 7], clock, content, &[0]].concat()
    }

    #[test]
    fn an_empty_update_says_nothing() {
        let facts = read(&[0, 0]).unwrap();
        assert!(facts.sections.is_empty() && facts.deletes.is_empty() && facts.is_plain);
        assert_eq!(read(&[]).err(), Some(Malformed::Truncated));
        assert_eq!(read(&[0]).err(), Some(Malformed::Truncated));
        assert_eq!(read(&[0, 0, 0]).err(), Some(Malformed::Trailing));
    }

    #[test]
    fn lengths_of_text_count_utf16_code_units() {
        // a string in the root "t": é, an emoji (two units), a
        let text = "é😀a".as_bytes();
        let update = one_struct(&[5], &[&[4, 1, 1, b't', text.len() as u8], text].concat());
        let facts = read(&update).unwrap();
        assert_eq!((facts.structs[0].clock, facts.structs[0].clock_end()), (5, 9));
    }

    #[test]
    fn clocks_stop_before_2_to_the_31() {
        let deleted = |clock: &[u8], length: &[u8]| {
            read(&one_struct(clock, &[&[1, 1, 1, b't'], length].concat())).err()
        };
        // 2^31 - 2 and length 1, or length 2
        let last = [0xfe, 0xff, 0xff, 0xff, 0x07];
        assert_eq!(deleted(&last, &[1]), None);
        assert_eq!(deleted(&last, &[2]), Some(Malformed::Clock));
        assert_eq!(deleted(&[0xff, 0xff, 0xff, 0xff, 0x07], &[1]), Some(Malformed::Clock));
        assert_eq!(deleted(&[0], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), Some(Malformed::Clock));
        let range = |range: &[u8]| read(&[&[0, 1, 7, 1], range].concat()).err();
        assert_eq!(range(&[0xfe, 0xff, 0xff, 0xff, 0x07, 1]), None);
        assert_eq!(range(&[0xfe, 0xff, 0xff, 0xff, 0x07, 2]), Some(Malformed::Clock));
    }

    #[test]
    fn forged_counts_are_refused() {
        let forged: [&[u8]; 2] =
            [&[0xff, 0xff, 0xff, 0xff, 0x0f], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]];
        for count in forged {
            // of sections, structs, deleting clients, deleted ranges, values, JSON texts, bytes
            for before in [
                &[][..],
                &[1],
                &[0],
                &[0, 1, 7],
                &[1, 1, 7, 0, 8, 1, 0],
                &[1, 1, 7, 0, 2, 1, 0],
                &[1, 1, 7, 0, 3, 1, 0],
            ] {
                let update = [before, count, &[0; 8]].concat();
                let refused = read(&update).err();
                assert!(
                    matches!(refused, Some(Malformed::Truncated | Malformed::Number)),
                    "{update:?} {refused:?}"
                );
            }
        }
    }

    #[test]
    fn structs_that_refer_to_themselves_are_refused() {
        // a string "a" at clock 3 whose left neighbour is 7:3
        assert_eq!(read(&one_struct(&[3], &[0x84, 7, 3, 1, b'a'])).err(), Some(Malformed::Reference));
        assert_eq!(read(&one_struct(&[3], &[0x84, 7, 2, 1, b'a'])).err(), None);
        // a string inside the type 7:3
        assert_eq!(read(&one_struct(&[3], &[4, 0, 7, 3, 1, b'a'])).err(), Some(Malformed::Reference));
    }

    #[test]
    fn unknown_kinds_are_refused() {
        for (content, kind) in [
            (&[11, 1, 0, 1][..], "content"),
            (&[0x14, 1, 0, 1, b'a'], "content"),
            (&[0x80, 8, 0, 1], "content"),
            (&[4, 2, 0, 1, b'a'], "parent"),
            (&[7, 1, 0, 7], "shared type"),
            (&[7, 1, 0, 15], "shared type"),
        ] {
            assert_eq!(
                read(&one_struct(&[0], content)).err(),
                Some(Malformed::UnknownKind(kind)),
                "{content:?}"
            );
        }
    }

    #[test]
    fn a_client_that_appears_twice_is_refused() {
        let twice = [2, 1, 7, 0, 0, 1, 1, 7, 1, 0, 1, 0];
        assert_eq!(read(&twice).err(), Some(Malformed::RepeatedClient));
    }

    #[test]
    fn delete_ranges_are_sorted_and_joined() {
        // client 1: 5..7, client 9: 4..6 0..2 1..4 and an empty one
        let update = [0, 2, 1, 1, 5, 2, 9, 4, 4, 2, 0, 2, 1, 3, 8, 0];
        let facts = read(&update).unwrap();
        assert!(!facts.is_plain);
        let range = |client, start, end| DeleteRange { client, start, end };
        assert_eq!(facts.deletes, [range(9, 0, 6), range(1, 5, 7)]);
    }

    #[test]
    fn updates_that_would_take_too_much_memory_are_refused() {
        let caps = Caps { decoded_bytes_max: 10_000, ..Caps::default() };
        // 1000 structs of garbage
        let update = [&[1, 0xe8, 7, 7, 0][..], &[0, 1].repeat(1000), &[0]].concat();
        assert_eq!(Facts::default().read(&update, &caps), Err(Malformed::TooHeavy));
        assert_eq!(Facts::default().read(&update, &Caps::default()), Ok(()));
    }
}
