//! The records of a home table and of a registry's table, one a file: its key, how it is encoded and decoded.

pub(super) mod app;
#[cfg(test)]
pub(super) mod arbitrary;
pub(super) mod client;
pub(super) mod held;
pub(super) mod ledger;
pub(super) mod node;
mod node_id;
pub(super) mod pin;
pub(super) mod plan;
pub(super) mod refresh_family;
pub(super) mod region;
pub(super) mod tenant;
pub(super) mod tenant_key;
