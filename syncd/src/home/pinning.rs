//! Pins of documents under this node's lease.

use super::Home;
use super::desk::in_time;
use domain::ids::{DocumentKey, NodeId};
use domain::ports::{Beat, HeldKey, Pin, PinOutcome, Unavailable};
use futures_util::FutureExt;
use std::sync::Arc;

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
        self.call("pins", self.ports.pins.read(document)).await
    }

    /// The document's pin as it stood a moment ago. Whoever acts on it finds out whether it still stands.
    ///
    /// # Errors
    /// [`Unavailable`] where the pins do not answer in time.
    pub async fn recent_pin_of(self: &Arc<Self>, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        let read = || {
            let (home, document) = (Arc::clone(self), document.clone());
            async move { home.pin_of(&document).await }.boxed()
        };
        self.whereabouts.reading(document, self.clock.monotonic(), read).await
    }

    /// The document has turned out not to be where its pin said.
    pub fn has_moved(&self, document: &DocumentKey) {
        self.whereabouts.forget(document);
    }

    /// A call of the home table, of which there are so many at once.
    async fn call<T>(
        &self,
        store: &'static str,
        call: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        in_time(store, async {
            let _turn = self.pin_calls.acquire().await.map_err(|closed| Unavailable::new(store, closed))?;
            call.await
        })
        .await
    }

    /// Whether the pin is of this node's current life.
    #[must_use]
    pub fn is_ours(&self, pin: &Pin) -> bool {
        pin.owner.node == self.lease.life()
    }

    /// Pins the document to this node, in place of `dead` where that is named: the pin of a life that is over.
    ///
    /// # Errors
    /// [`Unavailable`] where a store does not answer in time. A pin that stands all the same is removed later, unless
    /// the document is pinned again before.
    pub async fn pin(&self, document: &DocumentKey, dead: Option<&Pin>) -> Result<Pinning, Unavailable> {
        let Some(life) = self.lease.holds(self.clock.monotonic()) else { return Ok(Pinning::NoLease) };
        let was_left_over = self.leftovers.take(document);
        let pinning = self.pin_as(life, document, dead, was_left_over).await;
        if pinning.is_err() {
            self.leftovers.add(document);
        }
        pinning
    }

    async fn pin_as(
        &self,
        life: NodeId,
        document: &DocumentKey,
        dead: Option<&Pin>,
        was_left_over: bool,
    ) -> Result<Pinning, Unavailable> {
        if !self.may_hold(&life, document).await? {
            return Ok(Pinning::NoLease);
        }
        self.whereabouts.forget(document);
        // A call that removes a pin of ours may be under way: it must not find the one that is given now.
        let left_over = if was_left_over { self.pin_of(document).await? } else { None };
        let left_over = left_over.filter(|pin| pin.owner.node == life);
        let owner = self.owner(life);
        let outcome = self.call("pins", async {
            match left_over.as_ref().or(dead) {
                Some(dead) => self.ports.pins.take_over(document, dead, &owner).await,
                None => self.ports.pins.pin(document, &owner).await,
            }
        });
        Ok(match outcome.await? {
            PinOutcome::Pinned(pin) => Pinning::Ours(pin),
            PinOutcome::HeldBy(pin) => {
                // What is left over here costs whoever reaps this node a look, and no more.
                let key = HeldKey::Pin(document.clone());
                drop(self.call("cluster", self.ports.cluster.let_go(&owner.node, &key)).await);
                Pinning::Theirs(pin)
            }
        })
    }

    async fn may_hold(&self, life: &NodeId, document: &DocumentKey) -> Result<bool, Unavailable> {
        let key = HeldKey::Pin(document.clone());
        let holding = self.ports.cluster.hold(&self.introduction.region, life, &key);
        match self.call("cluster", holding).await? {
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
    /// [`Unavailable`] where a store does not answer in time. The pin is removed later then, unless this node pins the
    /// document again or is reaped before.
    pub async fn unpin(&self, document: &DocumentKey, pin: &Pin) -> Result<(), Unavailable> {
        let removed = self.remove(document, pin).await;
        if removed.is_err() {
            self.leftovers.add(document);
        }
        removed
    }

    /// Has whatever pin of this life stands for the document removed in the background.
    pub fn leave_pin(&self, document: &DocumentKey) {
        self.leftovers.add(document);
    }

    pub(super) async fn remove(&self, document: &DocumentKey, pin: &Pin) -> Result<(), Unavailable> {
        self.whereabouts.forget(document);
        self.call("pins", self.ports.pins.unpin(document, pin)).await?;
        let key = HeldKey::Pin(document.clone());
        self.call("cluster", self.ports.cluster.let_go(&pin.owner.node, &key)).await
    }
}
