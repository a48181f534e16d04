//! The records of a home table, a registry's table and a usage table, one a file: its key, how it is encoded and decoded.

pub(super) mod api_key;
pub(super) mod app;
#[cfg(test)]
pub(super) mod arbitrary;
pub(super) mod client;
pub(super) mod delivery;
pub(super) mod event;
pub(super) mod held;
pub(super) mod ledger;
pub(super) mod listed;
pub(super) mod metered_app;
pub(super) mod node;
mod node_id;
pub(super) mod node_minute;
pub(super) mod pin;
pub(super) mod plan;
pub(super) mod refresh_family;
pub(super) mod region;
pub(super) mod tenant;
pub(super) mod tenant_key;
pub(super) mod usage;
pub(super) mod webhook;
