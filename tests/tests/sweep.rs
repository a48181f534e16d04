//! The scheduled sweep, as Lambda runs it, over the tables of real nodes.

use domain::bounds::{LEASE, LOOK_EVERY};
use house_tests::lambda::Scheduled;
use house_tests::{Fleet, FleetPlan, LiveClient, Plan};
use serde_json::Value;

const REGION: &str = "r1";

/// What `WIRESOCKET_HOME` says of a fleet's table.
fn homes(fleet: &Fleet) -> String {
    let options = fleet.function_options();
    let home = options.iter().position(|option| option == "--home").expect("a fleet has a home");
    options[home + 1].clone()
}

async fn join(fleet: &Fleet, node: usize, path: &str, token: &str) -> LiveClient {
    LiveClient::join(fleet[node].address(), path, token).await.expect("there is room")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_after_all_nodes_were_killed_brings_the_ledger_back_to_zero() {
    let mut fleet = Fleet::start(FleetPlan::in_regions(&[REGION, REGION])).await;
    let token = fleet.token(&Plan { app: "swept", ..Plan::default() });
    let _clients = [
        join(&fleet, 0, "/one", &token).await,
        join(&fleet, 0, "/two", &token).await,
        join(&fleet, 1, "/one", &token).await,
        join(&fleet, 1, "/three", &token).await,
    ];
    fleet.counts("swept", 4, 3).await;
    fleet[0].kill().await;
    fleet[1].kill().await;

    let sweep = Scheduled::over_homes(&homes(&fleet)).await;
    assert_eq!(sweep.run().await, Value::Null, "{}", sweep.log());
    let watched = sweep.timings().invocations.into_iter().any(|ms| ms >= LEASE.as_secs_f64() * 1_000.0);
    assert!(watched, "who is reaped was watched for a whole lease");
    fleet.is_empty("swept").await;
    let states = fleet.table().nodes(REGION).await.into_iter().map(|node| node.state);
    assert_eq!(states.collect::<Vec<_>>(), ["reaped", "reaped"]);
    assert_eq!(sweep.run().await, Value::Null, "a sweep of the dead is soon over");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_that_overlap_reap_no_living_node() {
    let fleet = Fleet::start(FleetPlan::in_regions(&[REGION])).await;
    let token = fleet.token(&Plan { app: "alive", ..Plan::default() });
    let client = join(&fleet, 0, "/doc", &token).await;
    let before = fleet.table().nodes(REGION).await;
    let homes = homes(&fleet);
    let sweeps = [Scheduled::over_homes(&homes).await, Scheduled::over_homes(&homes).await];
    // The second one finds the first one's note before the node has beaten again.
    let runs = sweeps.each_ref().map(async |sweep| {
        for _ in 0..4 {
            assert_eq!(sweep.run().await, Value::Null, "{}", sweep.log());
        }
    });
    futures_util::future::join_all(runs).await;
    // Who suspects nobody is done at once, and who does looks again.
    let took = sweeps.iter().flat_map(|sweep| sweep.timings().invocations);
    assert!(
        took.into_iter().any(|ms| ms > LOOK_EVERY.as_secs_f64() * 500.0),
        "no sweep has suspected the node"
    );
    let after = fleet.table().nodes(REGION).await;
    assert_eq!((after.len(), &*after[0].state, &after[0].node), (1, "up", &before[0].node));
    fleet.counts("alive", 1, 1).await;
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_says_what_it_could_not_do() {
    let sweep = Scheduled::over_homes("home-1=wiresocket,endpoint=http://127.0.0.1:1").await;
    let answer = sweep.run().await;
    assert!(answer["errorMessage"].is_string(), "{answer}");
}
