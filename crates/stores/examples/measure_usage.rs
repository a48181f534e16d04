//! Measures usage on DynamoDB: what an addition and a minute cost, and how long a report of 13 months takes.
//!
//! `cargo run --release -p stores --example measure_usage`; on a dynoxide in this process, over HTTP.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

use domain::bounds::{REPORT_HOURS_MAX, USAGE_KEPT_DAYS};
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::{AppUsage, Endpoint, Levels, Reason};
use domain::ports::{Resolution, UsageAdd, UsageLog, Writer};
use dynoxide::Database;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::dynamo::{Access, TableAt};

const TODAY: Day = Day(20_779);
const READS: u32 = 20;
const ADDS_AT_ONCE: u64 = 4;
/// Bytes that a write unit covers.
const UNIT: usize = 1024;

#[tokio::main]
async fn main() {
    let database = Database::memory().unwrap();
    let table: TableAt = format!("usage,endpoint={}", serve(database.clone()).await).parse().unwrap();
    let table = Access::of_function().usage(&table).unwrap();
    table.create_table().await.unwrap();

    println!("| an hour's item | bytes | write units an addition |\n|---|---|---|");
    for (what, nodes, functions) in [
        ("1 node", 1, 0),
        ("1 node, 10 functions", 1, 10),
        ("4 nodes, 100 functions", 4, 100),
        ("4 nodes, 1,000 functions", 4, 1_000),
    ] {
        let bytes = hour_bytes(&table.log(), &database, what, nodes, functions).await;
        println!("| {what} | {bytes} | {} |", bytes.div_ceil(UNIT));
    }
    println!("\nOne busy node adds once a minute, and once an hour notes its app:");
    for ops_a_second in [1, 10, 100, 1_000] {
        let units = 1e6 / f64::from(ops_a_second * 60) * (1.0 + 1.0 / 60.0);
        println!("- at {ops_a_second} ops a second {units:.0} write units a million ops");
    }
    report(&table.log()).await;
}

async fn serve(database: Database) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    endpoint
}

fn app(name: &str) -> AppKey {
    AppKey { tenant: TenantId::parse("acme-industries").unwrap(), app: AppId::parse(name).unwrap() }
}

/// What a busy hour has: all endpoints, latencies in a handful of buckets each, and some refusals.
fn busy(peak: u64) -> AppUsage {
    let mut usage = AppUsage::default();
    for (endpoint, requests) in Endpoint::ALL.into_iter().zip([900, 40, 1_200, 60_000]) {
        let counts = usage.of_mut(endpoint);
        for micros in [80, 200, 450, 900, 2_000, 20_000] {
            counts.answered(requests, Duration::from_micros(micros));
        }
    }
    for (endpoint, code) in
        [(Endpoint::Connect, "4004"), (Endpoint::Connect, "4007"), (Endpoint::Ops, "4006")]
    {
        usage.of_mut(endpoint).refused(Reason::parse(code).unwrap(), Duration::from_micros(300));
    }
    if peak > 0 {
        usage.levels = Levels {
            connections_peak: peak,
            documents_peak: peak / 8,
            connections_ms: peak * 3_600_000,
            documents_ms: peak * 450_000,
        };
    }
    usage
}

/// Bytes of an hour's item after additions of so many writers.
async fn hour_bytes(
    log: &Arc<dyn UsageLog>,
    database: &Database,
    what: &str,
    nodes: u64,
    functions: u64,
) -> usize {
    let name = what.replace([' ', ','], "-");
    let hour = TODAY.first_hour();
    for writer in 0..nodes + functions {
        let writer_name = Writer(writer.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63);
        let usage = busy(if writer < nodes { 800 } else { 0 });
        log.add(writer_name, 57, &UsageAdd { app: app(&name), hour, usage }).await.unwrap();
    }
    let key = json!({"pk": {"S": format!("USAGE#acme-industries#{name}")}, "sk": {"S": format!("H{:010}", hour.0)}});
    let request = serde_json::from_value(json!({"TableName": "usage", "Key": key})).unwrap();
    let answer = serde_json::to_value(database.get_item(request).unwrap()).unwrap();
    answer["Item"].as_object().unwrap().iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// As DynamoDB counts: a text's bytes; of a number half a byte a digit, trailing zeros left out, and one.
fn value_bytes(value: &Value) -> usize {
    match (value["S"].as_str(), value["N"].as_str()) {
        (Some(text), _) => text.len(),
        (_, Some(digits)) => digits.trim_end_matches('0').len().div_ceil(2) + 1,
        _ => panic!("{value} is neither a text nor a number"),
    }
}

/// 13 months of a busy app, every hour of them, and a report of them by day.
async fn report(log: &Arc<dyn UsageLog>) {
    let (first, app) = (TODAY.minus(USAGE_KEPT_DAYS), app("shop"));
    let (from, to) = (first.first_hour(), TODAY.plus(1).first_hour());
    let begun = Instant::now();
    let writers = (0..ADDS_AT_ONCE).map(|nth| {
        let (log, app) = (Arc::clone(log), app.clone());
        tokio::spawn(async move {
            for hour in (from.0..to.0).filter(|hour| hour % ADDS_AT_ONCE == nth) {
                let add = UsageAdd { app: app.clone(), hour: Hour(hour), usage: busy(800) };
                log.add(Writer(1), 1, &add).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    println!("\n{} hours were added in {:.1} s", to.0 - from.0, begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    // The last day that is not settled yet is yesterday.
    log.roll_up(&app, TODAY.minus(1)).await.unwrap();
    println!("{} days were rolled up in {:.1} s", USAGE_KEPT_DAYS - 1, begun.elapsed().as_secs_f64());

    let month = to.0.saturating_sub(REPORT_HOURS_MAX);
    for (what, from, resolution) in
        [("13 months by day", from, Resolution::Days), ("31 days by hour", Hour(month), Resolution::Hours)]
    {
        let mut times = Vec::new();
        let mut items = 0;
        for _ in 0..READS {
            let begun = Instant::now();
            // Its spans, and for days the app's own item, are all that is read: no query leaves an item out.
            items = log.read(&app, from, to, resolution).await.unwrap().len();
            times.push(begun.elapsed());
        }
        times.sort();
        let own = usize::from(resolution == Resolution::Days);
        println!(
            "{what}: {} items, median {:.1} ms, longest {:.1} ms",
            items + own,
            times[times.len() / 2].as_secs_f64() * 1e3,
            times[times.len() - 1].as_secs_f64() * 1e3
        );
    }
}
