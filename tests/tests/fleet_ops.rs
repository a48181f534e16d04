//! Operations a minute of one app that writes on three nodes of a region at once, at uneven rates, by stock clients.
#![allow(clippy::print_stdout, reason = "what was reached is printed")]

use futures_util::future::join_all;
use house_tests::raw_client::RawClient;
use house_tests::{Agent, FLAVOURS, Fleet, FleetPlan, Keeps, Opening, Plan, StockClient};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

const LIMIT: u64 = 600;
/// What must be reached of it in the first minute.
const REACHED: usize = 570;
const MINUTE: Duration = Duration::from_secs(60);
/// How long the writers go on: the first ops are out of the window before the end.
const LENGTH: Duration = Duration::from_secs(85);
/// Milliseconds between two edits of each writer: half as many again as may be in all, most of them at one node.
const PACES_MS: [u64; 3] = [80, 400, 2_000];

/// When each op of a document was seen by somebody else, until the connection's end.
fn log(mut reader: RawClient) -> JoinHandle<Vec<Instant>> {
    tokio::spawn(async move {
        let mut seen = Vec::new();
        let ends_at = tokio::time::Instant::now() + LENGTH + Duration::from_secs(5);
        loop {
            tokio::select! {
                message = reader.receive() => {
                    // A reader of an app over its limit is not harmed.
                    let message = message.expect("the reader's connection lives");
                    let is_update = message.starts_with(&[0, 2]) && message.len() > 5;
                    seen.extend(is_update.then(Instant::now));
                }
                () = tokio::time::sleep_until(ends_at) => return seen,
            }
        }
    })
}

/// Edits at its own pace, connected or not.
async fn write_on(writer: &StockClient<'_>, pace_ms: u64) {
    let mut beats = interval(Duration::from_millis(pace_ms));
    loop {
        beats.tick().await;
        writer.insert(usize::MAX >> 12, "x").await;
    }
}

/// The close codes that a client was given.
async fn closes(writer: &StockClient<'_>) -> Vec<u64> {
    let count = writer.report().await["closes"].as_u64().expect("closes are counted");
    let mut codes = Vec::new();
    for _ in 0..count {
        codes.push(writer.next_close().await.0);
    }
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_of_an_app_on_three_nodes_never_pass_its_limit_and_nearly_all_of_it_can_be_used() {
    let fleet = Fleet::start(FleetPlan::of(3).on_redis(Keeps::Nothing)).await;
    let token = fleet.token(&Plan { app: "busy", ops: LIMIT, ..Plan::default() });
    let agent = Agent::start();
    let (mut writers, mut logs) = (Vec::new(), Vec::new());
    for node in 0..3 {
        let room = format!("document-{node}");
        let opening = Opening {
            flavour: FLAVOURS[node],
            url: fleet[node].url(),
            room: room.clone(),
            token: token.clone(),
        };
        let writer = agent.open(&format!("writer-{node}"), &opening).await;
        writer.synced().await;
        let reader = RawClient::join(fleet[(node + 1) % 3].address(), &format!("/{room}"), &token).await;
        logs.push(log(reader.expect("there is room")));
        writers.push(writer);
    }
    let began = Instant::now();
    let writing = join_all(writers.iter().zip(PACES_MS).map(|(writer, pace)| write_on(writer, pace)));
    tokio::select! {
        _ = writing => {}
        () = sleep(LENGTH) => {}
    }
    let mut ops = Vec::new();
    for log in logs {
        ops.extend(log.await.expect("the log ends in order"));
    }
    ops.sort();
    let most =
        ops.iter().map(|last| ops.iter().filter(|op| *op <= last && **op + MINUTE > *last).count()).max();
    let first_minute = ops.iter().filter(|op| **op < began + MINUTE).count();
    println!("{} ops, {most:?} at most in any minute, {first_minute} in the first", ops.len());
    assert!(most.is_some_and(|most| most <= LIMIT as usize), "{most:?} ops in one minute");
    assert!(first_minute >= REACHED, "{first_minute} ops in the first minute");
    let busiest = closes(&writers[0]).await;
    assert!(busiest.contains(&4006), "{busiest:?}");
    for writer in &writers {
        let codes = closes(writer).await;
        assert!(codes.iter().all(|code| *code == 4006), "{codes:?}");
    }
}
