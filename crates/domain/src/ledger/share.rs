use crate::ids::NodeId;
use std::collections::BTreeMap;

/// What one node accounts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Share {
    /// Open WebSockets of the app on that node.
    pub connections: u64,
    /// Documents of the app that the node holds.
    pub documents: u64,
    /// Raised at every write of this share, so that no two of its values are ever equal and a copy of an old
    /// write that arrives late can't take effect.
    pub sequence: u64,
    /// The node was reaped. A sealed share counts nothing and is never written again, so that a write of the
    /// dead node that is still under way finds no value it could replace.
    pub sealed: bool,
}

/// An app's counts over all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Open WebSockets.
    pub connections: u64,
    /// Active documents.
    pub documents: u64,
}

/// An app's whole record: the totals, and who accounts for what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerRecord {
    /// The counts, always the sums over `shares`.
    pub totals: Totals,
    /// Each node's share.
    pub shares: BTreeMap<NodeId, Share>,
}

impl LedgerRecord {
    /// Whether the totals are the sums over the shares.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let connections: u64 = self.shares.values().map(|s| s.connections).sum();
        let documents: u64 = self.shares.values().map(|s| s.documents).sum();
        self.totals == Totals { connections, documents }
    }
}

/// The largest totals *before* a write at which it may still take effect. `None` where nothing grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// Bound on the connections before the write.
    pub connections: Option<u64>,
    /// Bound on the documents before the write.
    pub documents: Option<u64>,
}

/// One compare-and-set: replace `old` by `new`, where the totals allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareWrite {
    /// Whose share.
    pub node: NodeId,
    /// The share as the writer knows it; `None` where it was never written.
    pub old: Option<Share>,
    /// What it is to be.
    pub new: Share,
    /// At what totals.
    pub bounds: Bounds,
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It took effect; the totals after it.
    Written(Totals),
    /// It did not; the totals and the share as they stand.
    Refused {
        /// The app's totals.
        totals: Totals,
        /// The writer's share as stored.
        share: Option<Share>,
    },
}

impl LedgerRecord {
    /// Does what a store does with a write: the whole of it, or nothing. The one place where the rule is
    /// written down as code; a store that has conditions of its own says the same in its own words.
    pub fn apply(&mut self, write: &ShareWrite) -> WriteOutcome {
        let stored = self.shares.get(&write.node).copied();
        let fits = write.bounds.connections.is_none_or(|most| self.totals.connections <= most)
            && write.bounds.documents.is_none_or(|most| self.totals.documents <= most);
        if stored != write.old || !fits {
            return WriteOutcome::Refused { totals: self.totals, share: stored };
        }
        let before = stored.unwrap_or_default();
        self.totals.connections = self.totals.connections - before.connections + write.new.connections;
        self.totals.documents = self.totals.documents - before.documents + write.new.documents;
        self.shares.insert(write.node.clone(), write.new);
        WriteOutcome::Written(self.totals)
    }
}
