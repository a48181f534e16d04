//! What counting and metering ops costs: `cargo run --release -p syncd --example ops_cost`.
//!
//! A document receives single-character edits on one thread, as its task does, in turns that alternate: with a token of its
//! app's purse for each, with that and metered, and with neither. The cost of an op is that of the engine alone, so that the
//! shares are larger than where it is also read, stored and sent.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a report, and inputs that are valid

use bytes::Bytes;
use domain::bounds::LIMIT_MAX;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, TenantId};
use domain::metering::Recorder;
use domain::ops::Token;
use domain::ports::Writer;
use engine::{Caps, Document, OpsBudget, SessionId, Turn};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::memory::{MemoryRateGate, MemoryUsageLog};
use stores::system::{SystemClock, SystemEntropy};
use syncd::gate::Gate;
use syncd::metering::{Tallied, Tally};
use syncd::metrics::Metrics;
use syncd::ops::{AppPurse, Purses, Taken};

const EDITS: u32 = 300_000;
/// Messages between two chances for the purse's driver: those of one turn, at most.
const TURN: usize = 256;
const RUNS: usize = 11;
const SESSION: SessionId = SessionId(1);

/// What is done about an op besides applying it.
#[derive(Clone, Copy)]
enum Way {
    Uncounted,
    Counted,
    /// Counted too; so many ops are stored at once.
    Metered(usize),
}

const WAYS: [Way; 4] = [Way::Uncounted, Way::Counted, Way::Metered(TURN), Way::Metered(1)];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let messages: Vec<Bytes> = (0..EDITS).map(typed).collect();
    let clock = Arc::new(SystemClock::new());
    let mut counting = counting(&clock);
    let mut times: [Vec<Duration>; WAYS.len()] = Default::default();
    for _ in 0..RUNS {
        let medians = receive_all(&messages, &clock, &mut counting).await;
        times.iter_mut().zip(medians).for_each(|(times, median)| times.push(median));
    }
    let [uncounted, counted, metered, metered_alone] = times.map(|mut times| median(&mut times));
    let more = |than: Duration, time: Duration| (time.as_secs_f64() / than.as_secs_f64() - 1.0) * 100.0;
    println!("{EDITS} edits of one document on one thread, medians of {RUNS} runs:");
    for (name, time, than) in [
        ("uncounted", uncounted, uncounted),
        ("counted", counted, uncounted),
        ("metered, 256 a turn", metered, counted),
        ("metered, 1 a turn", metered_alone, counted),
    ] {
        println!("  {name:<20} {time:>9.1?} an op  {:>+6.2} %", more(than, time));
    }
    println!("  a token              {:>9.1?}", token(&counting.purse, &clock).await);
    println!(
        "  metering alone       {:>9.1?} an op, {:.1?} with a turn each",
        tallying(TURN, &clock),
        tallying(1, &clock)
    );
    println!("  ops counted: {}; {}", counting.metrics.ops.get(), purchases(&counting.metrics));
}

struct Counting {
    purse: Arc<AppPurse>,
    metrics: Arc<Metrics>,
    tally: Tally,
}

fn counting(clock: &Arc<SystemClock>) -> Counting {
    let metrics = Arc::new(Metrics::new(Vec::new()).unwrap());
    let port = Arc::new(MemoryRateGate::new(clock.clone()));
    let gate = Arc::new(Gate::new(port, clock.clone(), Arc::clone(&metrics)));
    let purses = Purses::new(gate, Arc::new(SystemEntropy));
    let purse = purses.of(&document().app);
    Counting { purse, metrics, tally: tally(clock) }
}

fn tally(clock: &Arc<SystemClock>) -> Tally {
    let recorder = Recorder::new(Writer(1), Arc::new(MemoryUsageLog::new()));
    let tallied = Tallied::into_recorder(Arc::new(recorder));
    Tally::new(Some(tallied), clock.clone(), Arc::new(document()))
}

fn document() -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse("d").unwrap() }
}

/// The median times of one op in each way, over turns that alternate.
async fn receive_all(
    messages: &[Bytes],
    clock: &SystemClock,
    counting: &mut Counting,
) -> [Duration; WAYS.len()] {
    let mut document = Document::open(&[], Caps::default()).unwrap();
    document.join(SESSION, Duration::ZERO);
    let mut turn = Turn::default();
    let mut times: [Vec<Duration>; WAYS.len()] = Default::default();
    for round in messages.chunks_exact(WAYS.len() * TURN) {
        for ((way, messages), times) in WAYS.iter().zip(round.chunks(TURN)).zip(&mut times) {
            let began = Instant::now();
            receive(&mut document, messages, *way, clock, counting, &mut turn).await;
            times.push(began.elapsed() / TURN as u32);
            finish(&mut turn).await;
        }
    }
    times.map(|mut times| median(&mut times))
}

async fn receive(
    document: &mut Document,
    messages: &[Bytes],
    way: Way,
    clock: &SystemClock,
    counting: &mut Counting,
    turn: &mut Turn,
) {
    let at_once = if let Way::Metered(at_once) = way { at_once } else { TURN };
    for messages in messages.chunks(at_once) {
        let mut now = Duration::ZERO;
        for message in messages {
            assert!(engine::may_be_op(message));
            now = clock.monotonic();
            match way {
                Way::Uncounted => {
                    document.receive(SESSION, message, now, &mut OpsBudget::unlimited(), turn).unwrap();
                }
                Way::Counted => receive_counted(document, message, now, counting, turn).await,
                Way::Metered(_) => {
                    counting.tally.taken(now);
                    receive_counted(document, message, now, counting, turn).await;
                    counting.tally.applied();
                }
            }
        }
        if let Way::Metered(_) = way {
            // The moments are those that the task has anyway.
            counting.tally.stored(now);
            counting.tally.turn_ends(now);
        }
    }
}

async fn receive_counted(
    document: &mut Document,
    message: &Bytes,
    now: Duration,
    counting: &Counting,
    turn: &mut Turn,
) {
    let token = take(&counting.purse, now).await;
    let mut budget = OpsBudget::new(1);
    document.receive(SESSION, message, now, &mut budget, turn).unwrap();
    match budget.used() {
        0 => counting.purse.put_back(token),
        used => counting.metrics.ops.inc_by(used),
    }
}

/// The time of metering one op, so many a turn.
fn tallying(per_turn: usize, clock: &Arc<SystemClock>) -> Duration {
    let mut tally = tally(clock);
    let began = Instant::now();
    for op in 0..EDITS as usize {
        let now = Duration::from_micros(op as u64);
        tally.taken(black_box(now));
        tally.applied();
        if (op + 1) % per_turn == 0 {
            tally.stored(now);
            tally.turn_ends(now);
        }
    }
    began.elapsed() / EDITS
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
