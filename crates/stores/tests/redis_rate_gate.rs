//! What the rate gate leaves on a Redis, and what it grants when clocks step back and many ask.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::client_ip::ClientIp;
use domain::ids::{AppId, AppKey, TenantId};
use domain::policy::{Policy, Window};
use domain::ports::{RateBucket, RateGate, Want};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use servers::redis::{Make, RedisServer};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::redis::{Redis, RedisRateGate};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "ws:rate:{ops:t/a}:100000";
const WINDOW: Window = Window { limit: 10, length: Duration::from_millis(100) };
/// Fields of a bucket that are no slices.
const HEAD: usize = 5;

fn gate(server: &RedisServer) -> RedisRateGate {
    RedisRateGate::new(Redis::new(&server.url().parse().unwrap(), None).unwrap())
}

fn ops() -> RateBucket {
    RateBucket::Ops(AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() })
}

async fn take(gate: &RedisRateGate, need: u64, window: Window) -> u64 {
    gate.take(&ops(), Want::only(need), window, Duration::ZERO).await.unwrap().count
}

/// Makes the server's clock step back, as far as the bucket can tell: all that it has noted is so much later.
fn step_back(server: &RedisServer, key: &str, slice_us: u64, by: Duration) {
    let by_us = u64::try_from(by.as_micros()).unwrap();
    let fields: HashMap<String, u64> = server.ask(&["HGETALL", key]);
    let ttl: String = server.ask::<u64>(&["PTTL", key]).to_string();
    let moved = fields.iter().flat_map(|(name, value)| {
        let (by_slices, slice) = (by_us / slice_us, name.parse::<u64>());
        let (name, value) = match (name.as_str(), slice) {
            ("t", _) => (name.clone(), value + by_us),
            ("o" | "l", _) => (name.clone(), value + by_slices),
            (_, Ok(slice)) => ((slice + by_slices).to_string(), *value),
            _ => (name.clone(), *value),
        };
        [name, value.to_string()]
    });
    let moved: Vec<String> = moved.collect();
    let () = server.ask(&["DEL", key]);
    let mut words = vec!["HSET", key];
    words.extend(moved.iter().map(String::as_str));
    let () = server.ask(&words);
    let () = server.ask(&["PEXPIRE", key, &ttl]);
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_keys_that_cannot_be_mistaken_for_each_other() {
    let server = RedisServer::start(Make::Redis);
    let gate = gate(&server);
    let client = |ip: &str| RateBucket::Client(Policy::Discovery, ClientIp::new(ip.parse().unwrap()));
    let minute = Window::per_minute(1);
    for bucket in [ops(), client("192.0.2.7"), client("2001:db8:1:2:3::4"), client("2001:db8:1:2:5::6")] {
        gate.take(&bucket, Want::only(1), minute, Duration::ZERO).await.unwrap();
    }
    let mut keys: Vec<String> = server.ask(&["KEYS", "*"]);
    keys.sort();
    let expected = [
        "ws:rate:{client:discovery:192.0.2.7}:60000000",
        "ws:rate:{client:discovery:2001:db8:1:2::/64}:60000000",
        "ws:rate:{ops:t/a}:60000000",
    ];
    assert_eq!(keys, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_expires_with_its_last_grant() {
    let server = RedisServer::start(Make::Valkey);
    let gate = gate(&server);
    assert_eq!(take(&gate, 3, WINDOW).await, 3);
    let within = Duration::from_millis(200);
    gate.take(&ops(), Want::only(3), WINDOW, within).await.unwrap();
    assert_eq!(take(&gate, 99, WINDOW).await, 4);
    let left: u64 = server.ask(&["PTTL", KEY]);
    assert!(left <= 303, "{left} ms");
    let expired = async {
        while server.ask::<u64>(&["DBSIZE"]) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, expired).await.expect("the key expires");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_nothing() {
    let server = RedisServer::start(Make::Redis);
    let gate = gate(&server);
    assert_eq!(take(&gate, 1, Window { limit: 0, ..WINDOW }).await, 0);
    assert_eq!(server.ask::<u64>(&["DBSIZE"]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_has_some_thousand_fields_however_often_it_is_asked() {
    let server = RedisServer::start(Make::Valkey);
    let gate = gate(&server);
    let window = Window { limit: 1 << 53, ..WINDOW };
    let (begun, mut most) = (Instant::now(), 0);
    // Long enough to fill a window's slices several times over.
    while begun.elapsed() < WINDOW.length * 5 {
        take(&gate, 1, window).await;
        most = most.max(server.ask(&["HLEN", KEY]));
    }
    assert!(most <= 1_001 + HEAD, "{most} fields");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_back_grants_nothing_too_much_and_refuses_for_no_longer() {
    let server = RedisServer::start(Make::Redis);
    let gate = gate(&server);
    let minute = Window::per_minute(10);
    let key = "ws:rate:{ops:t/a}:60000000";
    assert_eq!(take(&gate, 6, minute).await, 6);
    for (need, granted) in [(2, 2), (1, 1), (9, 1), (9, 0)] {
        step_back(&server, key, 60_000, Duration::from_secs(60 * 60));
        assert_eq!(take(&gate, need, minute).await, granted);
    }
    let second = Window { limit: 10, length: Duration::from_secs(1) };
    assert_eq!(take(&gate, 6, second).await, 6);
    step_back(&server, "ws:rate:{ops:t/a}:1000000", 1_000, Duration::from_secs(60 * 60));
    assert_eq!(take(&gate, 9, second).await, 4);
    let free = async {
        while take(&gate, 1, second).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("the window slides on");
}

/// A grant, by the clock of whoever asked: it may be used from `from` to `to`, and counts up to `counts_to`.
#[derive(Clone, Copy)]
struct Used {
    asked: Instant,
    from: Instant,
    to: Instant,
    counts_to: Instant,
    need: u64,
    count: u64,
}

async fn take_at_random(gate: Arc<RedisRateGate>, mut dice: StdRng) -> Vec<Used> {
    let mut all = Vec::new();
    for _ in 0..300 {
        let want = Want { need: dice.random_range(1..4), block: dice.random_range(0..20) };
        let within = Duration::from_millis(dice.random_range(0..40));
        let asked = Instant::now();
        let grant = gate.take(&ops(), want, Window { limit: 50, ..WINDOW }, within).await.unwrap();
        let (from, to) = (Instant::now(), asked + within);
        let counts_to = from + within + WINDOW.length.mul_f64(1.001);
        all.push(Used { asked, from, to, counts_to, need: want.need, count: grant.count });
        let pause = [0, 0, 0, 2, 30][dice.random_range(0..5)];
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_grants_its_limit_and_never_more_whatever_is_asked() {
    let server = RedisServer::start(Make::Redis);
    let gate = Arc::new(gate(&server));
    let takers = (0..6).map(|seed| tokio::spawn(take_at_random(gate.clone(), StdRng::seed_from_u64(seed))));
    let mut all = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        all.extend(taker.await.unwrap());
    }
    // A span that ends when a grant is used at once begins before whatever is used as late as it may be.
    for last in &all {
        let in_span = all.iter().filter(|used| used.from <= last.from && used.to + WINDOW.length > last.from);
        let used: u64 = in_span.map(|used| used.count).sum();
        assert!(used <= 50, "{used} in one span");
    }
    let refused = |taken: &&Used| taken.count < taken.need;
    assert!(all.iter().any(|taken| refused(&taken)), "the window was full");
    for taken in all.iter().filter(refused) {
        let counted = all.iter().filter(|used| used.asked <= taken.from && used.counts_to >= taken.asked);
        let counted: u64 = counted.map(|used| used.count).sum();
        assert!(counted >= 50, "with {counted} a take is refused");
    }
}
