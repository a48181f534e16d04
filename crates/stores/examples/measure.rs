//! What the embedded stores cost: `cargo run --release -p stores --example measure [FOLDER]`.
//!
//! Prints figures for `ARCHITECTURE.md`. The folder, a temporary one by default, decides which device is measured.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

use bytes::Bytes;
use domain::client_ip::ClientIp;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::policy::{Policy, Window};
use domain::ports::{Documents, Position, RateBucket, RateGate, Tokens, Want};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::disk::DiskDocuments;
use stores::jwt::{SigningKey, StaticKeys, Verifier};
use stores::lent::{BorrowedDocuments, LoanSecret, lend};
use stores::memory::MemoryRateGate;
use stores::system::SystemClock;
use tokio::net::TcpListener;

const SPAN: Duration = Duration::from_secs(4);

fn main() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::args_os().nth(1).map_or(temporary.path().to_owned(), Into::into);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        rate_gate().await;
        tokens().await;
        for (documents, pause_ms) in [(1, 0), (64, 0), (1, 20), (64, 20)] {
            let folder = folder.join(format!("{documents}-{pause_ms}"));
            let disk = Arc::new(DiskDocuments::open(&folder).unwrap());
            appends("disk", disk.clone(), documents, pause_ms).await;
            appends("lent disk", lent(disk).await, documents, pause_ms).await;
        }
        opening(&folder.join("opening")).await;
        opening_after_a_crash(&folder.join("crashed"), &folder.join("left")).await;
        many_documents(&folder.join("many")).await;
    });
}

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("tenant").unwrap(), app: AppId::parse("app").unwrap() }
}

fn document(n: usize) -> DocumentKey {
    DocumentKey { app: app(), name: DocumentName::parse(&format!("document-{n:06}")).unwrap() }
}

async fn rate_gate() {
    let gate = MemoryRateGate::new(Arc::new(SystemClock::new()));
    let client =
        |n: u32| RateBucket::Client(Policy::Connect, ClientIp::new(IpAddr::V4(Ipv4Addr::from_bits(n))));
    let cases: [(&str, u32, Window); 3] = [
        ("one full bucket", 1, Window::per_minute(60)),
        ("10,000 clients", 10_000, Window::per_minute(60)),
        ("100,000 clients", 100_000, Window::per_minute(60)),
    ];
    for (name, clients, window) in cases {
        let start = Instant::now();
        for n in 0..1_000_000 {
            let _ = gate.take(&client(n % clients), Want::only(1), window, Duration::ZERO).await;
        }
        println!("rate gate, {name}: {} ns a take", start.elapsed().as_nanos() / 1_000_000);
    }
    let (ops, window) = (RateBucket::Ops(app()), Window::per_minute(1 << 40));
    let start = Instant::now();
    for _ in 0..1_000_000 {
        gate.take(&ops, Want::only(3), window, Duration::ZERO).await.unwrap();
    }
    println!("rate gate, ops of one app: {} ns a take", start.elapsed().as_nanos() / 1_000_000);
}

async fn tokens() {
    let key = SigningKey::generate().unwrap();
    let keys = StaticKeys::new(key.public_jwks());
    let verifier = Verifier::new(keys, Arc::new(SystemClock::new()), Vec::new());
    let token = |n: u64| {
        key.sign(&json!({
            "exp": 1_000 + n, "aud": "WireSocket.API", "scope": "WireSocket.API", "tenantid": "t", "appId": "a",
            "limits": {"maxConnections": 1, "maxDocuments": 2, "maxUsersPerDoc": 3, "opsPerMinute": 4}
        }))
    };
    let tokens: Vec<String> = (0..5_000).map(token).collect();
    for name in ["first seen", "seen before"] {
        let start = Instant::now();
        for token in &tokens {
            verifier.verify(token, 1_000_000).await.unwrap();
        }
        println!("EdDSA token, {name}: {} ns", start.elapsed().as_nanos() / tokens.len() as u128);
    }
}

