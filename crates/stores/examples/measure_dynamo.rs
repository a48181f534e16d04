//! Measures ledger writes on DynamoDB: one conditional update each, one by one and from 16 apps at once.
//!
//! `cargo run --release -p stores --example measure_dynamo [TABLE,endpoint=URL]`; without a table on a dynoxide
//! in this process.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

use domain::ids::{AppId, AppKey, NodeId, NodeName, TenantId};
use domain::ledger::{Bounds, Share, ShareWrite, WriteOutcome};
use domain::ports::{HomePorts, Ledger};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::dynamo::{Access, TableAt};
use stores::system::SystemClock;

const WRITES: u64 = 4_000;
const AT_ONCE: u64 = 16;

#[tokio::main]
async fn main() {
    let table = match std::env::args().nth(1) {
        Some(table) => table,
        None => format!("home,endpoint={}", dynoxide().await),
    };
    let table: TableAt = table.parse().unwrap();
    let home = Access::from_environment().await.home(&table).unwrap();
    home.create_table().await.unwrap();
    let HomePorts { ledger, .. } = home.ports(Arc::new(SystemClock::new()));
    write(ledger.clone(), "warm".to_owned(), WRITES / 10).await;

    let begun = Instant::now();
    write(ledger.clone(), "alone".to_owned(), WRITES).await;
    print("one by one", WRITES, begun.elapsed());

    let begun = Instant::now();
    let writers = (0..AT_ONCE).map(|nth| tokio::spawn(write(ledger.clone(), format!("app{nth}"), WRITES)));
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    print("16 at once", AT_ONCE * WRITES, begun.elapsed());
}

async fn dynoxide() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    endpoint
}

/// Writes one share again and again, each time from the value before.
async fn write(ledger: Arc<dyn Ledger>, app: String, writes: u64) {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(&app).unwrap() };
    let epoch = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis().try_into().unwrap();
    let node = NodeId { name: NodeName::parse("node").unwrap(), epoch };
    let mut old = None;
    for sequence in 1..=writes {
        let new = Share { connections: sequence % 100, documents: 0, sequence, sealed: false };
        let bounds = Bounds { connections: Some(1_000_000), documents: None };
        let write = ShareWrite { node: node.clone(), old, new, bounds };
        let outcome = ledger.write(&app, &write).await.unwrap();
        assert!(matches!(outcome, WriteOutcome::Written(_)), "{outcome:?}");
        old = Some(new);
    }
}

fn print(what: &str, writes: u64, took: Duration) {
    let each = took.as_secs_f64() * 1e6 / writes as f64;
    println!(
        "{what}: {writes} writes in {:.2} s, {:.0} a second, {each:.0} µs each",
        took.as_secs_f64(),
        1e6 / each
    );
}
