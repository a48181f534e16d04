//! The one door to yrs.
//!
//! yrs is given only updates that were checked and whose references are all known, so it never keeps an update of
//! its own for later, nor a gap. Every call catches panics. A panic while a change is made leaves the document
//! in an unknown state: it is quarantined, and its memory is given up rather than walked once more.

use super::{DeleteRange, StateVector};
use crate::{Malformed, Poisoned};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, Transact, Update};

/// A document as yrs has it.
pub(crate) struct Replica {
    doc: Doc,
}

/// An update that yrs has read.
pub(crate) struct Digest(Update);

impl Digest {
    /// Has yrs read a checked update.
    ///
    /// # Errors
    /// [`Malformed::Json`]: of what was checked, yrs refuses only JSON that it can't represent.
    pub(crate) fn read(update: &[u8]) -> Result<Self, Malformed> {
        let read = catch_unwind(|| Update::decode_v1(update));
        read.ok().and_then(Result::ok).map(Self).ok_or(Malformed::Json)
    }
}

impl Replica {
    /// An empty document. It never writes, so its client id only has to be the same everywhere. Formatting is not
    /// cleaned up: each writer does that, and here it would walk a whole text for each change of it.
    pub(crate) fn new() -> Self {
        let mut options = Options::with_guid_and_client_id("".into(), ClientID::new(0));
        options.offset_kind = OffsetKind::Utf16;
        options.cleanup_formatting = false;
        Self { doc: Doc::with_options(options) }
    }

    /// Applies updates, in order. Returns whether they changed the document.
    ///
    /// # Errors
    /// [`Poisoned`]; the replica must not be used again.
    pub(crate) fn apply(&mut self, updates: Vec<Digest>) -> Result<bool, Poisoned> {
        // Dropping a transaction commits it, and a second panic within that would end the process.
        let mut txn = ManuallyDrop::new(self.doc.transact_mut());
        let applied = catch_unwind(AssertUnwindSafe(|| {
            for Digest(update) in updates {
                txn.apply_update(update).map_err(|_| Poisoned)?;
            }
            let is_changed = txn.has_changes();
            txn.commit();
            if txn.has_missing_updates() { Err(Poisoned) } else { Ok(is_changed) }
        }));
        let is_changed = applied.unwrap_or(Err(Poisoned))?;
        drop(ManuallyDrop::into_inner(txn));
        Ok(is_changed)
    }

    /// What the owner of `state_vector` lacks, and everything that is deleted.
    pub(crate) fn difference(&self, state_vector: &StateVector) -> Result<Vec<u8>, Poisoned> {
        let clocks = state_vector.clocks.iter().map(|(client, clock)| (ClientID::new(*client), *clock));
        let theirs: yrs::StateVector = clocks.collect();
        catch_unwind(AssertUnwindSafe(|| self.doc.transact().encode_diff_v1(&theirs))).map_err(|_| Poisoned)
    }

    /// Whether any of these clocks is not yet deleted. Walks the whole document.
    pub(crate) fn would_delete(&self, ranges: &[DeleteRange]) -> Result<bool, Poisoned> {
        let walk = || {
            let deleted = self.doc.transact().snapshot().delete_set;
            ranges.iter().any(|range| {
                let Some(theirs) = deleted.get(&ClientID::new(range.client)) else { return true };
                // Ranges are joined, so one of them covers all, or something is missing.
                !theirs.ranges().any(|r| r.start <= range.start && range.end <= r.end)
            })
        };
        catch_unwind(AssertUnwindSafe(walk)).map_err(|_| Poisoned)
    }
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replica")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_within_a_transaction_is_caught_and_not_repeated_by_its_drop() {
        let mut replica = Replica::new();
        replica.doc.observe_update_v1("panic", |_, _| panic!("as yrs might")).unwrap();
        let x = [1, 1, 7, 0, 4, 1, 1, b't', 1, b'x', 0];
        assert_eq!(replica.apply(vec![Digest::read(&x).unwrap()]), Err(Poisoned));
    }

    #[test]
    fn yrs_refuses_what_it_cannot_represent() {
        // an embedded JSON text (kind 5) in the root "t": a lone surrogate
        let embed = br#""\ud800""#;
        let update = [&[1, 1, 7, 0, 5, 1, 1, b't', embed.len() as u8], &embed[..], &[0]].concat();
        assert_eq!(Digest::read(&update).err(), Some(Malformed::Json));
    }
}
