//! The sync node: holds WebSocket sessions and open documents in memory, stores what is written before anyone
//! else sees it, and counts connections and documents in the global ledger.
//!
//! [`run`] takes all that it works on: a listener, its [`Ports`], its [`NodeConfig`] and what ends it.

mod admission;
mod answer;
mod attempt;
pub mod caps;
mod config;
mod document;
mod drain;
mod frames;
mod handshake;
mod health;
mod heartbeat;
mod http;
pub mod ledger;
pub mod link;
pub mod machine;
pub mod metrics;

mod node;
pub mod options;
pub mod process;
mod refusals;
mod registry;
mod serve;
mod session;
mod socket;
mod wire;

pub use config::NodeConfig;
pub use node::Ports;
pub use serve::{Besides, RunError, run};
