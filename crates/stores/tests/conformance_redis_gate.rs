//! The rate gate on Redis passes every clause of its port: on Redis, on Valkey, and on a cluster of Valkeys.

mod servers;

use std::sync::Arc;
use std::time::Duration;
use stores::conformance::rate_gate::{Passage, Timed};
use stores::redis::{Redis, RedisRateGate, RedisUrl};

/// What servers' clocks need: time itself, the thousandth by which grants may count longer, and what a timer may be
/// early by.
struct Waiting;

const THOUSANDTH_AND_MORE: Duration = Duration::from_millis(5);

#[async_trait::async_trait]
impl Passage for Waiting {
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time + THOUSANDTH_AND_MORE).await;
    }
}

fn gate(url: &RedisUrl) -> Timed {
    let redis = Redis::new(url, None).unwrap_or_else(|error| panic!("{error}"));
    (Arc::new(RedisRateGate::new(redis)), Arc::new(Waiting))
}

mod redis_server {
    use super::*;
    stores::conformance!(rate_gate, ((), gate(&servers::redis::redis_server())));
}

mod valkey_server {
    use super::*;
    stores::conformance!(rate_gate, ((), gate(&servers::redis::valkey_server())));
}

mod valkey_cluster {
    use super::*;
    stores::conformance!(rate_gate, ((), gate(&servers::redis::valkey_cluster())));
}
