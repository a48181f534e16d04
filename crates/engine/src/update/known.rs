//! What a document has of each client: how many clocks, and for each of them enough to say whether another
//! struct may refer to it. yrs is asked for none of it, so an update is judged before yrs sees it.

use super::Id;
use super::structs::{Content, Place, Struct};
use crate::Malformed;
use std::collections::HashMap;

/// The structs of a document, as runs of clocks that are alike. A page typed by one person is one run.
#[derive(Debug, Default)]
pub(crate) struct Known {
    clients: HashMap<u64, History>,
    /// How each client stood before the update at hand, in case the update is refused half-way.
    marks: Vec<Mark>,
}

#[derive(Debug, Default)]
struct History {
    clock_end: u32,
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    start: u32,
    element: Element,
}

/// What an element is, and how many shared types it lies within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    kind: Kind,
    depth: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Has no children, and never had any.
    Leaf,
    /// A shared type.
    Type,
    /// An XML hook.
    Hook,
    /// A subdocument.
    Document,
    /// Deleted before it came here; may have been a shared type.
    Gone,
}

#[derive(Debug)]
struct Mark {
    client: u64,
    clock_end: u32,
    runs: usize,
}

/// What came of admitting a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It was known, all of it.
    Known,
    /// It is known now.
    Admitted,
    /// It refers to an element that is not known.
    Missing(Id),
}

impl Known {
    /// How many clocks of `client` are known, from 0.
    pub(crate) fn clock(&self, client: u64) -> u32 {
        self.clients.get(&client).map_or(0, |history| history.clock_end)
    }

    /// Every client with its clock.
    pub(crate) fn clocks(&self) -> impl ExactSizeIterator<Item = (u64, u32)> + '_ {
        self.clients.iter().map(|(client, history)| (*client, history.clock_end))
    }

    /// What the element is, if it is known.
    pub(crate) fn kind(&self, id: Id) -> Option<Kind> {
        self.element(id).map(|element| element.kind)
    }

    /// Takes a struct of an update in, unless something that it refers to is missing.
    ///
    /// # Errors
    /// [`Malformed::Reference`] for a parent that can have no children, [`Malformed::TooDeep`] for shared types
    /// in more than `nesting_max` levels.
    pub(crate) fn admit(
        &mut self,
        client: u64,
        new: &Struct,
        nesting_max: usize,
    ) -> Result<Admission, Malformed> {
        let clock_end = self.clock(client);
        if new.clock_end() <= clock_end {
            return Ok(Admission::Known);
        }
        if new.clock > clock_end {
            return Ok(Admission::Missing(Id { client, clock: new.clock - 1 }));
        }
        let place = match clock_end.checked_sub(1) {
            Some(clock) if new.clock <= clock => new.place.after(Id { client, clock }),
            _ => new.place,
        };
        let element = match self.place(place)? {
            Ok(depth) => element(new.content, depth),
            Err(missing) => return Ok(Admission::Missing(missing)),
        };
        if matches!(element.kind, Kind::Type | Kind::Hook) && usize::from(element.depth) > nesting_max {
            return Err(Malformed::TooDeep);
        }
        self.append(client, new.clock_end(), element);
        Ok(Admission::Admitted)
    }

    /// Makes what was admitted since the last call final.
    pub(crate) fn keep(&mut self) {
        self.marks.clear();
    }

    /// Forgets what was admitted since [`Known::keep`].
    pub(crate) fn undo(&mut self) {
        while let Some(mark) = self.marks.pop() {
            if mark.clock_end == 0 {
                self.clients.remove(&mark.client);
            } else if let Some(history) = self.clients.get_mut(&mark.client) {
                history.clock_end = mark.clock_end;
                history.runs.truncate(mark.runs);
            }
        }
    }

    fn element(&self, id: Id) -> Option<Element> {
        let history = self.clients.get(&id.client)?;
        if id.clock >= history.clock_end {
            return None;
        }
        let after = history.runs.partition_point(|run| run.start <= id.clock);
        Some(history.runs[after - 1].element)
    }

    /// How many shared types an element at `place` lies within, or which reference is missing. An element without
    /// a living neighbour or parent becomes garbage at once, at depth 0.
    fn place(&self, place: Place) -> Result<Result<u8, Id>, Malformed> {
        match place {
            Place::Root => Ok(Ok(1)),
            Place::Inside(parent) => match self.element(parent) {
                None => Ok(Err(parent)),
                Some(Element { kind: Kind::Type | Kind::Hook, depth }) => Ok(Ok(depth.saturating_add(1))),
                Some(Element { kind: Kind::Gone, .. }) => Ok(Ok(0)),
                Some(_) => Err(Malformed::Reference),
            },
            Place::Beside(left, right) => {
                let mut depth = 0;
                for neighbour in [left, right].into_iter().flatten() {
                    let Some(element) = self.element(neighbour) else { return Ok(Err(neighbour)) };
                    depth = depth.max(element.depth);
                }
                Ok(Ok(depth))
            }
        }
    }

    fn append(&mut self, client: u64, clock_end: u32, element: Element) {
        let history = self.clients.entry(client).or_default();
        if self.marks.last().is_none_or(|mark| mark.client != client) {
            self.marks.push(Mark { client, clock_end: history.clock_end, runs: history.runs.len() });
        }
        if history.runs.last().is_none_or(|run| run.element != element) {
            history.runs.push(Run { start: history.clock_end, element });
        }
        history.clock_end = clock_end;
    }
}

