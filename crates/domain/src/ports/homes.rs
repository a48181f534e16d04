use super::{Cluster, Ledger, Pins};
use crate::ids::HomeRegion;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The stores of one home region: they share a table, and a node has one lease for all three.
#[derive(Clone)]
pub struct HomePorts {
    /// The global counts of the apps that are at home there.
    pub ledger: Arc<dyn Ledger>,
    /// The nodes that hold shares and pins there.
    pub cluster: Arc<dyn Cluster>,
    /// Who holds which document of those apps.
    pub pins: Arc<dyn Pins>,
}

/// The home regions of a deployment. One of them is home to the apps whose tokens name none.
///
/// An app has one home: whoever issues its tokens gives all of them the same `dbCode`.
#[derive(Clone)]
pub struct Homes {
    default: HomeRegion,
    homes: BTreeMap<HomeRegion, HomePorts>,
}

impl Homes {
    /// One home region, which is the default.
    #[must_use]
    pub fn new(default: HomeRegion, ports: HomePorts) -> Self {
        Self { homes: BTreeMap::from([(default.clone(), ports)]), default }
    }

    /// One home region more.
    #[must_use]
    pub fn with(mut self, home: HomeRegion, ports: HomePorts) -> Self {
        self.homes.insert(home, ports);
        self
    }

    /// The stores of the home region that a token names, or of the default where it names none. `None` where
    /// the deployment does not have that home region.
    #[must_use]
    pub fn of(&self, named: Option<&HomeRegion>) -> Option<(&HomeRegion, &HomePorts)> {
        self.homes.get_key_value(named.unwrap_or(&self.default))
    }

    /// The home region of tokens that name none.
    #[must_use]
    pub fn default_home(&self) -> &HomeRegion {
        &self.default
    }

    /// Every home region, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&HomeRegion, &HomePorts)> {
        self.homes.iter()
    }
}
