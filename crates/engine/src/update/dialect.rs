//! Updates written anew: in pieces that yrs digests, in the parts that can and can't be applied, and back from
//! what yrs writes to what Yjs reads.
//!
//! yrs 0.28 differs from Yjs in three kinds of content. It reads one JSON text more than there are, so it is given
//! a count of one less (it writes the right count). It reads no name behind an XML hook, so it is given an
//! element of that name. It reads a subdocument into a whole document that refers back to its parent, is never
//! freed, and forgets options that it does not know, so it is given the subdocument's bytes as a binary.

use super::known::Kind;
use super::schedule::{Run, Schedule};
use super::structs::{BINARY, Content, DOCUMENT, Struct, XML_ELEMENT, XML_HOOK};
use super::{DeleteRange, Facts, Id, Known, rest};
use crate::lib0::{Reader, put_buffer, put_number};
use crate::{Caps, Malformed};
use std::ops::Range;

/// Sections of one update that yrs is fed: it recurses over them, and searches them for each missing reference.
const SECTIONS_MAX: usize = 32;

/// How yrs is told of an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    /// By the very bytes.
    AsIs,
    /// By these updates, in order.
    Pieces(Vec<Vec<u8>>),
}

impl Feed {
    /// Decides how yrs is told of the structs that `schedule` has, and of the deletions that can be applied.
    ///
    /// # Errors
    /// None, where the facts are those of `update`.
    pub(crate) fn new(
        update: &[u8],
        facts: &Facts,
        schedule: &Schedule,
        known: &Known,
    ) -> Result<Self, Malformed> {
        let is_uncut = schedule.runs.iter().all(|run| run.known == 0);
        if schedule.missing.is_none() && is_uncut && facts.is_plain && facts.sections.len() <= SECTIONS_MAX {
            return Ok(Self::AsIs);
        }
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for runs in pieces_of(&schedule.runs) {
            let mut piece = Vec::new();
            put_number(&mut piece, runs.len() as u64);
            for run in runs {
                put_run(&mut piece, update, facts, run)?;
            }
            piece.push(0);
            pieces.push(piece);
        }
        let deletes = known_deletes(facts, known);
        if !deletes.is_empty() {
            let mut piece = vec![0];
            put_deletes(&mut piece, &deletes);
            pieces.push(piece);
        }
        Ok(Self::Pieces(pieces))
    }
}

/// Puts a run as a section.
fn put_run(out: &mut Vec<u8>, update: &[u8], facts: &Facts, run: &Run) -> Result<(), Malformed> {
    let client = facts.sections[run.section].client;
    let mut structs = &facts.structs[run.structs.clone()];
    put_number(out, structs.len() as u64);
    put_number(out, client);
    put_number(out, u64::from(structs[0].clock + run.known));
    if run.known > 0 {
        rest::put(out, update, client, &structs[0], run.known)?;
        structs = &structs[1..];
    }
    structs.iter().for_each(|one| put_for_yrs(out, update, one));
    Ok(())
}

/// Groups runs so that no client is twice in a group.
fn pieces_of(runs: &[Run]) -> Vec<&[Run]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for at in 0..runs.len() {
        let piece = &runs[start..at];
        if piece.len() == SECTIONS_MAX || piece.iter().any(|run| run.section == runs[at].section) {
            pieces.push(piece);
            start = at;
        }
    }
    if start < runs.len() {
        pieces.push(&runs[start..]);
    }
    pieces
}

/// An update of which only a part could be applied, as two updates.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What was applied, if anything was.
    pub(crate) applied: Option<Vec<u8>>,
    /// What has to wait.
    pub(crate) waiting: Vec<u8>,
}

/// Divides an update into what `schedule` applied and what waits.
pub(crate) fn parts(update: &[u8], facts: &Facts, schedule: &Schedule, known: &Known) -> Parts {
    let mut applied: Vec<Range<usize>> = vec![0..0; facts.sections.len()];
    for Run { section, structs, .. } in &schedule.runs {
        // Runs are never empty, so an end of 0 says that there was none.
        let start = if applied[*section].end == 0 { structs.start } else { applied[*section].start };
        applied[*section] = start..structs.end;
    }
    let mut waiting = Vec::with_capacity(facts.sections.len());
    for (section, from) in facts.sections.iter().zip(&schedule.waiting_from) {
        let rest = *from..section.structs.end;
        let gap = facts.structs[rest.clone()].iter().take_while(|s| s.is_skip()).count();
        waiting.push(rest.start + gap..rest.end);
    }
    let deletes = known_deletes(facts, known);
    let is_anything = !schedule.runs.is_empty() || !deletes.is_empty();
    Parts {
        applied: is_anything.then(|| part(update, facts, &applied, &deletes)),
        waiting: part(update, facts, &waiting, &unknown_deletes(facts, known)),
    }
}

