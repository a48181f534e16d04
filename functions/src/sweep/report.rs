use domain::ids::{HomeRegion, Region};
use domain::lease::Struck;
use domain::ports::{NodeRecord, NodeState, Unavailable};
use std::collections::BTreeMap;

/// What a run found and did in one home region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeReport {
    /// The home region.
    pub home: HomeRegion,
    /// The nodes after the run, by region. `None` where they could not be listed.
    pub counts: Option<BTreeMap<Region, RegionCounts>>,
    /// How many nodes the run took off the books, by region.
    pub reaped: BTreeMap<Region, u64>,
    /// What came off the books with them.
    pub struck: Struck,
    /// The last failure of its stores that kept something from being done; that is left to the next run.
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
}

impl HomeReport {
    pub(super) fn new(home: &HomeRegion) -> Self {
        Self {
            home: home.clone(),
            counts: None,
            reaped: BTreeMap::new(),
            struck: Struck::default(),
            failure: None,
        }
    }

    /// The nodes of all regions. `None` where they could not be listed.
    #[must_use]
    pub fn totals(&self) -> Option<RegionCounts> {
        let regions = self.counts.as_ref()?.values();
        Some(regions.fold(RegionCounts::default(), |sum, region| RegionCounts {
            up: sum.up + region.up,
            draining: sum.draining + region.draining,
            fenced: sum.fenced + region.fenced,
            connections: sum.connections.saturating_add(region.connections),
        }))
    }

    /// How many nodes the run took off the books in all regions.
    #[must_use]
    pub fn reaped_in_all(&self) -> u64 {
        self.reaped.values().sum()
    }

    pub(super) fn reaped(&mut self, node: &NodeRecord, struck: Struck) {
        tracing::info!(home = %self.home, region = %node.region, node = %node.node, "a dead node was reaped");
        *self.reaped.entry(node.region.clone()).or_default() += 1;
        self.struck.connections += struck.connections;
        self.struck.documents += struck.documents;
        self.struck.pins += struck.pins;
    }

    /// Counts the nodes as a look at the end of the run shows them.
    pub(super) fn count(&mut self, regions: Vec<Region>, nodes: &[NodeRecord]) {
        let mut counts: BTreeMap<_, RegionCounts> =
            regions.into_iter().map(|region| (region, RegionCounts::default())).collect();
        for node in nodes {
            let region = counts.entry(node.region.clone()).or_default();
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
        self.counts = Some(counts);
    }

    /// What could not be counted is left out of the line.
    pub(super) fn log(&self) {
        let home = &self.home;
        if let Some(Unavailable { store, cause }) = &self.failure {
            tracing::error!(%home, store, cause, "a home was not swept to its end");
        }
        let (totals, struck) = (self.totals(), self.struck);
        tracing::info!(
            %home,
            up = totals.map(|totals| totals.up),
            draining = totals.map(|totals| totals.draining),
            fenced = totals.map(|totals| totals.fenced),
            connections = totals.map(|totals| totals.connections),
            reaped = self.reaped_in_all(),
            struck_connections = struck.connections,
            struck_documents = struck.documents,
            struck_pins = struck.pins,
            "swept"
        );
    }
}
