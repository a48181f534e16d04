//! States that are not in the archive yet: those that are being put, and those whose put failed.

use super::{GIVEN_UP_AFTER, LATE_BYTES_MAX, LATE_DOCUMENTS_MAX, NOTED_FOR, UNARCHIVED_MAX};
use bytes::Bytes;
use domain::bounds::CHECK_EVERY;
use domain::ids::{DocumentKey, Generation};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use tokio::time::Instant;

/// The newest state of each document that is not archived, in bounds.
#[derive(Debug, Default)]
pub(super) struct LateStates {
    documents: HashMap<DocumentKey, Late>,
    /// How many wait, and their bytes.
    waiting: usize,
    waiting_bytes: usize,
    begun: u64,
}

#[derive(Debug)]
struct Late {
    generation: Generation,
    state: Bytes,
    standing: Standing,
    /// Whether the owner has released the document: then the inner store is told when the state is archived.
    released: bool,
    since: Instant,
    /// When the inner store was asked last to keep the document.
    kept_at: Instant,
    tries: u32,
    /// Tells an attempt whether the state is still the one that it began with.
    version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    BeingPut,
    Waits,
    /// There was no room for the state: all that is known is that it was not archived.
    Forgotten,
}

/// A state that is to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) document: DocumentKey,
    pub(super) generation: Generation,
    pub(super) state: Bytes,
    pub(super) released: bool,
    version: u64,
}

/// Why an attempt is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotBegun {
    /// An earlier state of the document is being put; this one follows it.
    Follows,
    /// A later owner's state is on its way.
    Stale(Generation),
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The state is in the archive.
    Archived,
    /// The document has a later owner, who archives it.
    Superseded,
    /// It is not known to be in the archive.
    Failed,
}

/// What is to be done after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// The inner store is told that the document was released.
    TellRelease,
    /// The state waits for its next try.
    TryLater,
    /// There is no room to wait.
    NoRoom,
    /// It has waited for too long, and is dropped.
    GiveUp,
}

/// What the release of a document means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// Its last state is archived, or there is none: the inner store is told.
    Archived,
    /// The inner store is told when the state is archived.
    Later,
    /// The state could not be kept: the inner store is not told, and has the document for as long as it keeps what nobody
    /// looks after.
    Never,
}

impl LateStates {
    /// Begins to put a state, unless an earlier one of the document is being put.
    pub(super) fn begin(
        &mut self,
        document: &DocumentKey,
        generation: Generation,
        state: Bytes,
    ) -> Result<Attempt, NotBegun> {
        let begun = self.documents.get(document).map(|late| (late.generation, late.standing));
        if let Some((stored, _)) = begun.filter(|(stored, _)| *stored > generation) {
            return Err(NotBegun::Stale(stored));
        }
        self.remove(document);
        self.begun += 1;
        let late = Late {
            generation,
            state,
            standing: Standing::BeingPut,
            released: false,
            since: Instant::now(),
            kept_at: Instant::now(),
            tries: 0,
            version: self.begun,
        };
        let attempt = late.attempt(document);
        self.documents.insert(document.clone(), late);
        match begun {
            Some((_, Standing::BeingPut)) => Err(NotBegun::Follows),
            _ => Ok(attempt),
        }
    }

    /// How many states wait for their next try.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The next state to try again: of those that were tried least often the one that came first.
    pub(super) fn begin_again(&mut self) -> Option<Attempt> {
        let waiting = self.documents.iter_mut().filter(|(_, late)| late.standing == Standing::Waits);
        let (document, late) = waiting.min_by_key(|(_, late)| (late.tries, late.version))?;
        late.standing = Standing::BeingPut;
        self.waiting -= 1;
        self.waiting_bytes -= late.state.len();
        Some(late.attempt(document))
    }

    /// Some of the documents that wait and that the inner store was not asked to keep for a while.
    pub(super) fn unkept(&self, most: usize) -> Vec<(DocumentKey, Generation)> {
        let is_due = |late: &Late| late.standing == Standing::Waits && late.kept_at.elapsed() >= CHECK_EVERY;
        let due = self.documents.iter().filter(|(_, late)| is_due(late));
        due.take(most).map(|(document, late)| (document.clone(), late.generation)).collect()
    }

