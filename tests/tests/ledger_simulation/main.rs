//! The ledger's counts are exact whatever the network, the nodes and the reapers do: simulated, from seeds.
//!
//! Each seed gives one schedule. `WIRESOCKET_SCHEDULES` says how many are run; `WIRESOCKET_SEED` runs one of
//! them again, and shows what happens in it.

mod chance;
mod deaths;
mod desks;
mod driving;
mod event;
mod model;
mod network;
mod node;
mod plan;
mod reaper;
mod store;
mod trace;
mod users;
mod violation;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use store::Kind;
use stores::faults::FaultPlan;
use syncd::caps::STORE_DEADLINE;
use trace::Trace;
use violation::Violation;
use world::{Tally, run};

/// Schedules of a run, unless the environment says otherwise.
const SCHEDULES: u64 = 4_000;
/// Schedules within which each planted bug must show.
const SCHEDULES_TO_FIND: u64 = 400;
/// Schedules of the asynchronous driver.
const DESK_SCHEDULES: u64 = 300;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs a schedule over the true store; where it fails, tells how it came to that.
fn expect_holds(seed: u64) -> Tally {
    match catch_unwind(|| run(seed, Kind::Memory, &mut Trace::default())) {
        Ok(Ok(tally)) => tally,
        Ok(Err(_)) | Err(_) => {
            let (trace, outcome) = replay(seed);
            panic!("{}\nWIRESOCKET_SEED={seed}: {outcome}", trace.tail());
        }
    }
}

/// Runs a schedule again, and keeps what happens in it.
fn replay(seed: u64) -> (Trace, String) {
    let mut trace = Trace::kept();
    let outcome = match catch_unwind(AssertUnwindSafe(|| run(seed, Kind::Memory, &mut trace))) {
        Ok(Ok(tally)) => format!("it holds: {tally:?}"),
        Ok(Err(violation)) => violation.to_string(),
        Err(_) => "it panicked, see above".to_owned(),
    };
    (trace, outcome)
}

/// The first schedule in which a planted bug shows, and what of it.
fn first_found(planted: Kind) -> (u64, Violation) {
    (0..SCHEDULES_TO_FIND)
        .find_map(|seed| run(seed, planted, &mut Trace::default()).err().map(|violation| (seed, violation)))
        .unwrap_or_else(|| panic!("{planted:?} passed {SCHEDULES_TO_FIND} schedules"))
}

#[test]
fn counts_are_exact_in_every_schedule() {
    if let Some(seed) = number_from_environment("WIRESOCKET_SEED") {
        println!("{}\n{}", replay(seed).0.text(), replay(seed).1);
        expect_holds(seed);
        return;
    }
    let schedules = number_from_environment("WIRESOCKET_SCHEDULES").unwrap_or(SCHEDULES);
    let (began, mut met) = (Instant::now(), Tally::default());
    for seed in 0..schedules {
        met += expect_holds(seed);
    }
    println!("{schedules} schedules in {:?}: {met:?}", began.elapsed());
}

#[test]
fn schedules_meet_all_that_they_are_for() {
    let mut met = Tally::default();
    for seed in 0..SCHEDULES_TO_FIND {
        met += expect_holds(seed);
    }
    let counts = [met.admitted, met.refused_full, met.unavailable, met.landed_late, met.crashes];
    let of_reapers = [met.reaper_crashes, met.sealed, met.fenced];
    assert!(counts.iter().chain(&of_reapers).all(|count| *count >= 20), "{met:?}");
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    for seed in 0..50 {
        let (first, second, other) = (replay(seed), replay(seed), replay(seed + 1));
        assert!(first.0.text() == second.0.text(), "the traces of seed {seed} differ");
        assert!(first.0.text() != other.0.text(), "seeds {seed} and {} give one trace", seed + 1);
    }
}

#[test]
fn a_plain_add_in_place_of_the_compare_and_set_is_found() {
    let (seed, violation) = first_found(Kind::PlainAdd);
    println!("found by seed {seed}: {violation}");
}

#[test]
fn shares_without_sequence_numbers_are_found() {
    let (seed, violation) = first_found(Kind::NoSequence);
    println!("found by seed {seed}: {violation}");
}

#[test]
fn reaping_by_deletion_of_the_share_is_found() {
    let (seed, violation) = first_found(Kind::Deleting);
    println!("found by seed {seed}: {violation}");
    assert!(
        matches!(violation, Violation::NotExact { .. }),
        "a late write of a dead node brings its share back"
    );
}

#[test]
fn the_async_driver_gives_back_every_place_over_a_failing_store() {
    // Longer than a call may take, so that some calls are given up before their effect and some after it.
    let weather = FaultPlan { delay_max: STORE_DEADLINE * 2, ..FaultPlan::rough() };
    let began = Instant::now();
    for seed in 0..DESK_SCHEDULES {
        desks::holds(seed, weather);
    }
    println!("{DESK_SCHEDULES} schedules in {:?}", began.elapsed());
}
