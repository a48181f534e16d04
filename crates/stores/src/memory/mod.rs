//! Every port within one process: the stores of local mode, of tests and of the simulator.
//!
//! Nothing here outlives the process. Each lock is held for one map operation and never over an await, so a
//! call completes on its first poll.

mod alerts;
mod cluster;
mod documents;
mod ledger;
mod pins;
mod platform_log;
mod rate_gate;
mod registry;
mod shards;
mod sliding_window;
mod usage_log;

pub use alerts::MemoryAlerts;
pub use cluster::MemoryCluster;
pub use documents::MemoryDocuments;
pub use ledger::MemoryLedger;
pub use pins::MemoryPins;
pub use platform_log::MemoryPlatformLog;
pub use rate_gate::MemoryRateGate;
pub use registry::MemoryRegistry;
pub use usage_log::MemoryUsageLog;