    /// Notes that the inner store was asked to keep the document.
    pub(super) fn kept(&mut self, document: &DocumentKey) {
        if let Some(late) = self.documents.get_mut(document) {
            late.kept_at = Instant::now();
        }
    }

    /// Ends an attempt.
    pub(super) fn end(&mut self, attempt: &Attempt, ended: Ended) -> Then {
        let Entry::Occupied(mut entry) = self.documents.entry(attempt.document.clone()) else {
            return Then::Nothing;
        };
        let late = entry.get_mut();
        if late.version != attempt.version {
            return self.wait(&attempt.document);
        }
        late.tries += 1;
        match ended {
            Ended::Archived | Ended::Superseded => {
                let late = entry.remove();
                let told = late.released && ended == Ended::Archived;
                if told { Then::TellRelease } else { Then::Nothing }
            }
            Ended::Failed if late.since.elapsed() >= GIVEN_UP_AFTER => {
                entry.remove();
                Then::GiveUp
            }
            Ended::Failed => self.wait(&attempt.document),
        }
    }

    fn wait(&mut self, document: &DocumentKey) -> Then {
        let Some(late) = self.documents.get_mut(document) else { return Then::Nothing };
        let bytes = self.waiting_bytes + late.state.len();
        if self.waiting < LATE_DOCUMENTS_MAX && bytes <= LATE_BYTES_MAX {
            late.standing = Standing::Waits;
            self.waiting += 1;
            self.waiting_bytes = bytes;
            return Then::TryLater;
        }
        late.standing = Standing::Forgotten;
        late.state = Bytes::new();
        if late.released || self.documents.len() > UNARCHIVED_MAX {
            self.documents.remove(document);
        }
        Then::NoRoom
    }

    /// Hands what is late of a document over to its later owner, who begins with it. Returns the state.
    pub(super) fn adopt(&mut self, document: &DocumentKey, generation: Generation) -> Option<Bytes> {
        let late = self.documents.get_mut(document).filter(|late| late.generation <= generation)?;
        if late.generation < generation {
            (late.generation, late.released) = (generation, false);
            // What is being put under the earlier generation is put again under this one.
            self.begun += 1;
            late.version = self.begun;
        }
        (late.standing != Standing::Forgotten).then(|| late.state.clone())
    }

    /// Notes that the owner has released the document.
    pub(super) fn release(&mut self, document: &DocumentKey, generation: Generation) -> Release {
        let full = self.documents.len() >= UNARCHIVED_MAX;
        match self.documents.get_mut(document) {
            Some(late) if late.generation == generation && late.standing == Standing::Forgotten => {
                self.documents.remove(document);
                Release::Never
            }
            Some(late) if late.generation == generation => {
                late.released = true;
                Release::Later
            }
            None if full => Release::Never,
            _ => Release::Archived,
        }
    }

    /// Forgets which documents were not archived for want of room, if they were not released at once: their owners, if
    /// they still have any, archive them again before they do. Called when the archive is back and nothing waits.
    pub(super) fn forget_the_forgotten(&mut self) {
        let kept = |late: &Late| late.standing != Standing::Forgotten || late.since.elapsed() < NOTED_FOR;
        self.documents.retain(|_, late| kept(late));
    }

    fn remove(&mut self, document: &DocumentKey) {
        if let Some(late) = self.documents.remove(document)
            && late.standing == Standing::Waits
        {
            self.waiting -= 1;
            self.waiting_bytes -= late.state.len();
        }
    }
}

impl Late {
    fn attempt(&self, document: &DocumentKey) -> Attempt {
        Attempt {
            document: document.clone(),
            generation: self.generation,
            state: self.state.clone(),
            released: self.released,
            version: self.version,
        }
    }
}

#[cfg(test)]
#[path = "late_tests.rs"]
mod tests;
