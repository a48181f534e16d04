use super::waiting::{Room, Waits};
use crate::update::{self, Digest, Facts, Feed, Known, Replica, Schedule, StateVector};
use crate::{Caps, Malformed, OpsBudget, Poisoned, Refused, protocol};
use bytes::Bytes;

/// Stored updates that are applied in one transaction when a document is opened: what a transaction costs
/// regardless of its size is then shared, and its own lists stay short.
const OPENED_AT_ONCE: usize = 1024;

/// A document's content: what it has, and yrs's replica of it.
#[derive(Debug)]
pub(super) struct Content {
    known: Known,
    replica: Replica,
    /// Whether there is anything that yrs was given in other words.
    has_stand_ins: bool,
    encoded: Encoded,
    is_poisoned: bool,
    facts: Facts,
}

/// Messages that are the same for everybody until the next change.
#[derive(Debug, Default)]
struct Encoded {
    /// Step 2 for whoever has nothing.
    everything: Option<Bytes>,
    /// Step 2 for whoever has every struct: what is deleted.
    deletions: Option<Bytes>,
    step_1: Option<Bytes>,
}

/// What came of an update.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The update that changed the document; the one that came, or a part of it.
    pub(super) applied: Option<Bytes>,
    /// The part that refers to what is missing.
    pub(super) waiting: Option<Waits>,
}

impl Content {
    /// Loads stored updates.
    pub(super) fn open(updates: &[Bytes], caps: &Caps) -> Result<Self, Poisoned> {
        let mut content = Self {
            known: Known::default(),
            replica: Replica::new(),
            has_stand_ins: false,
            encoded: Encoded::default(),
            is_poisoned: false,
            facts: Facts::default(),
        };
        // What was stored may have been compacted into more than a message holds.
        let caps = Caps { message_bytes_max: usize::MAX, decoded_bytes_max: usize::MAX, ..caps.clone() };
        for updates in updates.chunks(OPENED_AT_ONCE) {
            let mut digests = Vec::with_capacity(updates.len());
            for update in updates {
                content.load(update, &caps, &mut digests).map_err(|_| Poisoned)?;
            }
            content.replica.apply(digests)?;
        }
        Ok(content)
    }

    fn load(&mut self, update: &[u8], caps: &Caps, digests: &mut Vec<Digest>) -> Result<(), Malformed> {
        self.facts.read(update, caps)?;
        let schedule = update::schedule(&self.facts, &mut self.known, caps.nesting_max)?;
        if schedule.missing.is_some() {
            return Err(Malformed::MissingDependencies);
        }
        self.known.keep();
        self.has_stand_ins |= self.facts.has_stand_ins();
        digests.append(&mut self.digest(update, &schedule)?);
        Ok(())
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.is_poisoned
    }

    /// Applies an update as far as nothing is missing.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was changed. What waits must fit into `room`.
    pub(super) fn settle(
        &mut self,
        update: &Bytes,
        room: Room,
        ops: &mut OpsBudget,
        caps: &Caps,
    ) -> Result<Settled, Refused> {
        self.facts.read(update, caps)?;
        let is_news = self.facts.exceeds(&self.known);
        if !is_news && self.facts.deletes.is_empty() {
            return Ok(Settled::default());
        }
        if ops.is_spent() {
            return self.refuse_op(is_news);
        }
        let planned = self.plan(update, room, caps);
        let Plan { digests, settled } = planned.inspect_err(|_| self.known.undo())?;
        let is_changed = self.apply(digests)?;
        self.known.keep();
        if is_changed || settled.waiting.is_some() {
            ops.spend();
        }
        let applied = settled.applied.filter(|_| is_changed);
        Ok(Settled { applied, ..settled })
    }

    /// With no ops left, an update that changes anything is refused, and any other is nothing.
    fn refuse_op(&mut self, is_news: bool) -> Result<Settled, Refused> {
        if is_news || self.replica.would_delete(&self.facts.deletes).map_err(|p| self.poison(p))? {
            Err(Refused::OpsExceeded)
        } else {
            Ok(Settled::default())
        }
    }

    /// Works out what becomes of the update that `facts` tells of. Only `known` changes, and can be undone.
    fn plan(&mut self, update: &Bytes, room: Room, caps: &Caps) -> Result<Plan, Malformed> {
        let schedule = update::schedule(&self.facts, &mut self.known, caps.nesting_max)?;
        let Some(missing) = schedule.missing else {
            let digests = self.digest(update, &schedule)?;
            return Ok(Plan { digests, settled: Settled { applied: Some(update.clone()), waiting: None } });
        };
        let parts = update::parts(update, &self.facts, &schedule, &self.known);
        if parts.waiting.len() > room.bytes || room.updates == 0 {
            return Err(Malformed::MissingDependencies);
        }
        let digests = self.digest(update, &schedule)?;
        let waiting = Some(Waits { update: parts.waiting.into(), missing });
        Ok(Plan { digests, settled: Settled { applied: parts.applied.map(Bytes::from), waiting } })
    }

