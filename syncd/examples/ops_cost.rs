//! What counting ops costs: `cargo run --release -p syncd --example ops_cost`.
//!
//! A document receives single-character edits on one thread, as its task does: with a token of its app's purse for each,
//! and without, turn by turn.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a report, and inputs that are valid

use bytes::Bytes;
use domain::bounds::LIMIT_MAX;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, TenantId};
use domain::ops::Token;
use engine::{Caps, Document, OpsBudget, SessionId, Turn};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::memory::MemoryRateGate;
use stores::system::{SystemClock, SystemEntropy};
use syncd::gate::Gate;
use syncd::metrics::Metrics;
use syncd::ops::{AppPurse, Purses, Taken};

const EDITS: u32 = 400_000;
/// Messages between two chances for the purse's driver: those of one turn, at most.
const TURN: usize = 256;
const RUNS: usize = 11;
const SESSION: SessionId = SessionId(1);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let messages: Vec<Bytes> = (0..EDITS).map(typed).collect();
    let clock = Arc::new(SystemClock::new());
    let metrics = Arc::new(Metrics::new(Vec::new()).unwrap());
    let port = Arc::new(MemoryRateGate::new(clock.clone()));
    let gate = Arc::new(Gate::new(port, clock.clone(), Arc::clone(&metrics)));
    let purses = Purses::new(gate, Arc::new(SystemEntropy));
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    let purse = purses.of(&app);
    let counting = Counting { purse, metrics };
    let (mut counted, mut uncounted) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (with, without) = receive_all(&messages, &clock, &counting).await;
        counted.push(with);
        uncounted.push(without);
    }
    let (counted, uncounted) = (median(&mut counted), median(&mut uncounted));
    println!(
        "{EDITS} edits of one document on one thread, every other turn counted, medians of {RUNS} runs:"
    );
    println!("  counted    {:>9.0} ops/s  {counted:?} each", 1.0 / counted.as_secs_f64());
    println!("  uncounted  {:>9.0} ops/s  {uncounted:?} each", 1.0 / uncounted.as_secs_f64());
    println!("  counting   {:>9.1} %", (counted.as_secs_f64() / uncounted.as_secs_f64() - 1.0) * 100.0);
    println!("  a token    {:>9.3?}", token(&counting.purse, &clock).await);
    println!("  ops counted: {}; {}", counting.metrics.ops.get(), purchases(&counting.metrics));
}

struct Counting {
    purse: Arc<AppPurse>,
    metrics: Arc<Metrics>,
}

/// The median times of one op, counted and not, over turns that alternate.
async fn receive_all(messages: &[Bytes], clock: &SystemClock, counting: &Counting) -> (Duration, Duration) {
    let mut document = Document::open(&[], Caps::default()).unwrap();
    document.join(SESSION, Duration::ZERO);
    let mut turn = Turn::default();
    let (mut counted, mut uncounted) = (Vec::new(), Vec::new());
    for two in messages.chunks_exact(2 * TURN) {
        let (with, without) = two.split_at(TURN);
        let began = Instant::now();
        for message in with {
            receive_counted(&mut document, message, clock, counting, &mut turn).await;
        }
        counted.push(began.elapsed() / TURN as u32);
        finish(&mut turn).await;
        let began = Instant::now();
        for message in without {
            assert!(engine::may_be_op(message));
            let mut budget = OpsBudget::unlimited();
            document.receive(SESSION, message, clock.monotonic(), &mut budget, &mut turn).unwrap();
        }
        uncounted.push(began.elapsed() / TURN as u32);
        finish(&mut turn).await;
    }
    (median(&mut counted), median(&mut uncounted))
}

async fn receive_counted(
    document: &mut Document,
    message: &Bytes,
    clock: &SystemClock,
    counting: &Counting,
    turn: &mut Turn,
) {
    assert!(engine::may_be_op(message));
    let now = clock.monotonic();
    let token = take(&counting.purse, now).await;
    let mut budget = OpsBudget::new(1);
    document.receive(SESSION, message, now, &mut budget, turn).unwrap();
    match budget.used() {
        0 => counting.purse.put_back(token),
        used => counting.metrics.ops.inc_by(used),
    }
}

/// What the document's task does between two turns, as far as the purse's driver gets a chance by it.
async fn finish(turn: &mut Turn) {
    black_box(&turn);
    turn.clear();
    tokio::task::yield_now().await;
}

async fn take(purse: &Arc<AppPurse>, now: Duration) -> Token {
    match purse.take(LIMIT_MAX, now, || 1) {
        Taken::Token(token) => token,
        Taken::Empty | Taken::Full => purse.wait(1, LIMIT_MAX, || 1).await.unwrap(),
    }
}

/// The time of taking one token that is there.
async fn token(purse: &Arc<AppPurse>, clock: &SystemClock) -> Duration {
    let mut turns = Vec::new();
    for _ in 0..EDITS as usize / TURN {
        let now = clock.monotonic();
        let began = Instant::now();
        for _ in 0..TURN {
            let _ = black_box(take(purse, now).await);
        }
        turns.push(began.elapsed() / TURN as u32);
        tokio::task::yield_now().await;
    }
    median(&mut turns)
}

fn purchases(metrics: &Metrics) -> String {
    let text = metrics.text();
    let purchases = text.lines().filter(|line| line.starts_with("wiresocket_ops_purchases_total"));
    purchases.collect::<Vec<_>>().join(", ")
}

fn median(runs: &mut [Duration]) -> Duration {
    runs.sort_unstable();
    runs[runs.len() / 2]
}

/// The message of one character's update, each after the last, as Yjs writes it.
fn typed(clock: u32) -> Bytes {
    const CLIENT: u64 = 0x1234_5678;
    let mut update = vec![1, 1];
    put(&mut update, CLIENT);
    put(&mut update, u64::from(clock));
    match clock.checked_sub(1) {
        Some(left) => {
            update.push(0x84);
            put(&mut update, CLIENT);
            put(&mut update, u64::from(left));
        }
        None => update.extend([4, 1, 1, b't']),
    }
    update.extend([1, b'x', 0]);
    let mut message = vec![0, 2];
    put(&mut message, update.len() as u64);
    message.extend(update);
    message.into()
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