fn part(update: &[u8], facts: &Facts, structs: &[Range<usize>], deletes: &[DeleteRange]) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, structs.iter().filter(|structs| !structs.is_empty()).count() as u64);
    for (section, structs) in facts.sections.iter().zip(structs) {
        if !structs.is_empty() {
            put_section(&mut out, section.client, &facts.structs[structs.clone()], |out, s| {
                out.extend_from_slice(bytes(update, s.at, s.end));
            });
        }
    }
    put_deletes(&mut out, deletes);
    out
}

/// Turns what yrs wrote back into what Yjs reads.
///
/// # Errors
/// Where yrs wrote no update.
pub(crate) fn restore(state: &[u8], known: &Known) -> Result<Vec<u8>, Malformed> {
    let caps = Caps { message_bytes_max: usize::MAX, decoded_bytes_max: usize::MAX, ..Caps::default() };
    let mut facts = Facts::default();
    facts.read(state, &caps)?;
    let mut out = Vec::with_capacity(state.len());
    put_number(&mut out, facts.sections.len() as u64);
    for section in &facts.sections {
        let client = section.client;
        put_section(&mut out, client, &facts.structs[section.structs.clone()], |out, s| {
            put_for_yjs(out, state, s, known.kind(Id { client, clock: s.clock }));
        });
    }
    put_deletes(&mut out, &facts.deletes);
    Ok(out)
}

fn put_section(out: &mut Vec<u8>, client: u64, structs: &[Struct], put: impl Fn(&mut Vec<u8>, &Struct)) {
    put_number(out, structs.len() as u64);
    put_number(out, client);
    put_number(out, u64::from(structs.first().map_or(0, |first| first.clock)));
    for one in structs {
        put(out, one);
    }
}

fn put_for_yrs(out: &mut Vec<u8>, update: &[u8], one: &Struct) {
    let head = bytes(update, one.at, one.content_at);
    let content = bytes(update, one.content_at, one.end);
    match one.content {
        Content::Json => {
            let mut texts = Reader::new(content);
            let count = texts.number().unwrap_or_default();
            out.extend_from_slice(head);
            put_number(out, count.saturating_sub(1));
            out.extend_from_slice(&content[texts.at()..]);
        }
        Content::Hook => {
            out.extend_from_slice(head);
            out.push(XML_ELEMENT);
            out.extend_from_slice(&content[1..]);
        }
        Content::Document => {
            put_head(out, head, DOCUMENT, BINARY);
            put_buffer(out, content);
        }
        _ => out.extend_from_slice(bytes(update, one.at, one.end)),
    }
}

/// Puts the bytes before a content, with another kind of content.
fn put_head(out: &mut Vec<u8>, head: &[u8], from: u8, to: u8) {
    out.push(head[0] ^ from ^ to);
    out.extend_from_slice(&head[1..]);
}

/// A subdocument or a hook that was deleted meanwhile is garbage to yrs as well, and stays so.
fn put_for_yjs(out: &mut Vec<u8>, state: &[u8], one: &Struct, kind: Option<Kind>) {
    let head = bytes(state, one.at, one.content_at);
    let content = bytes(state, one.content_at, one.end);
    match (kind, one.content) {
        (Some(Kind::Document), Content::Leaf) => {
            put_head(out, head, BINARY, DOCUMENT);
            out.extend_from_slice(Reader::new(content).buffer().unwrap_or_default());
        }
        (Some(Kind::Hook), Content::Type) => {
            out.extend_from_slice(head);
            out.push(XML_HOOK);
            out.extend_from_slice(&content[1..]);
        }
        _ => out.extend_from_slice(bytes(state, one.at, one.end)),
    }
}

fn bytes(update: &[u8], from: u32, to: u32) -> &[u8] {
    &update[from as usize..to as usize]
}

fn known_deletes(facts: &Facts, known: &Known) -> Vec<DeleteRange> {
    let clipped =
        |range: &DeleteRange| DeleteRange { end: range.end.min(known.clock(range.client)), ..*range };
    facts.deletes.iter().map(clipped).filter(|range| range.start < range.end).collect()
}

fn unknown_deletes(facts: &Facts, known: &Known) -> Vec<DeleteRange> {
    let clipped =
        |range: &DeleteRange| DeleteRange { start: range.start.max(known.clock(range.client)), ..*range };
    facts.deletes.iter().map(clipped).filter(|range| range.start < range.end).collect()
}

/// Puts sorted ranges.
fn put_deletes(out: &mut Vec<u8>, deletes: &[DeleteRange]) {
    let of_one_client = || deletes.chunk_by(|a, b| a.client == b.client);
    put_number(out, of_one_client().count() as u64);
    for ranges in of_one_client() {
        put_number(out, ranges[0].client);
        put_number(out, ranges.len() as u64);
        for range in ranges {
            put_number(out, u64::from(range.start));
            put_number(out, u64::from(range.end - range.start));
        }
    }
}
