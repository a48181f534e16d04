//! The servers that adapters are tested against: real ones, and ones that behave badly.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses its share of them")]
#![allow(clippy::unwrap_used, reason = "what a test needs and lacks fails it")]

pub(crate) mod bucket;
pub(crate) mod certificates;
pub(crate) mod dynoxide;
pub(crate) mod fresh_table;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod installed;
pub(crate) mod kms;
pub(crate) mod lossy;
pub(crate) mod ministack;
pub(crate) mod process;
pub(crate) mod receiver;
pub(crate) mod redis;
pub(crate) mod redis_cluster;
pub(crate) mod scripted;
pub(crate) mod slow_object;
pub(crate) mod switch;

use std::sync::Arc;
use stores::dynamo::{Access, DynamoHome, DynamoRegistry, DynamoUsage, TableAt};
use stores::system::SystemClock;

/// The table `name` of the server at `endpoint`, made or not.
pub(crate) async fn table(endpoint: &str, name: &str) -> DynamoHome {
    let table: TableAt = format!("{name},endpoint={endpoint}").parse().unwrap();
    Access::from_environment().await.home(&table).unwrap()
}

/// The registry's table `name` of the server at `endpoint`, made or not.
pub(crate) fn registry(endpoint: &str, name: &str) -> DynamoRegistry {
    let table: TableAt = format!("{name},endpoint={endpoint}").parse().unwrap();
    Access::of_function().registry(&table).unwrap()
}

/// The usage table `name` of the server at `endpoint`, made or not.
pub(crate) fn usage(endpoint: &str, name: &str) -> DynamoUsage {
    let table: TableAt = format!("{name},endpoint={endpoint}").parse().unwrap();
    Access::of_function().usage(&table).unwrap()
}

/// The machine's clock.
pub(crate) fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::new())
}

/// A test of each clause of the three ports that share a table. `$fresh` gives what must live as long as the
/// ports, and the ports.
macro_rules! home_conformance {
    ($fresh:expr) => {
        mod ledger {
            use super::*;
            stores::conformance!(ledger, {
                let (server, ports): (_, domain::ports::HomePorts) = $fresh.await;
                (server, ports.ledger)
            });
        }
        mod cluster {
            use super::*;
            stores::conformance!(cluster, {
                let (server, ports): (_, domain::ports::HomePorts) = $fresh.await;
                (server, ports.cluster)
            });
        }
        mod pins {
            use super::*;
            stores::conformance!(pins, {
                let (server, ports): (_, domain::ports::HomePorts) = $fresh.await;
                (server, ports.pins)
            });
        }
    };
}
pub(crate) use home_conformance;

/// A test of each clause of the ports of a registry's table. `$fresh` gives what must live as long as the table, and
/// the table.
macro_rules! registry_conformance {
    ($fresh:expr) => {
        mod registry {
            use super::*;
            stores::conformance!(registry, {
                let (server, registry): (_, stores::dynamo::DynamoRegistry) = $fresh.await;
                (server, std::sync::Arc::new(registry))
            });
        }
        mod refresh_families {
            use super::*;
            stores::conformance!(refresh_families, {
                let (server, registry): (_, stores::dynamo::DynamoRegistry) = $fresh.await;
                (server, std::sync::Arc::new(registry))
            });
        }
        mod api_keys {
            use super::*;
            stores::conformance!(api_keys, {
                let (server, registry): (_, stores::dynamo::DynamoRegistry) = $fresh.await;
                (server, std::sync::Arc::new(registry))
            });
        }
    };
}
pub(crate) use registry_conformance;

/// A test of each clause of the ports of a usage table. `$fresh` gives what must live as long as the table, and the table.
macro_rules! usage_conformance {
    ($fresh:expr) => {
        mod usage_log {
            use super::*;
            stores::conformance!(usage_log, {
                let (server, usage): (_, stores::dynamo::DynamoUsage) = $fresh.await;
                (server, usage.log())
            });
        }
        mod platform_log {
            use super::*;
            stores::conformance!(platform_log, {
                let (server, usage): (_, stores::dynamo::DynamoUsage) = $fresh.await;
                (server, usage.platform())
            });
        }
        mod alerts {
            use super::*;
            stores::conformance!(alerts, {
                let (server, usage): (_, stores::dynamo::DynamoUsage) = $fresh.await;
                (server, usage.alerts())
            });
        }
    };
}
pub(crate) use usage_conformance;
