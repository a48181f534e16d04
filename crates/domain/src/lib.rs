//! Words and rules of the service: ids, claims, plan limits, the ledger's arithmetic, usage, and the ports.
//!
//! Nothing here does I/O, reads a clock or knows a vendor: facts and `now` come in, decisions go out.
//! The crate's manifest proves it.

pub mod alerts;
pub mod bounds;
pub mod calendar;
pub mod claims;
pub mod client_ip;
pub mod clock;
pub mod close;
pub mod http_error;
pub mod ids;
pub mod lease;
pub mod ledger;
pub mod limits;
pub mod metering;
pub mod money;
pub mod oauth;
pub mod ops;
pub mod platform;
pub mod policy;
pub mod ports;
pub mod registry;
pub mod reports;
pub mod token;
pub mod usage;
