//! What a node counts, as its usage log has it in the end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test

mod client;
mod house;
mod paused;
mod stopped;

use client::Client;
use domain::calendar::Hour;
use domain::ids::{NodeId, NodeName};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::metering::{AppUsage, Endpoint};
use domain::ports::{Resolution, UsageLog};
use house::{House, NEVER, Plan, ROOMY, app, logged};
use std::sync::Arc;
use std::time::Duration;
use stores::faults::{FaultPlan, Faults};
use stores::memory::MemoryUsageLog;
use stores::system::{SystemClock, TurnedClock};

/// Requests of an endpoint, and how many were refused for which reason.
fn counted(usage: &AppUsage, endpoint: Endpoint) -> (u64, Vec<(String, u64)>) {
    let counts = usage.of(endpoint);
    (counts.requests, counts.refused.iter().map(|(reason, n)| (reason.to_string(), *n)).collect())
}

fn all_went_well(requests: u64) -> (u64, Vec<(String, u64)>) {
    (requests, vec![])
}

fn system() -> House {
    House::new(Arc::new(SystemClock::new()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relayed_handshake_is_counted_at_its_edge_and_its_ops_at_the_owner() {
    let house = system();
    let edge_log = Arc::new(MemoryUsageLog::new());
    let owner = house.plain_node("owner").await;
    let edge = house.node("edge", edge_log.clone(), house.platform.clone(), NEVER).await;
    let token = house.token(ROOMY);
    let mut at_owner = Client::join(owner.address, "/d", &token, 1).await.unwrap();
    let mut at_edge = Client::join(edge.address, "/d", &token, 2).await.unwrap();
    for _ in 0..3 {
        at_owner.types().await;
        at_edge.types().await;
    }
    at_edge.types().await;
    at_owner.settled().await.unwrap();
    at_edge.settled().await.unwrap();
    drop((at_owner, at_edge));
    edge.end().await;
    owner.end().await;
    let of_owner = house.logged().await;
    let of_edge = logged(&edge_log).await;
    let both = |endpoint| (counted(&of_owner, endpoint), counted(&of_edge, endpoint));
    assert_eq!(both(Endpoint::Connect), (all_went_well(1), all_went_well(1)));
    assert_eq!(both(Endpoint::Ops), (all_went_well(7), all_went_well(0)));
    assert_eq!(of_owner.levels.connections_peak.max(of_edge.levels.connections_peak), 2);
    assert_eq!((of_owner.levels.documents_peak, of_edge.levels.documents_ms), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_handshakes_are_counted_by_their_code_once_their_app_is_known() {
    let house = system();
    let node = house.plain_node("a").await;
    let token = house.token(Plan { connections: 1, ..ROOMY });
    let refused = async |id, path, token: &str, origin| {
        Client::join_from(node.address, path, token, id, origin).await.err().unwrap()
    };
    let open = Client::join(node.address, "/d", &token, 1).await.unwrap();
    let full = refused(2, "/d", &token, None).await;
    let origin = refused(3, "/d", &token, Some("https://evil.example.com")).await;
    let name = refused(4, "/%00", &token, None).await;
    let forged = refused(5, "/d", "no.genuine.token", None).await;
    assert_eq!([full, origin, name, forged], [4004, 4003, 4007, 4002]);
    drop(open);
    node.end().await;
    let refused = vec![("4003".to_owned(), 1), ("4004".to_owned(), 1)];
    assert_eq!(counted(&house.logged().await, Endpoint::Connect), (3, refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_op_that_exceeds_its_rate_is_a_request_and_an_error() {
    let house = system();
    let node = house.plain_node("a").await;
    let token = house.token(Plan { ops_per_minute: 3, ..ROOMY });
    let mut client = Client::join(node.address, "/d", &token, 1).await.unwrap();
    for _ in 0..4 {
        client.types().await;
    }
    assert_eq!(client.settled().await, Err(4006));
    node.end().await;
    assert_eq!(
        counted(&house.logged().await, Endpoint::Ops),
        (4, vec![("4006".to_owned(), 1)]),
        "three were applied"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_fails_for_a_while_has_everything_once_in_the_end() {
    let house = system();
    let plan = FaultPlan { lost_reply: 0.3, duplicate: 0.2, late_copy: 0.2, ..FaultPlan::rough() };
    let faults = Faults::new(plan, 11);
    let log: Arc<dyn UsageLog> = house.usage.clone();
    let log: Arc<dyn UsageLog> = Arc::new(faults.wrap(log));
    let node = house.node("a", log, house.platform.clone(), Duration::from_millis(10)).await;
    faults.cut();
    let token = house.token(ROOMY);
    let mut client = Client::join(node.address, "/d", &token, 1).await.unwrap();
    for _ in 0..20 {
        client.types().await;
        client.settled().await.unwrap();
    }
    let before = faults.injected();
    while faults.injected() < before + 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(house.logged().await.is_empty(), "the log was cut off");
    faults.resume();
    for _ in 0..20 {
        client.types().await;
        client.settled().await.unwrap();
    }
    drop(client);
    faults.heal();
    node.end().await;
    let logged = house.logged().await;
    assert_eq!(counted(&logged, Endpoint::Ops), all_went_well(40));
    assert_eq!(counted(&logged, Endpoint::Connect), all_went_well(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_dies_without_a_word_is_held_no_longer() {
    let clock = Arc::new(TurnedClock::default());
    let house = House::new(clock.clone());
    let node = house.plain_node("a").await;
    let token = house.token(ROOMY);
    let one = Client::join(node.address, "/d", &token, 1).await.unwrap();
    let other = Client::join(node.address, "/d", &token, 2).await.unwrap();
    clock.advance(Duration::from_millis(1_000));
    // The kernel closes the socket; nobody says a word of WebSocket.
    drop(one);
    house.connections(1).await;
    clock.advance(Duration::from_millis(500));
    drop(other);
    house.connections(0).await;
    clock.advance(Duration::from_millis(250));
    node.end().await;
    let levels = house.logged().await.levels;
    assert_eq!((levels.connections_ms, levels.documents_ms), (2 * 1_000 + 500, 1_750));
    assert_eq!((levels.connections_peak, levels.documents_peak), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_when_an_hour_begins_is_its_peak_though_nobody_writes_the_ledger() {
    let hour = 472_222;
    let clock = Arc::new(TurnedClock::new(hour * 60 * 60 * 1000 - 1_000));
    let house = House::new(clock.clone());
    let every = Duration::from_millis(10);
    let node = house.node("a", house.usage.clone(), house.platform.clone(), every).await;
    let _client = Client::join(node.address, "/d", &house.token(ROOMY), 1).await.unwrap();
    // Of another node, before the hour begins.
    let share = Share { connections: 6, documents: 2, sequence: 1, sealed: false };
    let other = NodeId { name: NodeName::parse("other").unwrap(), epoch: 1 };
    let write = ShareWrite { node: other, old: None, new: share, bounds: Bounds::default() };
    house.home.ledger.write(&app(), &write).await.unwrap();
    clock.advance(Duration::from_millis(2_500));
    let peaks = async {
        loop {
            let hour = (Hour(hour), Hour(hour + 1));
            let spans = house.usage.read(&app(), hour.0, hour.1, Resolution::Hours).await.unwrap();
            match spans.first() {
                Some((_, usage)) if usage.levels.connections_peak > 0 => return usage.levels,
                _ => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    };
    let levels = tokio::time::timeout(Duration::from_secs(20), peaks).await.expect("the hour is looked at");
    assert_eq!((levels.connections_peak, levels.documents_peak), (7, 3));
    node.end().await;
}
