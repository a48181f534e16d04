//! Rates and documents that the nodes of a region share, on Redis or Valkey.

mod connection;
mod documents;
mod rate_gate;

pub use connection::{InvalidCa, InvalidRedisUrl, Redis, RedisUrl};
pub use documents::RedisDocuments;
pub use rate_gate::RedisRateGate;
