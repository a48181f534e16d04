//! What documents on Redis cost: `cargo run --release -p stores --example measure_redis -- redis://HOST:PORT`.
//!
//! Prints figures for `ARCHITECTURE.md`. Its keys begin with `ws-measure:`, and the last of them end within an hour.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

use bytes::Bytes;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::ports::{Documents, Position};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stores::Retention;
use stores::redis::{Redis, RedisDocuments};

const SPAN: Duration = Duration::from_secs(10);

fn main() {
    let url = std::env::args().nth(1).expect("name a server: redis://127.0.0.1:6379");
    let url = format!("{url}?prefix=ws-measure:").parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let redis = Redis::new(&url, None).unwrap();
        redis.connect(Duration::from_secs(5)).await.unwrap();
        let store = Arc::new(RedisDocuments::new(redis, Retention::DroppedAtRelease));
        paced(&store, 100, 1_000).await;
        while_large_documents_come_and_go(&store).await;
        for documents in [1, 100, 1_000] {
            unpaced(&store, documents).await;
        }
        for mebibytes in [1, 10, 50] {
            whole(&store, mebibytes).await;
        }
    });
}

fn document(n: usize) -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("tenant").unwrap(), app: AppId::parse("app").unwrap() };
    DocumentKey { app, name: DocumentName::parse(&format!("document-{n:06}")).unwrap() }
}

/// An owner that nobody has been before, as what an earlier one has dropped is not opened by it again.
fn next_owner() -> Generation {
    static OWNERS: AtomicU64 = AtomicU64::new(0);
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    Generation(started + OWNERS.fetch_add(1, Ordering::Relaxed))
}

async fn paced(store: &Arc<RedisDocuments>, documents: usize, per_second: usize) {
    let latencies =
        appends(store, documents, Some(Duration::from_secs(1) * documents as u32 / per_second as u32));
    print(&format!("{per_second} appends/s over {documents} documents"), latencies.await);
}

async fn unpaced(store: &Arc<RedisDocuments>, documents: usize) {
    let latencies = appends(store, documents, None).await;
    print(&format!("as many as {documents} documents can"), latencies);
}

/// The same pace, while states of 10 MiB are written and read on the other connection.
async fn while_large_documents_come_and_go(store: &Arc<RedisDocuments>) {
    let large = document(999_999);
    let state = Bytes::from(vec![7; 10 * 1024 * 1024]);
    let (other, key, owner) = (store.clone(), large.clone(), next_owner());
    let coming_and_going = tokio::spawn(async move {
        loop {
            other.open(&key, owner).await.unwrap();
            other.compact(&key, owner, Position(0), state.clone()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let latencies = appends(store, 100, Some(Duration::from_millis(100))).await;
    coming_and_going.abort();
    print("1000 appends/s over 100 documents, beside two states of 10 MiB a second each way", latencies);
    store.expire(&large, owner).await.unwrap();
}

/// Appends of 64 bytes for a while: how long each took, as its document waits for it, and how many came a second.
async fn appends(
    store: &Arc<RedisDocuments>,
    documents: usize,
    every: Option<Duration>,
) -> (Vec<Duration>, f64) {
    let began = Instant::now();
    let writers: Vec<_> =
        (0..documents).map(|n| tokio::spawn(append_for_a_while(store.clone(), document(n), every))).collect();
    let mut latencies = Vec::new();
    for writer in writers {
        latencies.extend(writer.await.unwrap());
    }
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    (latencies, rate)
}

async fn append_for_a_while(
    store: Arc<RedisDocuments>,
    document: DocumentKey,
    every: Option<Duration>,
) -> Vec<Duration> {
    let owner = next_owner();
    let mut end = store.open(&document, owner).await.unwrap().position;
    let update = [Bytes::from(vec![7; 64])];
    let state = Bytes::from(vec![7; 4096]);
    let mut pace = every.map(|every| {
        let offset = every.mul_f64(rand::random_range(0.0..1.0));
        tokio::time::interval_at(tokio::time::Instant::now() + offset, every)
    });
    let (began, mut latencies, mut entries) = (Instant::now(), Vec::new(), 0);
    while began.elapsed() < SPAN {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        let asked = Instant::now();
        end = store.append(&document, owner, end, &update).await.unwrap();
        latencies.push(asked.elapsed());
        entries += 1;
        if store.log_bounds().are_reached(entries, entries as usize * 64, state.len()) {
            store.compact(&document, owner, end, state.clone()).await.unwrap();
            entries = 0;
        }
    }
    store.expire(&document, owner).await.unwrap();
    latencies
}

/// A document of one large state, written and read.
async fn whole(store: &RedisDocuments, mebibytes: usize) {
    let document = document(mebibytes);
    let state = Bytes::from(vec![7; mebibytes * 1024 * 1024]);
    let generation = next_owner();
    store.open(&document, generation).await.unwrap();
    let began = Instant::now();
    store.compact(&document, generation, Position(0), state).await.unwrap();
    let (compacted, began) = (began.elapsed(), Instant::now());
    store.open(&document, generation).await.unwrap();
    println!("a state of {mebibytes} MiB: written in {compacted:?}, read in {:?}", began.elapsed());
    store.expire(&document, generation).await.unwrap();
}

fn print(what: &str, (mut latencies, rate): (Vec<Duration>, f64)) {
    latencies.sort_unstable();
    let at = |permille: usize| latencies[(latencies.len() - 1) * permille / 1000];
    println!(
        "{what}: {rate:.0} appends/s of 64 B, p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?}",
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}