    fn digest(&self, update: &[u8], schedule: &Schedule) -> Result<Vec<Digest>, Malformed> {
        match Feed::new(update, &self.facts, schedule, &self.known)? {
            Feed::AsIs => Ok(vec![Digest::read(update)?]),
            Feed::Pieces(pieces) => pieces.iter().map(|piece| Digest::read(piece)).collect(),
        }
    }

    fn apply(&mut self, digests: Vec<Digest>) -> Result<bool, Poisoned> {
        let is_changed = self.replica.apply(digests).map_err(|poisoned| self.poison(poisoned))?;
        if is_changed {
            self.has_stand_ins |= self.facts.has_stand_ins();
            self.encoded = Encoded::default();
        }
        Ok(is_changed)
    }

    fn poison(&mut self, poisoned: Poisoned) -> Poisoned {
        self.is_poisoned = true;
        poisoned
    }
}

/// What becomes of an update if it is taken.
struct Plan {
    digests: Vec<Digest>,
    settled: Settled,
}

impl Content {
    /// The whole document as one update.
    pub(super) fn encoded_state(&mut self) -> Result<Bytes, Poisoned> {
        let message = self.step_2(&StateVector::default())?;
        match protocol::Message::read(&message) {
            Ok(protocol::Message::Update { update, .. }) => Ok(update),
            _ => Err(self.poison(Poisoned)),
        }
    }

    /// Step 2 for whoever has `theirs`.
    pub(super) fn step_2(&mut self, theirs: &StateVector) -> Result<Bytes, Poisoned> {
        let is_empty = theirs.is_empty();
        let is_all = !is_empty && theirs.is_all_of(&self.known);
        let kept = match (is_empty, is_all) {
            (true, _) => &self.encoded.everything,
            (_, true) => &self.encoded.deletions,
            _ => &None,
        };
        if let Some(message) = kept {
            return Ok(message.clone());
        }
        let message = protocol::step_2(&self.difference(theirs)?);
        if is_empty {
            self.encoded.everything = Some(message.clone());
        } else if is_all {
            self.encoded.deletions = Some(message.clone());
        }
        Ok(message)
    }

    /// The document's own step 1.
    pub(super) fn step_1(&mut self) -> Bytes {
        let known = &self.known;
        self.encoded.step_1.get_or_insert_with(|| protocol::step_1(&StateVector::encode(known))).clone()
    }

    fn difference(&mut self, theirs: &StateVector) -> Result<Vec<u8>, Poisoned> {
        if self.is_poisoned {
            return Err(Poisoned);
        }
        let written = self.replica.difference(theirs).map_err(|poisoned| self.poison(poisoned))?;
        if !self.has_stand_ins {
            return Ok(written);
        }
        update::restore(&written, &self.known).map_err(|_| self.poison(Poisoned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, SessionId, Turn};
    use std::time::Duration;

    /// "x" of client 7 in the root "t", and "y" after it.
    const X: &[u8] = &[1, 1, 7, 0, 4, 1, 1, b't', 1, b'x', 0];
    const Y: &[u8] = &[1, 1, 7, 1, 0x84, 7, 0, 1, b'y', 0];

    /// A document that takes "x" for known although yrs does not have it.
    fn deceived() -> Content {
        let mut content = Content::open(&[], &Caps::default()).unwrap();
        content.facts.read(X, &Caps::default()).unwrap();
        update::schedule(&content.facts, &mut content.known, 64).unwrap();
        content.known.keep();
        content
    }

    #[test]
    fn a_document_that_disagrees_with_yrs_is_poisoned_and_stays_so() {
        let mut content = deceived();
        let room = Room { bytes: 1000, updates: 1 };
        let refused =
            content.settle(&Bytes::from_static(Y), room, &mut OpsBudget::unlimited(), &Caps::default());
        assert_eq!(refused.err(), Some(Refused::Poisoned(Poisoned)));
        assert!(content.is_poisoned());
        assert_eq!(content.encoded_state(), Err(Poisoned));
    }

    #[test]
    fn a_poisoned_document_refuses_every_message() {
        let mut document = Document::open(&[], Caps::default()).unwrap();
        document.join(SessionId(1), Duration::ZERO);
        document.content = deceived();
        let mut receive = |message: &'static [u8]| {
            let message = Bytes::from_static(message);
            let mut ops = OpsBudget::unlimited();
            document.receive(SessionId(1), &message, Duration::ZERO, &mut ops, &mut Turn::default())
        };
        assert_eq!(
            receive(&[0, 2, 10, 1, 1, 7, 1, 0x84, 7, 0, 1, b'y', 0]),
            Err(Refused::Poisoned(Poisoned))
        );
        assert_eq!(receive(crate::SILENCE_FRAME), Err(Refused::Poisoned(Poisoned)));
        assert!(document.is_poisoned());
        assert_eq!(document.encoded_state(), Err(Poisoned));
    }
}
