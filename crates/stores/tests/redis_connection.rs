//! How a Redis is reached, what becomes of calls while it is away, and who is told that it is another one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use servers::redis::{redis_server, valkey_cluster, valkey_server};
use std::time::Duration;
use stores::redis::{Redis, RedisUrl};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn redis(url: &RedisUrl) -> Redis {
    Redis::new(url, None).unwrap()
}

#[tokio::test]
async fn redis_valkey_and_a_cluster_are_reached_by_a_url_alone() {
    for url in [redis_server(), valkey_server(), valkey_cluster()] {
        redis(&url).connect(PATIENCE).await.unwrap();
    }
}
