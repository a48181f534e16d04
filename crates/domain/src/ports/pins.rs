use super::Unavailable;
use crate::ids::{DocumentKey, Generation, NodeId, Region};

/// Who holds a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The node's region.
    pub region: Region,
    /// The node, in one of its lives.
    pub node: NodeId,
    /// `host:port` at which other nodes of the region reach it; empty where there is no relay.
    pub relay: String,
}

/// The record that a document is active on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The node that holds the document.
    pub owner: Owner,
    /// How many owners the document has had; fences the document store.
    pub generation: Generation,
}

/// What came of asking for a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinOutcome {
    /// The asker holds the document now, or already did (the same pin is returned).
    Pinned(Pin),
    /// Another node holds it; nothing was changed.
    HeldBy(Pin),
}

/// Which node holds which active document.
///
/// # Contract
/// - [`Pins::pin`] is atomic: of any number of askers exactly one is given the pin. A repeat by the same owner
///   returns the same pin with the same generation, so a lost answer costs nothing.
/// - Each new pin of a document has a generation above all its earlier ones, whatever was unpinned between.
/// - [`Pins::take_over`] replaces exactly the pin that it names (owner and generation), with
///   generation + 1. A repeat by the same new owner returns the pin it already made. Where no pin stands any
///   more it does as [`Pins::pin`]; where another does, nothing is changed.
/// - [`Pins::unpin`] removes exactly the pin that it names; where another stands, or none, it changes nothing.
/// - [`Pins::read`] is strongly consistent.
/// - After [`Unavailable`] a change may or may not have happened; every call may be repeated.
#[async_trait::async_trait]
pub trait Pins: Send + Sync + 'static {
    /// The document's pin, if it is active.
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable>;

    /// Pins the document to `owner` unless it is pinned.
    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable>;

    /// Replaces the pin `dead` by one of `owner`.
    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable>;

    /// Removes the pin `held`.
    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable>;
}
