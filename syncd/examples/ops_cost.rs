//! What counting ops costs: `cargo run --release -p syncd --example ops_cost`.
//!
//! A document receives single-character edits on one thread, as its task does: with a token of its app's purse for each,
//! and without. Medians of runs that take turns.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a report, and inputs that are valid

use bytes::Bytes;
use domain::bounds::LIMIT_MAX;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, TenantId};
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
    let (mut counted, mut uncounted) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        uncounted.push(receive_all(&messages, &*clock, None).await);
        counted.push(receive_all(&messages, &*clock, Some((&purse, &metrics))).await);
    }
    let (counted, uncounted) = (median(&mut counted), median(&mut uncounted));
    println!("{EDITS} edits of one document on one thread, medians of {RUNS} runs:");
    println!("  counted    {:>9.0} ops/s  {counted:?} each", 1.0 / counted.as_secs_f64());
    println!("  uncounted  {:>9.0} ops/s  {uncounted:?} each", 1.0 / uncounted.as_secs_f64());
    println!("  counting   {:>9.1} %", (counted.as_secs_f64() / uncounted.as_secs_f64() - 1.0) * 100.0);
    println!("  a token    {:>9.3?}", token(&purse).await);
    println!("  ops counted: {}; {}", metrics.ops.get(), purchases(&metrics));
}

/// The time of one op, over all messages.
async fn receive_all(
    messages: &[Bytes],
    clock: &SystemClock,
    counting: Option<(&Arc<AppPurse>, &Metrics)>,
) -> Duration {
    let mut document = Document::open(&[], Caps::default()).unwrap();
    document.join(SESSION, Duration::ZERO);
    let mut turn = Turn::default();
    let began = Instant::now();
    for batch in messages.chunks(TURN) {
        for message in batch {
            assert!(engine::may_be_op(message));
            let mut budget = OpsBudget::new(1);
            let token = match counting {
                Some((purse, _)) => Some(take(purse).await),
                None => None,
            };
            document.receive(SESSION, message, clock.monotonic(), &mut budget, &mut turn).unwrap();
            if let (Some((purse, metrics)), Some(token)) = (counting, token) {
                match budget.used() {
                    0 => purse.put_back(token),
                    used => metrics.ops.inc_by(used),
                }
            }
        }
        black_box(&turn);
        turn.clear();
        tokio::task::yield_now().await;
    }
    began.elapsed() / EDITS
}

async fn take(purse: &Arc<AppPurse>) -> domain::ops::Token {
    match purse.take(LIMIT_MAX, || 1) {
        Taken::Token(token) => token,
        Taken::Empty | Taken::Full => purse.wait(1, LIMIT_MAX, || 1).await.unwrap(),
    }
}

/// The time of taking one token that is there.
async fn token(purse: &Arc<AppPurse>) -> Duration {
    let began = Instant::now();
    for _ in 0..EDITS / TURN as u32 {
        for _ in 0..TURN {
            let _ = black_box(take(purse).await);
        }
        tokio::task::yield_now().await;
    }
    began.elapsed() / EDITS
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
