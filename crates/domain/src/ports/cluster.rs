use super::Unavailable;
use crate::ids::{AppKey, DocumentKey, NodeId, Region};

/// What a node says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// Takes connections.
    Up,
    /// Closes its sessions in waves and takes none.
    Draining,
    /// Declared dead by a reaper; only a new epoch brings it back.
    Fenced,
    /// Declared dead, and all that it held is off the books. Its sealed shares are forgotten later.
    Reaped,
}

impl NodeState {
    /// Whether this life of the node is over.
    #[must_use]
    pub fn is_dead(self) -> bool {
        matches!(self, Self::Fenced | Self::Reaped)
    }
}

/// A node as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    /// The node, in one of its lives.
    pub node: NodeId,
    /// Its region.
    pub region: Region,
    /// Raised at every heartbeat. Only whether it moves means anything.
    pub beat: u64,
    /// What it does.
    pub state: NodeState,
    /// The public URL of its region: `wss://eu-central-1.example.net`.
    pub url: String,
    /// `host:port` at which other nodes of its region reach it; empty where there is no relay.
    pub relay: String,
    /// Open WebSockets at the last beat.
    pub connections: u64,
    /// Documents that it held at the last beat.
    pub documents: u64,
    /// Open WebSockets that it is built for.
    pub capacity: u64,
    /// Milliseconds since 1970 at which it beat last, on its own clock: a hint for whoever sees its beat for the first time.
    pub beaten_unix_ms: u64,
}

/// What came of a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// The record was replaced.
    Alive,
    /// The node was fenced, or is not known: it must come back with a new epoch.
    Fenced,
}

/// What is known of a beat to somebody who has no memory of his own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// Nobody had noted it: it is noted now.
    First,
    /// It was noted before, and the node has not beaten since.
    Again,
    /// The node has beaten meanwhile, is dead, or is not known: nothing was noted.
    Moved,
}

/// Something that a node may hold, which whoever reaps the node must visit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeldKey {
    /// A share of this app's ledger.
    Share(AppKey),
    /// The pin of this document.
    Pin(DocumentKey),
}

/// The nodes, their heartbeats, and what a reaper must visit.
///
/// # Contract
/// - [`Cluster::beat`] replaces the record of a node that is known and not dead; it never brings a dead or
///   forgotten node back. A repeat is harmless.
/// - [`Cluster::announce`] makes the record of a life that was never announced. Repeated, it replaces the
///   record, unless that life is dead: then it changes nothing and says so.
/// - [`Cluster::fence`] is atomic: it marks the node fenced only where its beat is still `beat`, and says
///   whether the node is fenced afterwards. A repeat finds it fenced and says yes.
/// - [`Cluster::sight`] notes a beat on the node's record, where it still stands and the node is not dead, and says
///   whether it had been noted before. A beat or an announcement strikes the note. A repeat of a call finds its own note.
/// - [`Cluster::hold`] is written before the first share or pin of that key. [`Beat::Alive`] means: whoever
///   fences the node from here on finds the key among what it held. A life that is dead or not known is told
///   [`Beat::Fenced`], and must write neither share nor pin. Holding twice is holding once.
/// - [`Cluster::reaped`] marks a fenced node as reaped; any other state stays. A repeat is harmless.
/// - [`Cluster::regions`] lists every region that a node was ever announced in.
/// - [`Cluster::nodes`] lists every node of a region, dead ones included; [`Cluster::held`] lists every key.
/// - [`Cluster::forget`] deletes a node's record. Called when nothing of it is held any more.
/// - After [`Unavailable`] a change may or may not have happened; every call may be repeated.
#[async_trait::async_trait]
pub trait Cluster: Send + Sync + 'static {
    /// Makes a new life of a node known.
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable>;

    /// Replaces a living node's record.
    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable>;

    /// Every region with nodes, dead ones included.
    async fn regions(&self) -> Result<Vec<Region>, Unavailable>;

    /// Every node of a region.
    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable>;

    /// Notes that the beat of a living node was seen to stand at `beat`.
    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable>;

    /// Declares a node dead whose beat stands still at `beat`.
    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable>;

    /// Notes that nothing which a fenced node held is on the books any more.
    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable>;

    /// Notes that the node may come to hold `key`.
    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable>;

    /// Strikes `key` from what the node may hold.
    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable>;

    /// Everything that the node may hold.
    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable>;

    /// Deletes a node's record.
    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable>;
}
