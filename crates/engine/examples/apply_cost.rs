//! What the hot paths of a document cost, as medians: `cargo run --release -p engine --example apply_cost`.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // a report, and a document that is not poisoned

use bytes::Bytes;
use engine::{Caps, Document, OpsBudget, SessionId, Turn};
use std::time::{Duration, Instant};

const EDITS: u32 = 260_000;
const BATCH: usize = 1000;
const CLIENT: u64 = 0x1234_5678;

fn main() {
    let appended = typing();
    println!("one writer, {EDITS} single characters, each after the last:");
    let state = receive_all(&appended);
    join(&state, &appended);
    let scattered = scattered();
    println!("one writer, {EDITS} single characters, at a cursor that moves about, 1 in 8 deleted:");
    let state = receive_all(&scattered);
    join(&state, &scattered);
}

/// Receives updates as messages. Prints the median cost at the start and at the end.
fn receive_all(updates: &[Vec<u8>]) -> Bytes {
    let messages: Vec<Bytes> = updates.iter().map(|update| message(update)).collect();
    let mut document = Document::open(&[], Caps::default()).unwrap();
    document.join(SessionId(1), Duration::ZERO);
    let (mut turn, mut ops) = (Turn::default(), OpsBudget::unlimited());
    let mut batches = Vec::new();
    for batch in messages.chunks(BATCH) {
        let start = Instant::now();
        for message in batch {
            document.receive(SessionId(1), message, Duration::ZERO, &mut ops, &mut turn).unwrap();
        }
        batches.push(start.elapsed() / batch.len() as u32);
        turn.clear();
    }
    let tenth = batches.len() / 10;
    println!("  receive, first tenth  {:>10.3?}", median(&mut batches[..tenth].to_vec()));
    println!("  receive, last tenth   {:>10.3?}", median(&mut batches[batches.len() - tenth..].to_vec()));
    let start = Instant::now();
    let state = document.encoded_state().unwrap();
    println!("  encode once           {:>10.3?} ({} bytes)", start.elapsed(), state.len());
    let mut cached = repeat(1000, || drop(document.encoded_state().unwrap()));
    println!("  encode, cached        {:>10.3?}", median(&mut cached));
    println!("  empty joiner          {:>10.3?}", joiner(&mut document, &[0]));
    println!("  joiner lacking little {:>10.3?}", joiner(&mut document, &state_vector(EDITS - 10)));
    println!("  joiner lacking none   {:>10.3?}", joiner(&mut document, &state_vector(EDITS)));
    state
}

fn joiner(document: &mut Document, state_vector: &[u8]) -> Duration {
    let mut step_1 = vec![0, 0, state_vector.len() as u8];
    step_1.extend_from_slice(state_vector);
    let (step_1, mut turn) = (Bytes::from(step_1), Turn::default());
    let mut ops = OpsBudget::unlimited();
    median(&mut repeat(100, || {
        document.receive(SessionId(1), &step_1, Duration::ZERO, &mut ops, &mut turn).unwrap();
        turn.clear();
    }))
}

fn join(state: &Bytes, updates: &[Vec<u8>]) {
    let log: Vec<Bytes> = updates.iter().map(|update| Bytes::copy_from_slice(update)).collect();
    let start = Instant::now();
    let mut opened = Document::open(&log, Caps::default()).unwrap();
    println!("  open from the log     {:>10.3?}", start.elapsed());
    assert_eq!(opened.encoded_state().unwrap(), *state);
    let mut opens = repeat(5, || drop(Document::open(std::slice::from_ref(state), Caps::default()).unwrap()));
    println!("  open compacted        {:>10.3?}", median(&mut opens));
}

fn repeat(times: usize, mut run: impl FnMut()) -> Vec<Duration> {
    let once = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..times).map(once).collect()
}

fn median(durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}

/// Each character's update, as Yjs writes it.
fn typing() -> Vec<Vec<u8>> {
    (0..EDITS).map(|clock| insert(clock, clock.checked_sub(1), None, 'x')).collect()
}

/// Characters typed at a cursor that goes elsewhere every 20 characters or so; one in 8 is deleted again.
fn scattered() -> Vec<Vec<u8>> {
    let mut text: Vec<u32> = Vec::new();
    let (mut random, mut at) = (1_u64, 0);
    let mut updates = Vec::new();
    for clock in 0..EDITS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if (random >> 33) % 20 == 0 {
            at = (random >> 38) as usize % (text.len() + 1);
        }
        let left = at.checked_sub(1).map(|left| text[left]);
        updates.push(insert(clock, left, text.get(at).copied(), 'y'));
        text.insert(at, clock);
        if clock % 8 == 7 {
            updates.push(delete(text.remove(at)));
        } else {
            at += 1;
        }
    }
    updates
}

fn insert(clock: u32, left: Option<u32>, right: Option<u32>, character: char) -> Vec<u8> {
    let mut out = vec![1, 1];
    put(&mut out, CLIENT);
    put(&mut out, u64::from(clock));
    out.push(4 | if left.is_some() { 0x80 } else { 0 } | if right.is_some() { 0x40 } else { 0 });
    for neighbour in [left, right].into_iter().flatten() {
        put(&mut out, CLIENT);
        put(&mut out, u64::from(neighbour));
    }
    if left.is_none() && right.is_none() {
        out.extend([1, 1, b't']);
    }
    out.extend([1, character as u8, 0]);
    out
}

fn delete(clock: u32) -> Vec<u8> {
    let mut out = vec![0, 1];
    put(&mut out, CLIENT);
    out.push(1);
    put(&mut out, u64::from(clock));
    out.push(1);
    out
}

fn state_vector(clock: u32) -> Vec<u8> {
    let mut out = vec![1];
    put(&mut out, CLIENT);
    put(&mut out, u64::from(clock));
    out
}

fn message(update: &[u8]) -> Bytes {
    let mut out = vec![0, 2];
    put(&mut out, update.len() as u64);
    out.extend_from_slice(update);
    out.into()
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
