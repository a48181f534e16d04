//! One struct of an update: a run of elements, a run of garbage, or a gap.

use super::{CLOCK_END_MAX, Id, any};
use crate::lib0::Reader;
use crate::{Caps, Malformed, json};

/// Bits of a struct's first byte: which references follow. The low five bits are the kind of content.
pub(super) const HAS_LEFT: u8 = 0x80;
pub(super) const HAS_RIGHT: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
pub(super) const KIND: u8 = 0x1f;

/// Kinds of content, as numbered by Yjs.
pub(super) const GC: u8 = 0;
pub(super) const DELETED: u8 = 1;
pub(super) const JSON: u8 = 2;
pub(super) const BINARY: u8 = 3;
pub(super) const STRING: u8 = 4;
const EMBED: u8 = 5;
const FORMAT: u8 = 6;
pub(super) const TYPE: u8 = 7;
pub(super) const ANY: u8 = 8;
pub(super) const DOCUMENT: u8 = 9;
pub(super) const SKIP: u8 = 10;

/// Shared types, as numbered by Yjs.
pub(super) const XML_ELEMENT: u8 = 3;
pub(super) const XML_HOOK: u8 = 5;
const TYPE_MAX: u8 = 6;

/// Bytes that yrs and the facts about it take for a struct, a shared type, and one value in memory (rounded up;
/// measured by `tests/allocation.rs`).
const STRUCT_BYTES: usize = 400;
const GARBAGE_BYTES: usize = 160;
const TYPE_BYTES: usize = 400;
const VALUE_BYTES: usize = 160;
/// Bytes of parsed values for one byte of JSON: `[[],[],…]` is the worst case.
const JSON_FACTOR: usize = 64;

/// Where a struct stands, by reference to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between neighbours, in the same parent as they.
    Beside(Option<Id>, Option<Id>),
    /// In a shared type that has a name of its own.
    Root,
    /// In the shared type with this id.
    Inside(Id),
}

/// What a struct holds, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Collected garbage.
    Gc,
    /// Nothing: a gap in the clocks.
    Skip,
    /// Deleted elements.
    Deleted,
    /// Elements that yrs reads and writes as Yjs does.
    Leaf,
    /// JSON texts, whose number yrs misreads.
    Json,
    /// A shared type.
    Type,
    /// An XML hook, whose name yrs does not read.
    Hook,
    /// A subdocument.
    Document,
}

/// One struct of an update, and where its bytes are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Struct {
    pub(crate) clock: u32,
    /// How many clocks it takes; 0 for empty contents, which old versions of Yjs wrote.
    pub(crate) length: u32,
    /// Offsets in the update: first byte, first byte of the content, end.
    pub(crate) at: u32,
    pub(crate) content_at: u32,
    pub(crate) end: u32,
    pub(crate) place: Place,
    pub(crate) content: Content,
}

impl Struct {
    /// One more than its last clock.
    pub(crate) fn clock_end(&self) -> u32 {
        self.clock + self.length
    }

    pub(crate) fn is_skip(&self) -> bool {
        self.content == Content::Skip
    }

    /// Whether yrs reads it as Yjs wrote it.
    pub(crate) fn is_plain(&self) -> bool {
        let odd = matches!(self.content, Content::Skip | Content::Json | Content::Hook | Content::Document);
        self.length > 0 && !odd
    }
}

/// Reads structs, and adds up what they will take in memory.
pub(super) struct StructReader<'a, 'c> {
    pub(super) reader: Reader<'a>,
    pub(super) caps: &'c Caps,
    pub(super) decoded_bytes: usize,
}

impl StructReader<'_, '_> {
    /// Reads the struct of `client` that begins at `clock`.
    pub(super) fn read(&mut self, client: u64, clock: u32) -> Result<Struct, Malformed> {
        let at = self.reader.at() as u32;
        let first = self.reader.u8()?;
        let (place, content_at, content, length) = match first {
            GC | SKIP => {
                self.weigh(GARBAGE_BYTES)?;
                let content_at = self.reader.at() as u32;
                let content = if first == GC { Content::Gc } else { Content::Skip };
                (Place::Beside(None, None), content_at, content, nonzero(self.reader.number()?)?)
            }
            _ => {
                self.weigh(STRUCT_BYTES)?;
                let place = self.place(first)?;
                let content_at = self.reader.at() as u32;
                let (content, length) = self.content(first & KIND)?;
                (place, content_at, content, length)
            }
        };
        let clock_end = u64::from(clock).checked_add(length).filter(|end| *end <= CLOCK_END_MAX);
        let length = (clock_end.ok_or(Malformed::Clock)? - u64::from(clock)) as u32;
        let end = self.reader.at() as u32;
        let read = Struct { clock, length, at, content_at, end, place, content };
        if read.refers_to_its_future(client) { Err(Malformed::Reference) } else { Ok(read) }
    }

