//! What a node is told at its start.

use domain::close::CloseReason;
use domain::ids::{DocumentName, NodeId, Region};
use domain::policy::RatePolicies;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::time::Duration;

/// The configuration of one node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The node, in this life of it.
    pub node: NodeId,
    /// Its region.
    pub region: Region,
    /// The public URL of each region: `wss://eu-central-1.example.net`, without a slash at its end.
    pub regions: BTreeMap<Region, String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether HTTP rate policies are applied.
    pub rate_policies: RatePolicies,
    /// WebSockets that the node is built for; from 80 % of them it takes no more.
    pub capacity: u64,
    /// Resident bytes that the node is built for; from 80 % of them it takes no more connections.
    pub memory_bytes_max: u64,
    /// Bytes of one WebSocket message.
    pub message_bytes_max: usize,
    /// Over what time a drain spreads the closing of its sessions.
    pub drain_for: Duration,
}

impl NodeConfig {
    /// Why a document that `region` holds can't be served here.
    pub(crate) fn elsewhere(&self, region: &Region, name: &DocumentName) -> CloseReason {
        match self.regions.get(region).filter(|_| *region != self.region) {
            Some(url) => {
                let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
                CloseReason::Redirect { host: host.to_owned(), name: name.clone() }
            }
            None => CloseReason::TryAgainLater,
        }
    }
}
