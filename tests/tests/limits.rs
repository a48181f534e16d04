//! Limits hold exactly, under races, and what leaves gives back exactly what it took.

use futures_util::future::join_all;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{
    Agent, Count, DataFolder, FLAVOURS, Opening, Plan, Server, eventually, gauge, usage, wire,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// What was counted at most, while it was watched.
#[derive(Debug, Default, PartialEq)]
struct Peaks {
    connections: u64,
    documents: u64,
    gauge: u64,
    looks: u64,
}

/// Watches `/usage` and `/metrics` until it is told to stop.
struct Watch {
    stop: Arc<AtomicBool>,
    peaks: JoinHandle<Peaks>,
}

impl Watch {
    fn over(address: SocketAddr, token: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, token) = (Arc::clone(&stop), token.to_owned());
        let peaks = tokio::spawn(async move {
            let mut peaks = Peaks::default();
            while !stopped.load(Ordering::Relaxed) {
                let Count { connections, documents } = usage(address, &token).await;
                let gauge = gauge(address, "wiresocket_connections_total").await as u64;
                peaks.connections = peaks.connections.max(connections);
                peaks.documents = peaks.documents.max(documents);
                peaks.gauge = peaks.gauge.max(gauge);
                peaks.looks += 1;
            }
            peaks
        });
        Self { stop, peaks }
    }

    async fn peaks(self) -> Peaks {
        self.stop.store(true, Ordering::Relaxed);
        self.peaks.await.expect("watching does not fail")
    }
}

/// Lets `count` clients race for a place at `path(n)`. Returns those who got in and how the others ended.
async fn race(
    server: &Server,
    token: &str,
    count: usize,
    path: impl Fn(usize) -> String,
) -> (Vec<RawClient>, Vec<Ending>) {
    let address = server.address();
    let attempts = (0..count).map(|n| {
        let (path, token) = (path(n), token.to_owned());
        tokio::spawn(async move { RawClient::join(address, &path, &token).await })
    });
    let mut admitted = Vec::new();
    let mut refused = Vec::new();
    for outcome in join_all(attempts).await {
        match outcome.expect("joining does not fail") {
            Ok(client) => admitted.push(client),
            Err(ending) => refused.push(ending),
        }
    }
    (admitted, refused)
}

/// Waits until `/usage` counts exactly this.
async fn counts(server: &Server, token: &str, connections: u64, documents: u64) {
    let wanted = Count { connections, documents };
    let look = async || (usage(server.address(), token).await == wanted).then_some(());
    eventually(&format!("{wanted:?} in /usage"), look).await;
}

fn all_closed_with(refused: &[Ending], code: u16, reason: &str) {
    let expected = Ending::Closed(code, reason.to_owned());
    assert!(refused.iter().all(|ending| *ending == expected), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_clients_racing_for_100_places_exactly_100_get_in() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan { connections: 100, documents: 1000, ..Plan::default() });
    let watch = Watch::over(server.address(), &token);
    let (mut admitted, refused) = race(&server, &token, 200, |n| format!("/doc-{}", n % 20)).await;
    let peaks = watch.peaks().await;
    assert_eq!((admitted.len(), refused.len()), (100, 100));
    all_closed_with(&refused, 4004, "Connection limit exceeded: 100");
    assert!(peaks.connections <= 100 && peaks.gauge <= 100 && peaks.looks > 0, "{peaks:?}");
    assert_eq!(usage(server.address(), &token).await.connections, 100);

    admitted.pop().expect("a hundred got in").leave().await;
    eventually("one place is free", async || {
        (usage(server.address(), &token).await.connections == 99).then_some(())
    })
    .await;
    let (second_wave, refused) = race(&server, &token, 5, |_| "/doc-0".to_owned()).await;
    assert_eq!((second_wave.len(), refused.len()), (1, 4), "a leave frees exactly one place");
    all_closed_with(&refused, 4004, "Connection limit exceeded: 100");
    drop((admitted, second_wave));
    counts(&server, &token, 0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_60_clients_racing_to_open_20_documents_exactly_20_get_in() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan { connections: 1000, documents: 20, ..Plan::default() });
    let watch = Watch::over(server.address(), &token);
    let (mut admitted, refused) = race(&server, &token, 60, |n| format!("/doc-{n}")).await;
    let peaks = watch.peaks().await;
    assert_eq!((admitted.len(), refused.len()), (20, 40));
    all_closed_with(&refused, 4005, "Document limit exceeded: 20 (active: 20)");
    assert!(peaks.documents <= 20, "{peaks:?}");
    counts(&server, &token, 20, 20).await;

    admitted.pop().expect("twenty got in").leave().await;
    counts(&server, &token, 19, 20).await;
    let (second_wave, refused) = race(&server, &token, 5, |n| format!("/new-{n}")).await;
    assert_eq!((second_wave.len(), refused.len()), (1, 4), "the document in grace gives way to exactly one");
    counts(&server, &token, 20, 20).await;
    drop((admitted, second_wave));
    counts(&server, &token, 0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_30_users_racing_into_a_document_of_10_exactly_10_get_in() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan { users: 10, ..Plan::default() });
    let watch = Watch::over(server.address(), &token);
    let (mut admitted, refused) = race(&server, &token, 30, |_| "/doc".to_owned()).await;
    let peaks = watch.peaks().await;
    assert_eq!((admitted.len(), refused.len()), (10, 20));
    all_closed_with(&refused, 4008, "Document user limit exceeded: 10");
    assert!(peaks.documents <= 1, "{peaks:?}");
    counts(&server, &token, 10, 1).await;

    admitted.pop().expect("ten got in").leave().await;
    counts(&server, &token, 9, 1).await;
    let (second_wave, refused) = race(&server, &token, 5, |_| "/doc".to_owned()).await;
    assert_eq!((second_wave.len(), refused.len()), (1, 4), "a leave frees exactly one place");
    counts(&server, &token, 10, 1).await;
}

