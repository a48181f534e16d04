//! Rates and documents that the nodes of a region share, on Redis or Valkey.

mod connection;

pub use connection::{InvalidCa, InvalidRedisUrl, Redis, RedisUrl};
