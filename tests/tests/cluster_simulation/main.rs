//! Nodes live, die, stand still and come back over one home table, and the counts stay exact, each document has one
//! owner, and nothing leaks: simulated, from seeds.
//!
//! The nodes are the sync node's own `Home`s on paused time; what they hold their leases for, clients and documents,
//! is played here. Each seed gives one schedule. `WIRESOCKET_SCHEDULES` says how many are run; `WIRESOCKET_SEED` runs
//! one of them again, and shows what happens in it.

mod admission;
#[path = "../ledger_simulation/chance.rs"]
mod chance;
mod documents;
mod drawing;
mod ending;
mod house;
mod model;
mod node;
mod plan;
mod planted;
mod rules;
mod schedule;
mod sequences;
mod table;
mod tally;
#[path = "../ledger_simulation/trace.rs"]
mod trace;
mod transition;
mod view;
mod violation;

use planted::Planted;
use schedule::{Outcome, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use tally::Tally;
use trace::Trace;
use violation::Violation;

/// Schedules of a run, unless the environment says otherwise.
const SCHEDULES: u64 = 2_000;
/// Schedules within which each planted bug must show.
const SCHEDULES_TO_FIND: u64 = 2_000;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs schedules on all cores until one fails. Returns what was met, and the failure of the lowest seed.
fn run_all(seeds: std::ops::Range<u64>, planted: Planted) -> (Tally, Option<(u64, Violation)>) {
    let next = AtomicU64::new(seeds.start);
    let (tally, failure) = (Mutex::new(Tally::default()), Mutex::new(None));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let outcome = run(seed, planted, Trace::default());
            *tally.lock().expect("nobody panics with it") += outcome.tally;
            if let Some(violation) = outcome.violation {
                next.store(seeds.end, Ordering::Relaxed);
                let mut failure = failure.lock().expect("nobody panics with it");
                if failure.as_ref().is_none_or(|(lowest, _)| seed < *lowest) {
                    *failure = Some((seed, violation));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let tally = *tally.lock().expect("nobody panics with it");
    (tally, failure.into_inner().expect("nobody panics with it"))
}

fn expect_hold(seeds: std::ops::Range<u64>) -> Tally {
    match run_all(seeds, Planted::Nothing) {
        (tally, None) => tally,
        (_, Some((seed, violation))) => {
            let Outcome { trace, .. } = run(seed, Planted::Nothing, Trace::kept());
            panic!("{}\nWIRESOCKET_SEED={seed}: {violation}", trace.tail());
        }
    }
}

/// The first schedule in which a planted bug shows, and what of it.
fn first_found(planted: Planted) -> (u64, Violation) {
    let (_, found) = run_all(0..SCHEDULES_TO_FIND, planted);
    found.unwrap_or_else(|| panic!("{planted:?} passed {SCHEDULES_TO_FIND} schedules"))
}

#[test]
fn counts_are_exact_and_documents_have_one_owner_in_every_schedule() {
    if let Some(seed) = number_from_environment("WIRESOCKET_SEED") {
        let Outcome { trace, violation, .. } = run(seed, Planted::Nothing, Trace::kept());
        println!("{}\n{violation:?}", trace.text());
        assert!(violation.is_none());
        return;
    }
    let schedules = number_from_environment("WIRESOCKET_SCHEDULES").unwrap_or(SCHEDULES);
    let began = Instant::now();
    let met = expect_hold(0..schedules);
    println!("{schedules} schedules in {:?}: {met:?}", began.elapsed());
}

#[test]
fn schedules_meet_all_that_they_are_for() {
    let met = expect_hold(0..200);
    let of_clients = [met.clients, met.gave_up, met.races, met.take_overs];
    let of_nodes =
        [met.deaths, met.deaths_at_a_call, met.last_words, met.stops, met.cuts, met.drains, met.fenced];
    assert!(of_clients.iter().chain(&of_nodes).all(|count| *count >= 20), "{met:?}");
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let trace = |seed| run(seed, Planted::Nothing, Trace::kept()).trace;
    for seed in 0..50 {
        let (first, second, other) = (trace(seed), trace(seed), trace(seed + 1));
        assert!(first.text() == second.text(), "the traces of seed {seed} differ");
        assert!(first.text() != other.text(), "seeds {seed} and {} give one trace", seed + 1);
    }
}

#[test]
fn reaping_by_deletion_of_the_share_is_found() {
    let (seed, violation) = first_found(Planted::Deleting);
    println!("found by seed {seed}: {violation}");
}

#[test]
fn a_hold_without_the_check_after_it_is_found() {
    let (seed, violation) = first_found(Planted::Unchecked);
    println!("found by seed {seed}: {violation}");
}

#[test]
fn a_fence_without_the_condition_on_the_beat_is_found() {
    let (seed, violation) = first_found(Planted::Unconditional);
    println!("found by seed {seed}: {violation}");
    assert!(matches!(violation, Violation::FencedAlive { .. }), "{violation}");
}

#[test]
fn a_take_over_without_a_higher_generation_is_found() {
    let (seed, violation) = first_found(Planted::SameGeneration);
    println!("found by seed {seed}: {violation}");
    assert!(matches!(violation, Violation::NotHigher { .. } | Violation::TwoOwners { .. }), "{violation}");
}

#[test]
fn a_reaper_that_does_not_visit_what_the_dead_held_is_found() {
    let (seed, violation) = first_found(Planted::Forgetful);
    println!("found by seed {seed}: {violation}");
}
