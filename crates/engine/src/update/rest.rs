//! The rest of a struct whose first clocks are known.
//!
//! yrs would cut such a struct itself, but leaves the rest in the parent that the struct names, next to a
//! neighbour that may be in another. Only damaged or forged updates disagree like that; then yrs's counts go
//! wrong. Cut here, the rest stands beside the last known element, wherever that is.

use super::Id;
use super::any;
use super::structs::{ANY, Content, DELETED, HAS_LEFT, HAS_RIGHT, JSON, KIND, Place, STRING, Struct};
use crate::Malformed;
use crate::lib0::{Reader, put_buffer, put_number};

impl Place {
    /// Where the rest of a struct stands of which `last` was the last known element.
    pub(super) fn after(self, last: Id) -> Self {
        match self {
            Self::Beside(_, right) => Self::Beside(Some(last), right),
            Self::Root | Self::Inside(_) => Self::Beside(Some(last), None),
        }
    }
}

/// Puts, for yrs, a struct of `client` without its first `known` clocks, of which there is at least one.
///
/// # Errors
/// None, for a struct that was read from `update`.
pub(super) fn put(
    out: &mut Vec<u8>,
    update: &[u8],
    client: u64,
    one: &Struct,
    known: u32,
) -> Result<(), Malformed> {
    let left = u64::from(one.length - known);
    let first = update[one.at as usize];
    if one.content == Content::Gc {
        out.push(first);
        put_number(out, left);
        return Ok(());
    }
    put_head(out, first & KIND, one.place.after(Id { client, clock: one.clock + known - 1 }));
    let mut content = Reader::new(&update[one.content_at as usize..one.end as usize]);
    match first & KIND {
        DELETED => put_number(out, left),
        STRING => put_buffer(out, after_utf16(content.text()?, known).as_bytes()),
        ANY => {
            content.number()?;
            (0..known).try_for_each(|_| any::skip(&mut content, usize::MAX).map(drop))?;
            put_number(out, left);
            out.extend_from_slice(content.take(content.remaining())?);
        }
        JSON => {
            content.number()?;
            (0..known).try_for_each(|_| content.text().map(drop))?;
            // yrs reads one more than it is told.
            put_number(out, left - 1);
            out.extend_from_slice(content.take(content.remaining())?);
        }
        _ => return Err(Malformed::UnknownKind("content")),
    }
    Ok(())
}

fn put_head(out: &mut Vec<u8>, kind: u8, place: Place) {
    let Place::Beside(left, right) = place else { return };
    let has = |neighbour: Option<Id>, bit| if neighbour.is_some() { bit } else { 0 };
    out.push(kind | has(left, HAS_LEFT) | has(right, HAS_RIGHT));
    for neighbour in [left, right].into_iter().flatten() {
        put_number(out, neighbour.client);
        put_number(out, u64::from(neighbour.clock));
    }
}

/// The text after so many UTF-16 code units. Of a character that is cut in two, a replacement character is left.
fn after_utf16(text: &str, units: u32) -> String {
    let mut left = units as usize;
    let mut characters = text.chars();
    while left > 0 {
        let units = characters.next().map_or(left, char::len_utf16);
        if units > left {
            return format!("\u{fffd}{}", characters.as_str());
        }
        left -= units;
    }
    characters.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caps;
    use crate::update::Facts;

    /// The rest of the one struct of client 7 in `update`.
    fn rest(update: &[u8], known: u32) -> Vec<u8> {
        let mut facts = Facts::default();
        facts.read(update, &Caps::default()).unwrap();
        let mut out = Vec::new();
        put(&mut out, update, 7, &facts.structs[0], known).unwrap();
        out
    }

    #[test]
    fn each_content_that_can_be_cut_is() {
        // of client 7 from clock 5, in the root "t"
        let one = |kind: u8, content: &[u8]| [&[1, 1, 7, 5, kind, 1, 1, b't'], content, &[0]].concat();
        assert_eq!(rest(&one(1, &[4]), 1), [0x81, 7, 5, 3]);
        assert_eq!(rest(&one(4, &[3, b'a', b'b', b'c']), 2), [0x84, 7, 6, 1, b'c']);
        assert_eq!(rest(&one(8, &[3, 126, 117, 1, 127, 120]), 2), [0x88, 7, 6, 1, 120]);
        assert_eq!(rest(&one(2, &[3, 1, b'1', 1, b'2', 1, b'3']), 1), [0x82, 7, 5, 1, 1, b'2', 1, b'3']);
        assert_eq!(rest(&[1, 1, 7, 5, 0, 9, 0], 4), [0, 5]);
        // between 8:1 and 8:2, in which only the right neighbour stays
        assert_eq!(rest(&[1, 1, 7, 5, 0xc1, 8, 1, 8, 2, 4, 0], 3), [0xc1, 7, 7, 8, 2, 1]);
    }

    #[test]
    fn a_character_that_is_cut_in_two_is_replaced() {
        assert_eq!(after_utf16("a😀b", 1), "😀b");
        assert_eq!(after_utf16("a😀b", 2), "\u{fffd}b");
        assert_eq!(after_utf16("a😀b", 3), "b");
        assert_eq!(after_utf16("a😀b", 4), "");
    }
}
