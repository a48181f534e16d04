//! Nodes that end in order: nothing that they have counted is lost.

use crate::client::Client;
use crate::house::{House, NEVER, ROOMY, app};
use axum::Router;
use axum::routing::get;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::{Endpoint, Recorder};
use domain::ports::{PlatformLog, UsageLog};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::disk::DiskUsage;
use stores::system::SystemClock;
use syncd::metering::Metering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CLIENTS: u64 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_stop_leaves_nothing_unwritten() {
    let house = House::new(Arc::new(SystemClock::new()));
    let node = house.plain_node("a").await;
    let token = house.token(ROOMY);
    let mut client = Client::join(node.address, "/d", &token, 1).await.unwrap();
    for _ in 0..5 {
        client.types().await;
    }
    client.settled().await.unwrap();
    let recorder = Arc::clone(&node.metering.recorder);
    assert!(house.logged().await.is_empty(), "no flush was due");
    // The session lives on: it is the drain that ends it.
    node.end().await;
    assert_eq!((recorder.meter().unwritten(), recorder.meter().lost()), (0, 0));
    assert_eq!(house.logged().await.of(Endpoint::Ops).requests, 5);
    let minutes = house.platform.minutes(0, u64::MAX).await.unwrap();
    assert_eq!(minutes.iter().map(|minute| minute.ops).sum::<u64>(), 5, "{minutes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_are_answered_while_a_node_stops_is_logged() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let house = House::new(Arc::clone(&clock));
    let (log, platform) = (house.usage.clone(), house.platform.clone());
    let routes = |metering: &Metering| counting_route(&metering.recorder, &clock);
    let node = house.node_beside("a", log, platform, NEVER, routes).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(asks_as_long_as_it_is_answered(node.address));
    }
    let recorder = Arc::clone(&node.metering.recorder);
    while recorder.meter().unwritten() < 10 * CLIENTS {
        tokio::task::yield_now().await;
    }
    node.end().await;
    let answered: u64 = clients.join_all().await.into_iter().sum();
    let logged = house.logged().await.of(Endpoint::Usage).requests;
    assert!(
        answered >= 10 * CLIENTS && (answered..=answered + CLIENTS).contains(&logged),
        "{answered} {logged}"
    );
    assert_eq!((recorder.meter().unwritten(), recorder.meter().lost()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_apps_are_written_to_a_disk_before_a_node_has_ended() {
    const APPS: usize = 3_000;
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::new());
    let house = House::new(clock.clone());
    let log: Arc<dyn UsageLog> = Arc::new(DiskUsage::open(folder.path()).unwrap());
    let node = house.node("a", Arc::clone(&log), house.platform.clone(), NEVER).await;
    let recorder = Arc::clone(&node.metering.recorder);
    for n in 0..APPS {
        let (tenant, app) = (TenantId::parse(&format!("t{}", n % 5)), AppId::parse(&format!("a{n}")));
        let app = AppKey { tenant: tenant.unwrap(), app: app.unwrap() };
        recorder.count(&app, Endpoint::Discovery, None, Duration::ZERO, clock.unix_ms());
    }
    node.end().await;
    assert_eq!((recorder.meter().unwritten(), recorder.meter().lost()), (0, 0));
    assert_eq!(log.standings().await.unwrap().len(), APPS);
}

/// A route of a control plane beside the node, which counts what it answers.
fn counting_route(recorder: &Arc<Recorder>, clock: &Arc<dyn Clock>) -> Router {
    let (recorder, clock) = (Arc::clone(recorder), Arc::clone(clock));
    let answer = move || {
        recorder.count(&app(), Endpoint::Usage, None, Duration::ZERO, clock.unix_ms());
        std::future::ready("answered")
    };
    Router::new().route("/usage", get(answer))
}

/// Asks on one connection, again and again. Returns how often it was answered.
async fn asks_as_long_as_it_is_answered(address: SocketAddr) -> u64 {
    let mut http = TcpStream::connect(address).await.unwrap();
    let mut answered = 0;
    while http.write_all(b"GET /usage HTTP/1.1\r\nhost: a\r\n\r\n").await.is_ok()
        && has_answer(&mut http).await
    {
        answered += 1;
    }
    answered
}

/// Reads up to the end of one answer; or there is none.
async fn has_answer(http: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    while !answer.ends_with(b"answered") {
        match http.read_buf(&mut answer).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    true
}
