//! The other nodes of a home table, as owners of documents.

use super::Home;
use super::desk::in_time;
use domain::ids::NodeId;
use domain::ports::{NodeRecord, NodeState, Owner, Unavailable};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::watch;

/// What is known of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It was alive when it was last seen.
    Alive(NodeRecord),
    /// That life of it is over.
    Dead,
}

impl Home {
    /// How an owner stands. Who is known to be dead stays dead; who was alive at the last look may have died since.
    ///
    /// # Errors
    /// [`Unavailable`] where the cluster does not answer.
    pub async fn standing(&self, owner: &Owner) -> Result<Standing, Unavailable> {
        let seen = Arc::clone(&self.nodes.borrow());
        if let Some(record) = seen.iter().find(|record| record.node == owner.node) {
            return Ok(standing(record));
        }
        let nodes = in_time("cluster", self.ports.cluster.nodes(&owner.region)).await?;
        let record = nodes.iter().find(|record| record.node == owner.node);
        // Nobody pins before it is announced: who is not known was forgotten.
        Ok(record.map_or(Standing::Dead, standing))
    }

    /// The other living nodes of this region that have a relay.
    ///
    /// # Errors
    /// [`Unavailable`] where the cluster does not answer.
    pub async fn neighbours(&self) -> Result<Vec<NodeRecord>, Unavailable> {
        let own = self.lease.life();
        let mut nodes = in_time("cluster", self.ports.cluster.nodes(&self.introduction.region)).await?;
        nodes.retain(|node| node.node != own && !node.relay.is_empty() && !node.state.is_dead());
        Ok(nodes)
    }

    /// How many nodes of this region live, this one included, as they were last seen.
    #[must_use]
    pub fn living_nodes(&self) -> u64 {
        let nodes = self.nodes.borrow();
        let here = nodes.iter().filter(|node| node.region == self.introduction.region);
        here.filter(|node| !node.state.is_dead()).count().max(1) as u64
    }

    /// Whether a node's life is known to be over.
    #[must_use]
    pub fn is_dead(&self, node: &NodeId) -> bool {
        self.dead.lock().contains(node)
    }

    /// Notes that a node's life is over, before the next look shows it.
    pub(super) fn has_died(&self, node: &NodeId) {
        self.nodes.send_modify(|nodes| {
            let mut seen = Vec::clone(nodes);
            seen.iter_mut().filter(|n| n.node == *node).for_each(|n| n.state = NodeState::Fenced);
            *nodes = Arc::new(seen);
        });
        self.dead.lock().insert(node.clone());
        self.deaths.send_modify(|deaths| *deaths += 1);
    }

    /// Changes whenever another life is found to be over.
    #[must_use]
    pub fn deaths(&self) -> watch::Receiver<u64> {
        self.deaths.subscribe()
    }

    /// Keeps what a look at the nodes has shown.
    pub(super) fn seen(&self, nodes: Vec<NodeRecord>) {
        let dead: HashSet<NodeId> =
            nodes.iter().filter(|node| node.state.is_dead()).map(|node| node.node.clone()).collect();
        let mut known = self.dead.lock();
        let has_more = !dead.is_subset(&known);
        *known = dead;
        drop(known);
        self.nodes.send_replace(Arc::new(nodes));
        if has_more {
            self.deaths.send_modify(|deaths| *deaths += 1);
        }
    }
}

fn standing(record: &NodeRecord) -> Standing {
    if record.state.is_dead() { Standing::Dead } else { Standing::Alive(record.clone()) }
}
