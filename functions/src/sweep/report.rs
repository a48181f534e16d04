use domain::ids::{HomeRegion, Region};
use domain::lease::Struck;
use domain::ports::{NodeRecord, NodeState, Unavailable};
use std::collections::BTreeMap;

/// What a run found and did in one home region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeReport {
    /// The home region.
    pub home: HomeRegion,
    /// The nodes after the run, by region. Empty where they could not be listed.
    pub regions: BTreeMap<Region, RegionCounts>,
    /// What came off the books with the nodes that were reaped.
    pub struck: Struck,
    /// The last failure of its stores; what it kept from being done is left to the next run.
    pub failure: Option<Unavailable>,
}

/// The nodes of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegionCounts {
    /// Nodes that take connections.
    pub up: u64,
    /// Nodes that close their sessions.
    pub draining: u64,
    /// Nodes that were declared dead, and are still on the books.
    pub fenced: u64,
    /// Open WebSockets of the nodes that are up or draining, at their last beats.
    pub connections: u64,
    /// Nodes that this run took off the books.
    pub reaped: u64,
}

impl HomeReport {
    pub(super) fn new(home: &HomeRegion) -> Self {
        Self { home: home.clone(), regions: BTreeMap::new(), struck: Struck::default(), failure: None }
    }

    /// The sums over all regions.
    #[must_use]
    pub fn totals(&self) -> RegionCounts {
        self.regions.values().fold(RegionCounts::default(), |sum, region| RegionCounts {
            up: sum.up + region.up,
            draining: sum.draining + region.draining,
            fenced: sum.fenced + region.fenced,
            connections: sum.connections + region.connections,
            reaped: sum.reaped + region.reaped,
        })
    }

    pub(super) fn reaped(&mut self, node: &NodeRecord, struck: Struck) {
        self.regions.entry(node.region.clone()).or_default().reaped += 1;
        self.struck.connections += struck.connections;
        self.struck.documents += struck.documents;
        self.struck.pins += struck.pins;
    }

    /// Counts the nodes as a look at the end of the run shows them.
    pub(super) fn count(&mut self, regions: Vec<Region>, nodes: &[NodeRecord]) {
        for region in regions {
            self.regions.entry(region).or_default();
        }
        for node in nodes {
            let region = self.regions.entry(node.region.clone()).or_default();
            match node.state {
                NodeState::Up => region.up += 1,
                NodeState::Draining => region.draining += 1,
                NodeState::Fenced => region.fenced += 1,
                NodeState::Reaped => {}
            }
            if !node.state.is_dead() {
                region.connections = region.connections.saturating_add(node.connections);
            }
        }
    }

    pub(super) fn log(&self) {
        let home = &self.home;
        if let Some(Unavailable { store, cause }) = &self.failure {
            tracing::error!(%home, store, cause, "a home was not swept to its end");
        }
        let RegionCounts { up, draining, fenced, connections, reaped } = self.totals();
        let struck = self.struck;
        tracing::info!(
            %home,
            up,
            draining,
            fenced,
            connections,
            reaped,
            struck_connections = struck.connections,
            struck_documents = struck.documents,
            struck_pins = struck.pins,
            "swept"
        );
    }
}
