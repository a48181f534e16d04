//! Documents on Redis, Valkey and a cluster of Valkeys pass every clause of their port.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use redis::Value;
use servers::redis::{ask, redis_server, valkey_cluster, valkey_server};
use std::sync::Arc;
use std::time::Duration;
use stores::Retention;
use stores::conformance::documents_lost::{Emptying, Lossy};
use stores::redis::{Redis, RedisDocuments, RedisUrl};

const DAY: Retention = Retention::For(Duration::from_secs(24 * 60 * 60));

fn documents(url: &RedisUrl, retention: Retention) -> Arc<RedisDocuments> {
    Arc::new(RedisDocuments::new(Redis::new(url, None).unwrap(), retention))
}

fn lossy(url: RedisUrl) -> Lossy {
    (documents(&url, DAY), Arc::new(OwnKeys(url)))
}

/// The keys of one test, on a server that it shares with others.
struct OwnKeys(RedisUrl);

#[async_trait::async_trait]
impl Emptying for OwnKeys {
    async fn empty(&self) {
        let pattern = format!("{}*", self.0.prefix());
        for master in masters(&self.0.to_string()) {
            for key in ask::<Vec<String>>(&master, &["KEYS", &pattern]) {
                let () = ask(&master, &["DEL", &key]);
            }
        }
    }
}

/// Where the keys are: on the server at `url`, or on all masters of its cluster.
fn masters(url: &str) -> Vec<String> {
    if ask::<String>(url, &["INFO", "cluster"]).contains("cluster_enabled:0") {
        return vec![url.to_owned()];
    }
    // First slot, last slot, and the master: address, port and more.
    let slots: Vec<(u64, u64, Vec<Value>)> = ask(url, &["CLUSTER", "SLOTS"]);
    let ports = slots.iter().map(|(_, _, master)| redis::from_redis_value::<u16>(master[1].clone()).unwrap());
    ports.map(|port| format!("redis://127.0.0.1:{port}")).collect()
}

macro_rules! redis_conformance {
    ($make:ident, $server:path) => {
        mod $make {
            use super::*;

            mod kept {
                use super::*;
                stores::conformance!(documents, ((), documents(&$server(), Retention::Kept)));
                stores::conformance!(documents_kept, ((), documents(&$server(), Retention::Kept)));
            }

            mod kept_for_a_day {
                use super::*;
                stores::conformance!(documents, ((), documents(&$server(), DAY)));
                stores::conformance!(documents_kept, ((), documents(&$server(), DAY)));
            }

            mod dropped_at_release {
                use super::*;
                stores::conformance!(documents, ((), documents(&$server(), Retention::DroppedAtRelease)));
                stores::conformance!(
                    documents_dropped,
                    ((), documents(&$server(), Retention::DroppedAtRelease))
                );
            }

            mod lost {
                use super::*;
                stores::conformance!(documents_lost, ((), lossy($server())));
            }
        }
    };
}

redis_conformance!(on_redis, redis_server);
redis_conformance!(on_valkey, valkey_server);
redis_conformance!(on_a_cluster, valkey_cluster);
