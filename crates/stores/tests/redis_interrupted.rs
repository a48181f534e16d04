//! Who waits for an interruption is told when a Redis may have lost something, and nobody stays with a replica.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::ids::{AppId, AppKey, TenantId};
use domain::policy::Window;
use domain::ports::{RateBucket, RateGate, Unavailable, Want};
use servers::redis::{Make, RedisServer};
use servers::redis_cluster::three_masters;
use servers::switch::Switch;
use std::time::Duration;
use stores::redis::{Redis, RedisRateGate};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(5);

async fn connected(url: &str) -> Redis {
    let redis = Redis::new(&url.parse().unwrap(), None).unwrap();
    redis.connect(PATIENCE).await.unwrap();
    redis
}

async fn interrupted(redis: &Redis) {
    tokio::time::timeout(PATIENCE, redis.interrupted()).await.expect("the change is noticed");
}

/// Whether there is a change that nobody was told of yet, without looking for one.
async fn is_known(redis: &Redis) -> bool {
    tokio::time::timeout(Duration::ZERO, redis.interrupted()).await.is_ok()
}

async fn take(redis: &Redis, app: &str) -> Result<u64, Unavailable> {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(app).unwrap() };
    let (bucket, window) = (RateBucket::Ops(app), Window::per_minute(10));
    let gate = RedisRateGate::new(redis.clone());
    Ok(gate.take(&bucket, Want::only(1), window, Duration::ZERO).await?.count)
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(SOON).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes so");
}

/// A server and its replica, which has all that it has.
async fn pair(make: Make) -> (RedisServer, RedisServer) {
    let (first, second) = (RedisServer::start(make), RedisServer::start(make));
    follow(&second, &first);
    until(async || second.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up")).await;
    (first, second)
}

fn follow(replica: &RedisServer, master: &RedisServer) {
    let () = replica.ask(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_an_interruption_and_a_broken_connection_is_none() {
    let server = RedisServer::start(Make::Valkey);
    let redis = connected(&server.url()).await;
    let () = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    until(async || take(&redis, "a").await.is_ok()).await;
    assert!(!is_known(&redis).await, "the same server has lost nothing");
    for _ in 0..2 {
        server.stop();
        server.start_again();
        tokio::join!(interrupted(&redis), interrupted(&redis));
        assert!(!is_known(&redis).await, "it is told once to all who wait");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_nobody_waited_is_told_to_the_next() {
    let server = RedisServer::start(Make::Redis);
    let redis = connected(&server.url()).await;
    server.stop();
    server.start_again();
    until(async || take(&redis, "a").await.is_ok()).await;
    assert!(is_known(&redis).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_takes_over_is_an_interruption() {
    for make in [Make::Redis, Make::Valkey] {
        let (first, second) = pair(make).await;
        let name = Switch::start(first.address()).await;
        let redis = connected(&format!("redis://{}", name.address())).await;
        let () = second.ask(&["REPLICAOF", "NO", "ONE"]);
        name.lead_to(second.address());
        first.stop();
        interrupted(&redis).await;
        until(async || take(&redis, "a").await.is_ok()).await;
        assert_eq!(second.ask::<usize>(&["DBSIZE"]), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_became_a_replica_is_left_though_it_lives() {
    for make in [Make::Redis, Make::Valkey] {
        let (first, second) = pair(make).await;
        let name = Switch::start(first.address()).await;
        let redis = connected(&format!("redis://{}", name.address())).await;
        assert_eq!(take(&redis, "a").await, Ok(1));
        let () = second.ask(&["REPLICAOF", "NO", "ONE"]);
        name.lead_to(second.address());
        follow(&first, &second);
        until(async || take(&redis, "b").await.is_ok()).await;
        assert!(is_known(&redis).await, "another server is seen when it is connected to");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_client_leaves_a_master_that_became_a_replica() {
    let (first, second) = pair(Make::Redis).await;
    let name = Switch::start(first.address()).await;
    let redis = connected(&format!("redis://{}", name.address())).await;
    let () = second.ask(&["REPLICAOF", "NO", "ONE"]);
    name.lead_to(second.address());
    follow(&first, &second);
    interrupted(&redis).await;
    until(async || take(&redis, "a").await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_never_taken_for_the_server() {
    let (_first, second) = pair(Make::Valkey).await;
    let redis = Redis::new(&second.url().parse().unwrap(), None).unwrap();
    let unavailable = take(&redis, "a").await.unwrap_err();
    assert!(unavailable.cause.contains("is a replica"), "{unavailable}");
    let () = second.ask(&["REPLICAOF", "NO", "ONE"]);
    until(async || take(&redis, "a").await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_of_a_cluster_that_restarts_is_an_interruption() {
    let cluster = three_masters();
    let redis = connected(&cluster[0].url()).await;
    for app in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(take(&redis, app).await, Ok(1));
    }
    cluster[1].stop();
    cluster[1].start_again();
    interrupted(&redis).await;
    for app in ["a", "b", "c", "d", "e", "f"] {
        until(async || take(&redis, app).await.is_ok()).await;
    }
}
