use domain::ids::{NodeId, Region};
use domain::ports::{NodeRecord, NodeState};
use std::collections::HashMap;

/// A life of a node in its region.
pub(super) type NodeKey = (Region, NodeId);

/// Since when a node is thought to be dead: who is suspected for longer is reaped sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Suspicion {
    /// It was declared dead, or has not beaten since an earlier run.
    Earlier,
    /// Nothing is known of it yet.
    ThisRun,
}

/// Nodes that may be dead, while a run watches them.
#[derive(Default)]
pub(super) struct Suspects(HashMap<NodeKey, (u64, Suspicion)>);

impl Suspects {
    /// Suspects a node, at the beat at which it stands.
    pub(super) fn add(&mut self, record: &NodeRecord, suspicion: Suspicion) {
        self.0.insert(key(record), (record.beat, suspicion));
    }

    /// Suspects those alone who have been for longer than this run.
    pub(super) fn keep_earlier(&mut self) {
        self.0.retain(|_, (_, suspicion)| *suspicion == Suspicion::Earlier);
    }

    /// Takes a look at all nodes into account, and returns those who are still suspected: who has beaten, or was reaped
    /// by somebody else, is no longer.
    pub(super) fn seen(&mut self, nodes: Vec<NodeRecord>) -> Vec<NodeRecord> {
        let before = std::mem::take(&mut self.0);
        let mut suspected = Vec::new();
        for record in nodes {
            let Some((beat, suspicion)) = before.get(&key(&record)).copied() else { continue };
            let is_still = match record.state {
                NodeState::Up | NodeState::Draining => record.beat == beat,
                NodeState::Fenced => true,
                NodeState::Reaped => false,
            };
            if is_still {
                self.0.insert(key(&record), (beat, suspicion));
                suspected.push(record);
            }
        }
        suspected
    }

    /// Since when this node is suspected.
    pub(super) fn suspicion(&self, record: &NodeRecord) -> Suspicion {
        self.0.get(&key(record)).map_or(Suspicion::ThisRun, |(_, suspicion)| *suspicion)
    }

    pub(super) fn remove(&mut self, record: &NodeRecord) {
        self.0.remove(&key(record));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn key(record: &NodeRecord) -> NodeKey {
    (record.region.clone(), record.node.clone())
}
