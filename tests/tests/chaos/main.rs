//! Chaos on real processes: nodes of two regions on one DynamoDB and one Redis are killed, stopped, drained, cut off and
//! started again, and so is the Redis, by a seed, under hundreds of clients of apps near their limits. Throughout the ledgers add up and pass no
//! limit; in the end they count exactly who is there, and no update that anybody else had seen is missing.
//!
//! `WIRESOCKET_CHAOS_SECONDS` says for how long, `WIRESOCKET_CHAOS_SEED` from which seed (else a new one each time).
#![allow(clippy::print_stdout, reason = "the seed and what happened are printed")]

mod apps;
mod auditor;
mod author;
mod city;
mod client;
mod disorder;
mod doors;
mod finale;
mod replaying;
mod seen;
mod trace;

use auditor::audit;
use city::City;
use client::Client;
use disorder::Disorder;
use house_tests::{Fleet, FleetPlan, Keeps, raise_file_limit};
use rand::{RngExt, rng};
use replaying::Replay;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Two regions; the one with three nodes loses up to all of them.
const REGIONS: [&str; 5] = ["r1", "r2", "r1", "r2", "r1"];

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no whole number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_loses_no_count_and_no_edit_that_was_seen() {
    let seed = from_environment("WIRESOCKET_CHAOS_SEED").unwrap_or_else(|| rng().random_range(0..1 << 32));
    let length = Duration::from_secs(from_environment("WIRESOCKET_CHAOS_SECONDS").unwrap_or(75));
    println!("chaos for {length:?} from seed {seed}; again: WIRESOCKET_CHAOS_SEED={seed}");
    raise_file_limit();
    let plan = FleetPlan {
        seed,
        ..FleetPlan::in_regions(&REGIONS).on_redis(Keeps::Everything).with(&["--drain-for", "2s"])
    };
    let fleet = Fleet::start(plan).await;
    let city = Arc::new(City::of(&fleet));
    let outcome = Box::pin(play(fleet, &city, seed, length)).await;
    println!("{:?}", city.counted());
    if let Err(violation) = outcome {
        println!("{}", city.trace.told());
        panic!("seed {seed}: {violation}");
    }
}

/// The whole play: until its end, or the first thing that must not be.
async fn play(fleet: Fleet, city: &Arc<City>, seed: u64, length: Duration) -> Result<(), String> {
    let table = fleet.table().clone();
    let auditing = tokio::spawn(audit(Arc::clone(city), table.clone()));
    let clients = Client::crowd(city, &fleet, seed);
    let replay = Replay::start(city, &fleet).await;
    let mut disorder = Disorder::over(fleet, Arc::clone(city), seed);
    let ends_at = Instant::now() + length;
    while Instant::now() < ends_at && city.violation().is_none() {
        disorder.step().await;
        replay.go_on().await;
    }
    let fleet = disorder.end().await;
    let outcome = match city.violation() {
        Some(violation) => Err(violation),
        None => finale::check(&fleet, city, clients, &replay).await,
    };
    city.is_over();
    auditing.await.map_err(|error| error.to_string())?;
    outcome.and(city.violation().map_or(Ok(()), Err))
}