#[tokio::test]
async fn apps_share_no_limits() {
    let (server, _data) = Server::fresh().await;
    let one = server.token(&Plan { app: "one", connections: 1, ..Plan::default() });
    let other = server.token(&Plan { app: "other", connections: 1, ..Plan::default() });
    let held = RawClient::join(server.address(), "/doc", &one).await.expect("the first of one app");
    RawClient::join(server.address(), "/doc", &other).await.expect("the first of the other app");
    let refused = RawClient::join(server.address(), "/doc", &one).await.expect_err("the second of one app");
    assert_eq!(refused, Ending::Closed(4004, "Connection limit exceeded: 1".into()));
    held.leave().await;
}

#[tokio::test]
async fn a_limit_of_zero_admits_nobody() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan { connections: 0, ..Plan::default() });
    let refused = RawClient::join(server.address(), "/doc", &token).await.expect_err("nobody gets in");
    assert_eq!(refused, Ending::Closed(4004, "Connection limit exceeded: 0".into()));
    counts(&server, &token, 0, 0).await;
}

#[tokio::test]
async fn the_op_past_the_limit_is_not_applied_and_closes_its_sender_alone() {
    const OPS: usize = 50;
    let data = DataFolder::fresh();
    let server = Server::start(&data, &[]).await;
    let token = server.token(&Plan { app: "busy", ops: OPS as u64, ..Plan::default() });
    let neighbours_token = server.token(&Plan { app: "neighbour", ..Plan::default() });
    let agent = Agent::start();
    let open = async |name: &str, token: &str| {
        let opening =
            Opening { flavour: FLAVOURS[1], url: server.url(), room: "doc".into(), token: token.into() };
        let client = agent.open(name, &opening).await;
        client.synced().await;
        client
    };
    let reader = open("reader", &token).await;
    let neighbour = open("neighbour", &neighbours_token).await;

    let mut offender = RawClient::join(server.address(), "/doc", &token).await.expect("there is room");
    let mut typist = wire::Typist::new(77);
    for _ in 0..=OPS {
        offender.send(wire::update_message(&typist.types("x"))).await;
    }
    let ending = offender.ending().await;
    assert_eq!(ending, Ending::Closed(4006, format!("Rate limit exceeded: {OPS} ops/min")));
    reader.text_is(&"x".repeat(OPS)).await;

    neighbour.insert(0, "undisturbed").await;
    let witness = open("witness", &neighbours_token).await;
    witness.text_is("undisturbed").await;
    for client in [reader, neighbour] {
        assert_eq!(client.report().await["closes"], 0);
    }
}

/// Stock clients come back 100 ms after each refusal, for ever.
#[tokio::test]
async fn a_stock_client_that_keeps_being_refused_is_held_back_and_uncounted() {
    const HOLD_MIN: Duration = Duration::from_secs(2);
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan { connections: 1, ..Plan::default() });
    let held = RawClient::join(server.address(), "/doc", &token).await.expect("the first gets in");
    let agent = Agent::start();
    let opening =
        Opening { flavour: FLAVOURS[0], url: server.url(), room: "doc".into(), token: token.clone() };
    let refused = agent.open("refused", &opening).await;
    let refusal = (4004, "Connection limit exceeded: 1".to_owned());
    assert_eq!(refused.next_close().await, refusal);
    for _ in 0..2 {
        let since = Instant::now();
        assert_eq!(refused.next_close().await, refusal);
        assert!(since.elapsed() >= HOLD_MIN, "held for {:?} only", since.elapsed());
        assert_eq!(usage(server.address(), &token).await, Count { connections: 1, documents: 1 });
    }
    held.leave().await;
    refused.synced().await;
    assert_eq!(usage(server.address(), &token).await, Count { connections: 1, documents: 1 });
}