    /// Adds to what the update takes in memory.
    pub(super) fn weigh(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.decoded_bytes = self.decoded_bytes.saturating_add(bytes);
        if self.decoded_bytes > self.caps.decoded_bytes_max { Err(Malformed::TooHeavy) } else { Ok(()) }
    }

    fn place(&mut self, first: u8) -> Result<Place, Malformed> {
        let left = if first & HAS_LEFT != 0 { Some(self.id()?) } else { None };
        let right = if first & HAS_RIGHT != 0 { Some(self.id()?) } else { None };
        if left.is_some() || right.is_some() {
            return Ok(Place::Beside(left, right));
        }
        let place = match self.reader.number()? {
            1 => {
                self.reader.text()?;
                Place::Root
            }
            0 => Place::Inside(self.id()?),
            _ => return Err(Malformed::UnknownKind("parent")),
        };
        if first & HAS_KEY != 0 {
            self.reader.text()?;
        }
        Ok(place)
    }

    fn id(&mut self) -> Result<Id, Malformed> {
        let client = self.reader.number()?;
        Ok(Id { client, clock: clock(self.reader.number()?)? })
    }

    /// Reads a content of the given kind. Returns what it is and how many clocks it takes.
    fn content(&mut self, kind: u8) -> Result<(Content, u64), Malformed> {
        let content = match kind {
            DELETED => return Ok((Content::Deleted, self.reader.number()?)),
            JSON => return Ok((Content::Json, self.json_texts()?)),
            STRING => return Ok((Content::Leaf, self.string()?)),
            ANY => return Ok((Content::Leaf, self.values()?)),
            BINARY => {
                let bytes = self.reader.buffer()?.len();
                self.weigh(bytes)?;
                Content::Leaf
            }
            EMBED => {
                self.json_value()?;
                Content::Leaf
            }
            FORMAT => {
                self.reader.text()?;
                self.json_value()?;
                Content::Leaf
            }
            TYPE => self.shared_type()?,
            DOCUMENT => {
                self.reader.text()?;
                any::skip(&mut self.reader, self.caps.nesting_max)?;
                Content::Document
            }
            _ => return Err(Malformed::UnknownKind("content")),
        };
        Ok((content, 1))
    }

    fn string(&mut self) -> Result<u64, Malformed> {
        let text = self.reader.text()?;
        self.weigh(text.len())?;
        Ok(utf16_length(text))
    }

    fn values(&mut self) -> Result<u64, Malformed> {
        let count = self.reader.count(1)?;
        for _ in 0..count {
            let from = self.reader.at();
            let values = any::skip(&mut self.reader, self.caps.nesting_max)?;
            self.weigh(values * VALUE_BYTES + self.reader.at() - from)?;
        }
        Ok(count as u64)
    }

    /// Yjs writes `undefined` as that word, which is no JSON.
    fn json_texts(&mut self) -> Result<u64, Malformed> {
        let count = self.reader.count(1)?;
        for _ in 0..count {
            let text = self.reader.text()?;
            self.weigh(VALUE_BYTES + text.len())?;
            if text != "undefined" {
                json::check(text, self.caps.nesting_max)?;
            }
        }
        Ok(count as u64)
    }

    fn json_value(&mut self) -> Result<(), Malformed> {
        let text = self.reader.text()?;
        self.weigh(text.len() * JSON_FACTOR)?;
        json::check(text, self.caps.nesting_max)
    }

    fn shared_type(&mut self) -> Result<Content, Malformed> {
        self.weigh(TYPE_BYTES)?;
        let kind = self.reader.u8()?;
        if kind > TYPE_MAX {
            return Err(Malformed::UnknownKind("shared type"));
        }
        if kind == XML_ELEMENT || kind == XML_HOOK {
            self.reader.text()?;
        }
        Ok(if kind == XML_HOOK { Content::Hook } else { Content::Type })
    }
}

impl Struct {
    /// References of its own client go to what was there before; anything else can never be resolved.
    fn refers_to_its_future(&self, client: u64) -> bool {
        let later = |id: Id| id.client == client && id.clock >= self.clock;
        match self.place {
            Place::Beside(left, right) => left.is_some_and(later) || right.is_some_and(later),
            Place::Inside(parent) => later(parent),
            Place::Root => false,
        }
    }
}

/// A clock, if it is in range.
pub(super) fn clock(number: u64) -> Result<u32, Malformed> {
    if number < CLOCK_END_MAX { Ok(number as u32) } else { Err(Malformed::Clock) }
}

fn nonzero(length: u64) -> Result<u64, Malformed> {
    if length > 0 { Ok(length) } else { Err(Malformed::Empty) }
}

/// Clocks count UTF-16 code units, as JavaScript's strings do.
fn utf16_length(text: &str) -> u64 {
    if text.len() == 1 {
        return 1;
    }
    text.bytes().map(|byte| u64::from(byte & 0xc0 != 0x80) + u64::from(byte >= 0xf0)).sum()
}
