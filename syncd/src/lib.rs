//! The sync node: holds WebSocket sessions and open documents in memory, stores what is written before anyone
//! else sees it, and counts connections and documents in the global ledger.
//!
//! [`run`] takes all that it works on: a listener, its [`Ports`], its [`NodeConfig`] and what ends it.

mod admission;
mod answer;
mod attempt;
pub mod caps;
mod config;
mod connections;
mod document;
mod drain;
mod edge;
mod frames;
pub mod gate;
mod handshake;
mod health;
pub mod home;
mod http;
mod leases;
pub mod link;
pub mod machine;
pub mod metering;
pub mod metrics;
mod node;
mod opening;
pub mod ops;
pub mod options;
mod owner;
pub mod process;
mod refusals;
mod registry;
mod relay;
mod serve;
mod session;
pub mod setup;
mod socket;
mod vitals;
mod wire;

pub use config::{NodeConfig, OnLeaseLoss, RelayConfig};
pub use node::Ports;
pub use relay::{ClusterSecret, InvalidSecret};
pub use serve::{Besides, Listeners, RunError, run};
