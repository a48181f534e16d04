//! What a node is told at its start.

use crate::relay::ClusterSecret;
use domain::ids::{NodeName, Region};
use domain::policy::RatePolicies;
use ipnet::IpNet;
use std::time::Duration;

/// The configuration of one node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The process, over all its lives.
    pub name: NodeName,
    /// Its region.
    pub region: Region,
    /// The public URL of its region: `wss://eu-central-1.example.net`, without a slash at its end.
    pub url: String,
    /// How other nodes of the region reach this one, and it them. Without it, this node serves alone what it holds.
    pub relay: Option<RelayConfig>,
    /// What becomes of sessions when this node is cut off from their home table for longer than its lease.
    pub on_lease_loss: OnLeaseLoss,
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
    /// How often what is counted is written to the usage log.
    pub usage_every: Duration,
}

/// The relay between the nodes of a region.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// `host:port` at which the other nodes reach this one.
    pub address: String,
    /// Shared by all nodes of the deployment.
    pub secret: ClusterSecret,
}

/// What becomes of sessions when their node is cut off from a home table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLeaseLoss {
    /// They go on; meanwhile the others may give their places away.
    Keep,
    /// They are closed, so that no limit is ever passed.
    Close,
}
