//! One adapter per port and vendor, the conformance suite that each of them passes, and the fault wrapper.
//!
//! - [`memory`]: every port within one process.
//! - [`dynamo`]: the ports that several nodes share, on DynamoDB.
//! - [`redis`]: rates and documents that the nodes of a region share, on Redis or Valkey.
//! - [`archive`]: documents that outlive every other store, on S3 or in a folder.
//! - [`disk`]: documents that outlive the process, on an embedded database.
//! - [`registry`]: what the operator has on the books, in files.
//! - [`alerts`]: tenants' webhooks and what they are told, in a file.
//! - [`jwt`]: the tokens port, and the key that signs tokens in local mode.
//! - [`secrets`]: what clients' secrets are known by.
//! - [`vault`]: private keys, unreadable at rest.
//! - [`lent`]: documents of one process, lent to others on the same machine.
//! - [`mod@conformance`]: the contracts of the ports, as tests for any adapter.
//! - [`faults`]: any adapter, failing as networks make it fail.
//! - [`seal`]: what nodes believe each other by.
//! - [`usage`]: where what is counted over time is kept.
//! - [`webhooks`]: the courier that brings messages to tenants' webhooks.
//! - [`system`]: the machine's clock and entropy, and the hand-turned ones of tests.

pub mod alerts;
pub mod archive;
mod aws;
mod causes;
pub mod conformance;
pub mod disk;
pub mod dynamo;
pub mod faults;
pub mod jwt;
pub mod lent;
pub mod memory;
mod private_file;
pub mod redis;
pub mod registry;
mod retention;
pub mod seal;
pub mod secrets;
mod shared_file;
pub mod system;
pub mod usage;
pub mod vault;
pub mod webhooks;

pub use retention::{AtRelease, NoTimedRetention, Retention};
