//! Pins of documents under this node's lease.

use super::Home;
use super::desk::in_time;
use domain::ids::{DocumentKey, NodeId};
use domain::ports::{Beat, HeldKey, Pin, PinOutcome, Unavailable};

/// What came of asking for a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinning {
    /// This node holds the document.
    Ours(Pin),
    /// Another node does.
    Theirs(Pin),
    /// This life of the node may hold nothing.
    NoLease,
}

impl Home {
    /// The document's pin.
    ///
    /// # Errors
    /// [`Unavailable`] where the pins do not answer in time.
    pub async fn pin_of(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        in_time("pins", self.ports.pins.read(document)).await
    }

    /// Whether the pin is of this node's current life.
    #[must_use]
    pub fn is_ours(&self, pin: &Pin) -> bool {
        pin.owner.node == self.lease.life()
    }

    /// Pins the document to this node, in place of `dead` where that is named: the pin of a life that is over.
    ///
    /// # Errors
    /// [`Unavailable`] where a store does not answer in time. The pin may stand or not; asking again is harmless.
    pub async fn pin(&self, document: &DocumentKey, dead: Option<&Pin>) -> Result<Pinning, Unavailable> {
        let Some(life) = self.lease.holds(self.clock.monotonic()) else { return Ok(Pinning::NoLease) };
        if !self.may_hold(&life, document).await? {
            return Ok(Pinning::NoLease);
        }
        let owner = self.owner(life);
        let outcome = in_time("pins", async {
            match dead {
                Some(dead) => self.ports.pins.take_over(document, dead, &owner).await,
                None => self.ports.pins.pin(document, &owner).await,
            }
        });
        Ok(match outcome.await? {
            PinOutcome::Pinned(pin) => Pinning::Ours(pin),
            PinOutcome::HeldBy(pin) => {
                // What is left over here costs whoever reaps this node a look, and no more.
                let key = HeldKey::Pin(document.clone());
                drop(in_time("cluster", self.ports.cluster.let_go(&owner.node, &key)).await);
                Pinning::Theirs(pin)
            }
        })
    }

    async fn may_hold(&self, life: &NodeId, document: &DocumentKey) -> Result<bool, Unavailable> {
        let key = HeldKey::Pin(document.clone());
        let holding = self.ports.cluster.hold(&self.introduction.region, life, &key);
        match in_time("cluster", holding).await? {
            Beat::Alive => Ok(true),
            Beat::Fenced => {
                self.lease.fenced(life);
                Ok(false)
            }
        }
    }

    /// Removes a pin of this node.
    ///
    /// # Errors
    /// [`Unavailable`] where a store does not answer in time. The pin may still stand then, until this node pins the
    /// document again or is reaped.
    pub async fn unpin(&self, document: &DocumentKey, pin: &Pin) -> Result<(), Unavailable> {
        in_time("pins", self.ports.pins.unpin(document, pin)).await?;
        let key = HeldKey::Pin(document.clone());
        in_time("cluster", self.ports.cluster.let_go(&pin.owner.node, &key)).await
    }
}
