use crate::redis::Keeps;

/// What a fleet is made of.
#[derive(Debug, Clone)]
pub struct FleetPlan {
    /// Each node's region.
    pub regions: Vec<&'static str>,
    /// Where the documents are that all nodes share.
    pub documents: SharedDocuments,
    /// What the nodes verify tokens by.
    pub verifies: Verifies,
    /// Whether usage is counted over time.
    pub metering: Metering,
    /// Arguments that each node gets besides its own.
    pub arguments: Vec<&'static str>,
    /// Where the proxies' chance comes from.
    pub seed: u64,
}

/// Where the documents are that all nodes share. They outlive any node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedDocuments {
    /// In the test's memory.
    InMemory,
    /// On a Redis, which counts rates too.
    OnRedis(Keeps),
}

/// What a fleet's nodes verify tokens by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verifies {
    /// One key set, whose signer is the fleet's.
    ByKeySet,
    /// The tenants' keys in a registry, which a table beside the home's holds.
    ByRegistry,
}

/// Whether a fleet's nodes count usage over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metering {
    /// They do, in a table beside the home's.
    InTable,
    /// They do not.
    Off,
}

impl FleetPlan {
    /// So many nodes of one region, on documents in memory.
    #[must_use]
    pub fn of(nodes: usize) -> Self {
        Self::in_regions(&vec!["r1"; nodes])
    }

    /// A node in each of these regions, which may repeat, on documents in memory.
    #[must_use]
    pub fn in_regions(regions: &[&'static str]) -> Self {
        let (regions, documents) = (regions.to_vec(), SharedDocuments::InMemory);
        let (verifies, metering) = (Verifies::ByKeySet, Metering::Off);
        Self { regions, documents, verifies, metering, arguments: Vec::new(), seed: 1 }
    }

    /// The same on a Redis of its own.
    #[must_use]
    pub fn on_redis(mut self, keeps: Keeps) -> Self {
        self.documents = SharedDocuments::OnRedis(keeps);
        self
    }

    /// The same with the tenants' keys in a registry.
    #[must_use]
    pub fn by_registry(mut self) -> Self {
        self.verifies = Verifies::ByRegistry;
        self
    }

    /// The same with usage counted over time.
    #[must_use]
    pub fn metered(mut self) -> Self {
        self.metering = Metering::InTable;
        self
    }

    /// The same with these arguments for each node.
    #[must_use]
    pub fn with(mut self, arguments: &[&'static str]) -> Self {
        self.arguments.extend(arguments);
        self
    }
}
