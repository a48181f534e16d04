//! What metering handshakes costs: `cargo run --release -p syncd --example handshake_cost`.
//!
//! Two nodes in this process, over stores in memory, one with a usage log and one without. A client opens a session and ends
//! it, at one and the other in turn. With `metered N` or `unmetered N` only one of them is asked, so often: for counting
//! instructions, as `valgrind --tool=callgrind` does.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a report, and inputs that are valid

use domain::bounds::{LIMIT_MAX, MESSAGE_BYTES_MAX};
use domain::claims::API;
use domain::clock::Clock;
use domain::ids::{Generation, HomeRegion, NodeName, Region};
use domain::policy::RatePolicies;
use domain::ports::{HomePorts, Homes};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::jwt::{SigningKey, StaticKeys, Verifier};
use stores::memory::{MemoryCluster, MemoryDocuments, MemoryLedger, MemoryPins, MemoryRateGate};
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsagePorts;
use syncd::metering::Metering;
use syncd::{Besides, Listeners, NodeConfig, OnLeaseLoss, Ports};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

const ROUNDS: usize = 4_000;
const RUNS: usize = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let key = SigningKey::generate().unwrap();
    let token = token(&key);
    let metered = node(&key, Some(UsagePorts::in_memory())).await;
    let unmetered = node(&key, None).await;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [which, rounds] = &arguments[..] {
        let address = if which == "metered" { metered } else { unmetered };
        for _ in 0..rounds.parse().unwrap() {
            handshake(address, &token).await;
        }
        return println!("{rounds} handshakes, {which}");
    }
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let medians = side_by_side(metered, unmetered, &token).await;
        with.push(medians.0);
        without.push(medians.1);
    }
    let (with, without) = (median(&mut with), median(&mut without));
    println!("{ROUNDS} handshakes each, one after the other, medians of {RUNS} runs:");
    println!("  unmetered {without:?}");
    println!("  metered   {with:?}  {:+.2} %", (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0);
}

async fn side_by_side(metered: SocketAddr, unmetered: SocketAddr, token: &str) -> (Duration, Duration) {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        with.push(handshake(metered, token).await);
        without.push(handshake(unmetered, token).await);
    }
    (median(&mut with), median(&mut without))
}

/// Opens a session, and ends it. Returns how long that took.
async fn handshake(address: SocketAddr, token: &str) -> Duration {
    let began = Instant::now();
    let tcp = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = client_async(format!("ws://{address}/d?token={token}"), tcp).await.unwrap();
    // Sync step 1 with an empty state vector: its answer says that the session is open.
    socket.send(Message::binary(vec![0, 0, 1, 0])).await.unwrap();
    while !socket.next().await.unwrap().unwrap().is_binary() {}
    socket.close(None).await.unwrap();
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
    began.elapsed()
}

/// Starts a node, which ends with the process.
async fn node(key: &SigningKey, usage: Option<UsagePorts>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ports, config) = (ports(key, usage), config(address));
    let listeners = Listeners { clients: listener, relay: None };
    tokio::spawn(async move {
        syncd::run(listeners, ports, config, Besides::default(), std::future::pending()).await.unwrap();
    });
    address
}

fn ports(key: &SigningKey, usage: Option<UsagePorts>) -> Ports {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let name = HomeRegion::parse("local").unwrap();
    let home = HomePorts {
        ledger: Arc::new(MemoryLedger::new()),
        cluster: Arc::new(MemoryCluster::new()),
        pins: Arc::new(MemoryPins::new(Generation(1))),
    };
    let keys = StaticKeys::new(key.public_jwks());
    Ports {
        tokens: Arc::new(Verifier::new(keys, Arc::clone(&clock), vec![name.clone()])),
        homes: Homes::new(name, home),
        documents: Arc::new(MemoryDocuments::new()),
        gate: Arc::new(MemoryRateGate::new(Arc::clone(&clock))),
        clock,
        entropy: Arc::new(SystemEntropy),
        usage: usage.map(|UsagePorts { log, platform, .. }| Metering::new(log, platform, &SystemEntropy)),
    }
}

fn config(address: SocketAddr) -> NodeConfig {
    NodeConfig {
        name: NodeName::parse("a").unwrap(),
        region: Region::parse("r").unwrap(),
        url: format!("ws://{address}"),
        relay: None,
        on_lease_loss: OnLeaseLoss::Keep,
        trusted_proxies: Vec::new(),
        rate_policies: RatePolicies::Off,
        capacity: 10_000,
        memory_bytes_max: 1 << 40,
        message_bytes_max: MESSAGE_BYTES_MAX,
        drain_for: Duration::ZERO,
        usage_every: Duration::from_secs(60),
    }
}

fn token(key: &SigningKey) -> String {
    let now = SystemClock::new().unix_ms() / 1000;
    key.sign(&json!({
        "iat": now, "exp": now + 3600, "aud": API, "scope": API, "tenantid": "t", "appId": "a",
        "limits": {
            "maxConnections": 100, "maxDocuments": 10, "maxUsersPerDoc": 100, "opsPerMinute": LIMIT_MAX,
        },
    }))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
