use super::shards::Shards;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Owner, Pin, PinOutcome, Pins, Unavailable};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};

/// The pins of active documents, in memory. A document costs nothing once it is unpinned: generations come
/// from one counter for all documents, which only rises.
#[derive(Debug)]
pub struct MemoryPins {
    pins: Shards<HashMap<DocumentKey, Pin>>,
    /// The next new pin's generation; above that of every pin there ever was.
    next: AtomicU64,
}

impl MemoryPins {
    /// Pins whose generations begin at `first`. A process whose document store outlives it begins above all
    /// generations of its predecessors.
    #[must_use]
    pub fn new(first: Generation) -> Self {
        Self { pins: Shards::default(), next: AtomicU64::new(first.0) }
    }

    fn fresh(&self, owner: &Owner) -> Pin {
        Pin { owner: owner.clone(), generation: Generation(self.next.fetch_add(1, Ordering::SeqCst)) }
    }

    fn successor(&self, dead: &Pin, owner: &Owner) -> Pin {
        let generation = dead.generation.0.saturating_add(1);
        self.next.fetch_max(generation.saturating_add(1), Ordering::SeqCst);
        Pin { owner: owner.clone(), generation: Generation(generation) }
    }
}

#[async_trait::async_trait]
impl Pins for MemoryPins {
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        Ok(self.pins.of(document).get(document).cloned())
    }

    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable> {
        let mut pins = self.pins.of(document);
        Ok(match pins.entry(document.clone()) {
            Entry::Occupied(held) => outcome(held.get(), owner),
            Entry::Vacant(free) => PinOutcome::Pinned(free.insert(self.fresh(owner)).clone()),
        })
    }

    /// Where no pin stands any more, pins the document as [`Pins::pin`] does.
    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable> {
        let mut pins = self.pins.of(document);
        Ok(match pins.entry(document.clone()) {
            Entry::Occupied(mut held) if is_same(held.get(), dead) => {
                let pin = self.successor(held.get(), owner);
                held.insert(pin.clone());
                PinOutcome::Pinned(pin)
            }
            Entry::Occupied(held) => outcome(held.get(), owner),
            Entry::Vacant(free) => PinOutcome::Pinned(free.insert(self.fresh(owner)).clone()),
        })
    }

    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable> {
        let mut pins = self.pins.of(document);
        if pins.get(document).is_some_and(|pin| is_same(pin, held)) {
            pins.remove(document);
        }
        Ok(())
    }
}

fn outcome(held: &Pin, asker: &Owner) -> PinOutcome {
    let pin = held.clone();
    if pin.owner.node == asker.node { PinOutcome::Pinned(pin) } else { PinOutcome::HeldBy(pin) }
}

fn is_same(stored: &Pin, named: &Pin) -> bool {
    stored.owner.node == named.owner.node && stored.generation == named.generation
}
