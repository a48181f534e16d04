use domain::ids::{NodeId, Region};
use domain::ports::{Beat, Cluster, HeldKey, NodeRecord, NodeState, Sighting, Unavailable};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes and what they hold, in memory.
#[derive(Debug, Default)]
pub struct MemoryCluster {
    nodes: Mutex<BTreeMap<(Region, NodeId), Known>>,
    held: Mutex<BTreeMap<NodeId, BTreeSet<HeldKey>>>,
}

/// A node's record, and whether its beat was sighted since it last moved.
#[derive(Debug)]
struct Known {
    record: NodeRecord,
    sighted: bool,
}

impl Known {
    fn new(record: &NodeRecord) -> Self {
        Self { record: record.clone(), sighted: false }
    }
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
        if nodes.get(&key).is_some_and(is_dead) {
            return Ok(Beat::Fenced);
        }
        nodes.insert(key, Known::new(record));
        Ok(Beat::Alive)
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        let mut nodes = self.nodes.lock();
        match nodes.get_mut(&(record.region.clone(), record.node.clone())) {
            Some(stored) if !is_dead(stored) => {
                *stored = Known::new(record);
                Ok(Beat::Alive)
            }
            _ => Ok(Beat::Fenced),
        }
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        let regions: BTreeSet<Region> = self.nodes.lock().keys().map(|(region, _)| region.clone()).collect();
        Ok(regions.into_iter().collect())
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        let nodes = self.nodes.lock();
        let records = nodes.values().map(|known| &known.record);
        Ok(records.filter(|record| record.region == *region).cloned().collect())
    }

    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable> {
        let mut nodes = self.nodes.lock();
        match nodes.get_mut(&(region.clone(), node.clone())) {
            Some(known) if known.record.beat == beat && !is_dead(known) => {
                let before = std::mem::replace(&mut known.sighted, true);
                Ok(if before { Sighting::Again } else { Sighting::First })
            }
            _ => Ok(Sighting::Moved),
        }
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        let mut nodes = self.nodes.lock();
        let Some(known) = nodes.get_mut(&(region.clone(), node.clone())) else { return Ok(false) };
        if known.record.beat == beat && !is_dead(known) {
            known.record.state = NodeState::Fenced;
        }
        Ok(is_dead(known))
    }

    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        if let Some(known) = self.nodes.lock().get_mut(&(region.clone(), node.clone()))
            && known.record.state == NodeState::Fenced
        {
            known.record.state = NodeState::Reaped;
        }
        Ok(())
    }

    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable> {
        let nodes = self.nodes.lock();
        if nodes.get(&(region.clone(), node.clone())).is_none_or(is_dead) {
            return Ok(Beat::Fenced);
        }
        self.held.lock().entry(node.clone()).or_default().insert(key.clone());
        Ok(Beat::Alive)
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

fn is_dead(known: &Known) -> bool {
    known.record.state.is_dead()
}
