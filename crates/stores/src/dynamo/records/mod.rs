//! The records of a home table, one a file: its key, how it is encoded and decoded.

#[cfg(test)]
pub(super) mod arbitrary;
pub(super) mod held;
pub(super) mod ledger;
pub(super) mod node;
mod node_id;
pub(super) mod pin;
pub(super) mod region;
