use domain::ids::{NodeId, Region};
use domain::ports::{Beat, Cluster, HeldKey, NodeRecord, NodeState, Unavailable};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes and what they hold, in memory.
#[derive(Debug, Default)]
pub struct MemoryCluster {
    nodes: Mutex<BTreeMap<(Region, NodeId), NodeRecord>>,
    held: Mutex<BTreeMap<NodeId, BTreeSet<HeldKey>>>,
}

impl MemoryCluster {
    /// A cluster without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl Cluster for MemoryCluster {
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        let mut nodes = self.nodes.lock();
        let key = (record.region.clone(), record.node.clone());
        if nodes.get(&key).is_some_and(is_fenced) {
            return Ok(Beat::Fenced);
        }
        nodes.insert(key, record.clone());
        Ok(Beat::Alive)
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        let mut nodes = self.nodes.lock();
        match nodes.get_mut(&(record.region.clone(), record.node.clone())) {
            Some(stored) if !is_fenced(stored) => {
                *stored = record.clone();
                Ok(Beat::Alive)
            }
            _ => Ok(Beat::Fenced),
        }
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        let nodes = self.nodes.lock();
        Ok(nodes.values().filter(|record| record.region == *region).cloned().collect())
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        let mut nodes = self.nodes.lock();
        let Some(record) = nodes.get_mut(&(region.clone(), node.clone())) else { return Ok(false) };
        if record.beat == beat {
            record.state = NodeState::Fenced;
        }
        Ok(is_fenced(record))
    }

    async fn hold(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        self.held.lock().entry(node.clone()).or_default().insert(key.clone());
        Ok(())
    }

    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        let mut held = self.held.lock();
        let Some(keys) = held.get_mut(node) else { return Ok(()) };
        keys.remove(key);
        if keys.is_empty() {
            held.remove(node);
        }
        Ok(())
    }

    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        Ok(self.held.lock().get(node).into_iter().flatten().cloned().collect())
    }

    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.nodes.lock().remove(&(region.clone(), node.clone()));
        Ok(())
    }
}

fn is_fenced(record: &NodeRecord) -> bool {
    record.state == NodeState::Fenced
}
