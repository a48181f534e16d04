//! Rates and documents that the nodes of a region share, on Redis or Valkey.

mod connection;
mod documents;

pub use connection::{InvalidCa, InvalidRedisUrl, Redis, RedisUrl};
pub use documents::RedisDocuments;
