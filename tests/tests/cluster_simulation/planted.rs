//! Bugs that the stores can be given, to see that the simulation finds them.

use domain::ids::{DocumentKey, Generation};
use domain::ports::{Owner, Pin, PinOutcome, Pins, Unavailable};
use std::collections::BTreeMap;
use std::sync::Mutex;
use stores::memory::MemoryPins;

/// The bug of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// Where a reaper seals a share, it is deleted.
    Deleting,
    /// A life that is dead may hold a key: the node's record is not looked at after the key is written.
    Unchecked,
    /// A node is declared dead whatever its beat.
    Unconditional,
    /// Whoever takes a document over gets the generation of its former owner.
    SameGeneration,
    /// A reaper finds nothing of what the dead node held.
    Forgetful,
}

impl Planted {
    pub(crate) fn pins(self) -> Box<dyn Pins> {
        match self {
            Self::SameGeneration => Box::new(SamePins::default()),
            _ => Box::new(MemoryPins::new(Generation(1))),
        }
    }
}

#[derive(Default)]
struct SamePins(Mutex<BTreeMap<DocumentKey, (Generation, Option<Pin>)>>);

impl SamePins {
    fn change(&self, document: &DocumentKey, owner: &Owner, dead: Option<&Pin>) -> PinOutcome {
        let mut pins = self.0.lock().expect("nobody panics with it");
        let (newest, stands) = pins.entry(document.clone()).or_insert((Generation(0), None));
        match stands {
            Some(pin) if pin.owner.node == owner.node => PinOutcome::Pinned(pin.clone()),
            Some(pin) if Some(&*pin) == dead => {
                pin.owner = owner.clone();
                PinOutcome::Pinned(pin.clone())
            }
            Some(pin) => PinOutcome::HeldBy(pin.clone()),
            None => {
                newest.0 += 1;
                PinOutcome::Pinned(stands.insert(Pin { owner: owner.clone(), generation: *newest }).clone())
            }
        }
    }
}

#[async_trait::async_trait]
impl Pins for SamePins {
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        let pins = self.0.lock().expect("nobody panics with it");
        Ok(pins.get(document).and_then(|(_, pin)| pin.clone()))
    }

    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable> {
        Ok(self.change(document, owner, None))
    }

    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable> {
        Ok(self.change(document, owner, Some(dead)))
    }

    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable> {
        let mut pins = self.0.lock().expect("nobody panics with it");
        if let Some((_, stands)) = pins.get_mut(document) {
            stands.take_if(|pin| pin == held);
        }
        Ok(())
    }
}