fn element(content: Content, depth: u8) -> Element {
    let kind = match content {
        Content::Gc | Content::Skip | Content::Deleted => Kind::Gone,
        Content::Leaf | Content::Json => Kind::Leaf,
        Content::Type => Kind::Type,
        Content::Hook => Kind::Hook,
        Content::Document => Kind::Document,
    };
    Element { kind, depth }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: usize = 64;

    fn id(client: u64, clock: u32) -> Id {
        Id { client, clock }
    }

    fn one(clock: u32, length: u32, place: Place, content: Content) -> Struct {
        Struct { clock, length, at: 0, content_at: 0, end: 0, place, content }
    }

    fn admit(known: &mut Known, client: u64, new: Struct) -> Result<Admission, Malformed> {
        known.admit(client, &new, LEVELS)
    }

    #[test]
    fn a_struct_waits_for_everything_it_refers_to() {
        let mut known = Known::default();
        let beside = one(0, 3, Place::Beside(Some(id(1, 4)), Some(id(2, 0))), Content::Leaf);
        assert_eq!(admit(&mut known, 3, beside), Ok(Admission::Missing(id(1, 4))));
        let root = |length| one(0, length, Place::Root, Content::Leaf);
        assert_eq!(admit(&mut known, 1, root(5)), Ok(Admission::Admitted));
        assert_eq!(admit(&mut known, 3, beside), Ok(Admission::Missing(id(2, 0))));
        assert_eq!(admit(&mut known, 2, root(1)), Ok(Admission::Admitted));
        assert_eq!(admit(&mut known, 3, beside), Ok(Admission::Admitted));
        assert_eq!(admit(&mut known, 3, beside), Ok(Admission::Known));
        assert_eq!(known.clock(3), 3);
        let later = one(7, 1, Place::Root, Content::Leaf);
        assert_eq!(admit(&mut known, 3, later), Ok(Admission::Missing(id(3, 6))));
    }

    #[test]
    fn only_what_may_have_been_a_shared_type_is_a_parent() {
        let mut known = Known::default();
        let contents =
            [Content::Leaf, Content::Document, Content::Type, Content::Hook, Content::Deleted, Content::Gc];
        for (clock, content) in (0..).zip(contents) {
            assert_eq!(admit(&mut known, 1, one(clock, 1, Place::Root, content)), Ok(Admission::Admitted));
        }
        let inside =
            |known: &mut Known, clock| admit(known, 2, one(0, 1, Place::Inside(id(1, clock)), Content::Leaf));
        for clock in 0..2 {
            assert_eq!(inside(&mut known, clock), Err(Malformed::Reference));
        }
        for clock in 2..6 {
            known.keep();
            assert_eq!(inside(&mut known, clock), Ok(Admission::Admitted));
            known.undo();
        }
    }

    #[test]
    fn shared_types_nest_64_levels_and_no_further() {
        let mut known = Known::default();
        admit(&mut known, 1, one(0, 1, Place::Root, Content::Type)).unwrap();
        for clock in 1..64 {
            let nested = one(clock, 1, Place::Inside(id(1, clock - 1)), Content::Type);
            assert_eq!(admit(&mut known, 1, nested), Ok(Admission::Admitted), "{clock}");
        }
        let nested = one(64, 1, Place::Inside(id(1, 63)), Content::Type);
        assert_eq!(admit(&mut known, 1, nested), Err(Malformed::TooDeep));
        let text = one(64, 1, Place::Inside(id(1, 63)), Content::Leaf);
        assert_eq!(admit(&mut known, 1, text), Ok(Admission::Admitted));
        let beside = one(65, 1, Place::Beside(Some(id(1, 64)), None), Content::Type);
        assert_eq!(admit(&mut known, 1, beside), Err(Malformed::TooDeep));
    }

    #[test]
    fn undoing_leaves_no_trace() {
        let mut known = Known::default();
        admit(&mut known, 1, one(0, 2, Place::Root, Content::Leaf)).unwrap();
        known.keep();
        admit(&mut known, 1, one(2, 1, Place::Root, Content::Type)).unwrap();
        admit(&mut known, 2, one(0, 9, Place::Root, Content::Leaf)).unwrap();
        admit(&mut known, 1, one(3, 1, Place::Root, Content::Leaf)).unwrap();
        known.undo();
        assert_eq!(known.clocks().collect::<Vec<_>>(), [(1, 2)]);
        assert_eq!(known.kind(id(1, 2)), None);
        admit(&mut known, 1, one(2, 1, Place::Root, Content::Leaf)).unwrap();
        assert_eq!(known.kind(id(1, 2)), Some(Kind::Leaf));
    }
}
