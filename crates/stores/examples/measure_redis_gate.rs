//! What rates cost a Redis or Valkey: takes a second through one client, and the server's own time for each.
//!
//! `cargo run --release -p stores --example measure_redis_gate -- redis://127.0.0.1:6379`: the server should be one of
//! its own, as its statistics are reset.
#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![expect(clippy::print_stdout, reason = "a measurement speaks to its terminal")]

use domain::bounds::OPS_SPENT_WITHIN;
use domain::client_ip::ClientIp;
use domain::ids::{AppId, AppKey, TenantId};
use domain::policy::{Policy, Window};
use domain::ports::{RateBucket, RateGate, Want};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use stores::redis::{Redis, RedisRateGate};

const TAKES: u32 = 100_000;
/// Takes that are under way at once.
const TAKERS: u32 = 64;

/// What is asked for the nth time.
type Ask = fn(u32) -> (RateBucket, Want, Window, Duration);

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("the URL of a server");
    let redis = Redis::new(&url.parse().unwrap(), None).unwrap();
    redis.connect(Duration::from_secs(5)).await.unwrap();
    let gate = Arc::new(RedisRateGate::new(redis));
    measure(&url, &gate, "one request each of many clients", request).await;
    measure(&url, &gate, "requests of 1,000 clients within their limit", |n| request(n % 1_000)).await;
    measure(&url, &gate, "requests of one client, nearly all refused", |_| request(u32::MAX)).await;
    measure(&url, &gate, "ops of one app, in blocks", |_| ops(0, 100_000_000)).await;
    measure(&url, &gate, "ops of 100 apps, in blocks", |n| ops(1 + n % 100, 100_000_000)).await;
    measure(&url, &gate, "ops of one app, nearly all refused", |_| ops(101, 600)).await;
}

fn request(client: u32) -> (RateBucket, Want, Window, Duration) {
    let ip = ClientIp::new(IpAddr::V4(Ipv4Addr::from_bits(client)));
    let bucket = RateBucket::Client(Policy::Discovery, ip);
    (bucket, Want::only(1), Window::per_minute(200), Duration::ZERO)
}

fn ops(app: u32, limit: u64) -> (RateBucket, Want, Window, Duration) {
    let app = AppId::parse(&format!("app-{app}")).unwrap();
    let bucket = RateBucket::Ops(AppKey { tenant: TenantId::parse("t").unwrap(), app });
    (bucket, Want { need: 1, block: 64 }, Window::per_minute(limit), OPS_SPENT_WITHIN)
}

async fn measure(url: &str, gate: &Arc<RedisRateGate>, what: &str, ask: Ask) {
    let () = server(url, &["CONFIG", "RESETSTAT"]);
    let (asked, begun) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let takers = (0..TAKERS).map(|_| tokio::spawn(take_all(gate.clone(), asked.clone(), ask)));
    for taker in takers.collect::<Vec<_>>() {
        taker.await.unwrap();
    }
    let each = begun.elapsed() / TAKES;
    let rate = 1.0 / each.as_secs_f64();
    println!("{what}: {rate:.0} a second, {} us of the server each", server_us(url));
}

async fn take_all(gate: Arc<RedisRateGate>, asked: Arc<AtomicU32>, ask: Ask) {
    loop {
        let nth = asked.fetch_add(1, Ordering::Relaxed);
        if nth >= TAKES {
            return;
        }
        let (bucket, want, window, within) = ask(nth);
        gate.take(&bucket, want, window, within).await.unwrap();
    }
}

/// Microseconds that the server says it needed for a script.
fn server_us(url: &str) -> String {
    let stats: String = server(url, &["INFO", "commandstats"]);
    let scripts = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or_default();
    let each = scripts.split(',').find_map(|field| field.strip_prefix("usec_per_call="));
    each.unwrap_or("?").to_owned()
}

fn server<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    redis::cmd(words[0]).arg(&words[1..]).query(&mut connection).unwrap()
}
