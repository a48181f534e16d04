//! What must never happen.

use domain::ids::{DocumentKey, Generation, NodeId};
use domain::ledger::{LedgerRecord, Share, Totals};
use domain::ports::{HeldKey, NodeRecord, Pin};
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone)]
#[allow(dead_code, reason = "the fields are there to be printed")]
pub(crate) enum Violation {
    /// The totals are not the sums over the shares.
    DoesNotAddUp { record: Box<LedgerRecord> },
    /// The store counts more than the app's plan allows.
    OverLimit { totals: Totals },
    /// A life was declared dead whose beat had moved a moment before, and whose process goes on.
    FencedAlive { life: NodeId, by: String, stood: Duration },
    /// A document got another owner without a higher generation.
    NotHigher { document: DocumentKey, before: (Generation, NodeId), after: (Generation, NodeId) },
    /// The document store would take appends of two nodes.
    TwoOwners { document: DocumentKey, lives: Vec<NodeId> },
    /// A node holds more than its share says, though nobody declared it dead.
    NotCovered { life: NodeId, held: Totals, share: Share },
    /// A life was refused places that only a former life of its own process still counted.
    InItsOwnWay { life: NodeId, of_formers: Totals },
    /// More is held than the plan allows, not counting nodes that were declared dead.
    TooManyHeld { held: Totals },
    /// A session was ended because its place or its document was lost, on a node that nobody ever declared dead.
    EndedWithoutCause { client: u64, node: usize },
    /// The share of a life that has been silent for long still counts, though a node was there to reap it.
    StillCounted { life: NodeId, share: Share, silent: Duration },
    /// With all mended and everything come to rest, a share is not what its node holds.
    NotExact { life: NodeId, held: Totals, share: Share },
    /// The same, and a document that is open has no pin of its node.
    NotPinned { document: DocumentKey, life: NodeId, pin: Option<Box<Pin>> },
    /// The same, and a pin stands that no open document has.
    PinLeft { document: DocumentKey, pin: Box<Pin> },
    /// A life that is over is not reaped to the end.
    NotReaped { record: Box<NodeRecord>, held: Vec<HeldKey> },
    /// A life that was reaped an hour ago is still on record.
    NotBuried { life: NodeId },
    /// With all mended, a client is turned away that should be served.
    NotServed { client: u64, node: usize, document: usize, refusal: String },
    /// Nodes have work left that they do not come to the end of.
    DoesNotSettle { life: NodeId },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
