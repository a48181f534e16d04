//! Nodes buy ops of one app's window from the real gate in memory and spend them, on turned time: the limit holds to the
//! op, and all of it can be used. Simulated, from seeds.
//!
//! The purses are the domain's own; calls, delays, lost replies, deaths and ops are played here. Each seed gives one
//! schedule. `WIRESOCKET_SCHEDULES` says how many are run; `WIRESOCKET_SEED` runs one of them again, in each setting.

mod calls;
#[path = "../ledger_simulation/chance.rs"]
mod chance;
mod house;
mod log;
mod node;
mod plan;

use log::{Log, Violation};
use plan::{Plan, Planted, Setting};

/// Schedules of each setting, unless the environment says otherwise.
const SCHEDULES: u64 = 60;
/// Schedules within which each planted bug must show.
const SCHEDULES_TO_FIND: u64 = 60;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn run(setting: Setting, seed: u64, planted: Planted) -> (Plan, Log) {
    let plan = Plan::draw(setting, seed, planted);
    let log = house::run(&plan);
    (plan, log)
}

/// What the schedules of a setting met.
#[derive(Debug, Default)]
struct Met {
    schedules: u64,
    bought: usize,
    shared_out: usize,
    refused: usize,
    purchases: u64,
}

fn expect_hold(setting: Setting) -> Met {
    let seeds = match number_from_environment("WIRESOCKET_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_from_environment("WIRESOCKET_SCHEDULES").unwrap_or(SCHEDULES),
    };
    let mut met = Met::default();
    for seed in seeds {
        let (plan, log) = run(setting, seed, Planted::Nothing);
        if let Some(violation) = log.violation(&plan) {
            panic!("WIRESOCKET_SEED={seed} ({setting:?}): {violation:?}\n{plan:?}");
        }
        met.schedules += 1;
        met.bought += log.bought.len();
        met.shared_out += log.shared_out.len();
        met.refused += log.refused.len();
        met.purchases += log.purchases;
    }
    assert!(met.bought > 0 && met.refused > 0, "{met:?}");
    met
}

/// The first schedule in which a planted bug passes the limit.
fn first_found(planted: Planted) -> (u64, Violation) {
    let found = (0..SCHEDULES_TO_FIND).find_map(|seed| {
        let (plan, log) = run(Setting::Alone, seed, planted);
        let violation = log.violation(&plan);
        violation
            .filter(|violation| matches!(violation, Violation::TooMany { .. }))
            .map(|found| (seed, found))
    });
    found.unwrap_or_else(|| panic!("{planted:?} passed {SCHEDULES_TO_FIND} schedules"))
}

#[test]
fn on_one_node_op_number_limit_passes_and_the_next_does_not() {
    println!("{:?}", expect_hold(Setting::Alone));
}

#[test]
fn on_several_nodes_the_limit_is_never_passed_and_nearly_all_of_it_is_used() {
    println!("{:?}", expect_hold(Setting::Several));
}

#[test]
fn lost_replies_delays_and_deaths_never_pass_the_limit_and_the_own_share_bounds_what_passes_meanwhile() {
    println!("{:?}", expect_hold(Setting::Disorder));
}

#[test]
fn the_same_seed_gives_the_same_log() {
    for seed in 0..5 {
        let logs = [0, 1].map(|_| run(Setting::Disorder, seed, Planted::Nothing).1);
        assert_eq!(logs[0].bought, logs[1].bought);
        assert_eq!(logs[0].refused, logs[1].refused);
    }
}

#[test]
fn grants_that_count_from_the_moment_they_are_given_are_found() {
    let (seed, violation) = first_found(Planted::CountedAtOnce);
    println!("found by seed {seed}: {violation:?}");
}

#[test]
fn lots_that_last_too_long_are_found() {
    let (seed, violation) = first_found(Planted::SlowClocks);
    println!("found by seed {seed}: {violation:?}");
}

#[test]
fn tokens_that_are_given_back_twice_are_found() {
    let (seed, violation) = first_found(Planted::ReturnedTwice);
    println!("found by seed {seed}: {violation:?}");
}