/// The store as another process of this machine would have it.
async fn lent(store: Arc<dyn Documents>) -> Arc<dyn Documents> {
    let secret = LoanSecret::parse(&"s".repeat(32)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let borrowed = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(lend(listener, store, secret.clone()));
    Arc::new(BorrowedDocuments::new(&borrowed, &secret).unwrap())
}

async fn appends(name: &str, store: Arc<dyn Documents>, documents: usize, pause_ms: u64) {
    let (start, cpu) = (Instant::now(), cpu_time());
    let writers: Vec<_> = (0..documents)
        .map(|n| tokio::spawn(append_for_a_while(store.clone(), document(n), pause_ms)))
        .collect();
    let mut latencies = Vec::new();
    for writer in writers {
        latencies.extend(writer.await.unwrap());
    }
    let (elapsed, cpu) = (start.elapsed(), cpu_time() - cpu);
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    println!(
        "{name}, {documents} documents, {pause_ms} ms between appends of 64 B: {:.0} appends/s, {:.1} µs CPU each, p50 {:?}, p99 {:?}, max {:?}, {} MiB",
        latencies.len() as f64 / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / latencies.len() as f64,
        at(50),
        at(99),
        at(100),
        resident_mib()
    );
}

async fn append_for_a_while(
    store: Arc<dyn Documents>,
    document: DocumentKey,
    pause_ms: u64,
) -> Vec<Duration> {
    store.open(&document, Generation(1)).await.unwrap();
    let update = [Bytes::from(vec![7; 64])];
    let (start, mut latencies) = (Instant::now(), Vec::new());
    while start.elapsed() < SPAN {
        let asked = Instant::now();
        store.append(&document, Generation(1), Position(0), &update).await.unwrap();
        latencies.push(asked.elapsed());
        if pause_ms > 0 {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
    }
    latencies
}

async fn opening(folder: &Path) {
    let timed = || {
        let start = Instant::now();
        (DiskDocuments::open(folder).unwrap(), start.elapsed())
    };
    let (store, empty) = timed();
    for n in 0..1_000 {
        store.open(&document(n), Generation(1)).await.unwrap();
        let updates: Vec<Bytes> = (0..100).map(|_| Bytes::from(vec![7; 64])).collect();
        for update in updates.chunks(1) {
            store.append(&document(n), Generation(1), Position(0), update).await.unwrap();
        }
    }
    let start = Instant::now();
    drop(store);
    let closing = start.elapsed();
    let (store, full) = timed();
    let start = Instant::now();
    store.open(&document(500), Generation(2)).await.unwrap();
    println!(
        "open: empty {empty:?}, with 100,000 entries {full:?}; close {closing:?}; a document of 100 entries {:?}",
        start.elapsed()
    );
}

/// Copies the folder of a living store that has just been appended to: what `kill -9` would leave.
async fn opening_after_a_crash(folder: &Path, left: &Path) {
    let store = DiskDocuments::open(folder).unwrap();
    let append = async |count: usize| {
        for n in 0..count {
            store
                .append(&document(n % 1_000), Generation(1), Position(0), &[Bytes::from(vec![7; 64])])
                .await
                .unwrap();
        }
    };
    for n in 0..1_000 {
        store.open(&document(n), Generation(1)).await.unwrap();
    }
    append(100_000).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    append(5_000).await;
    std::fs::create_dir_all(left).unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), left.join(file.file_name())).unwrap();
    }
    let start = Instant::now();
    let _recovered = DiskDocuments::open(left).unwrap();
    println!("open after a crash: 100,000 entries in the table, 5,000 in the journal: {:?}", start.elapsed());
}

async fn many_documents(folder: &Path) {
    let store = DiskDocuments::open(folder).unwrap();
    let before = resident_mib();
    let start = Instant::now();
    for n in 0..10_000 {
        store.open(&document(n), Generation(1)).await.unwrap();
        store.append(&document(n), Generation(1), Position(0), &[Bytes::from(vec![7; 64])]).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!(
        "10,000 documents opened in {:?}: {before} MiB before, {} after",
        start.elapsed(),
        resident_mib()
    );
}

/// User and system time of this process so far, by the kernel's ticks of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

fn resident_mib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096 / 1024 / 1024
}
