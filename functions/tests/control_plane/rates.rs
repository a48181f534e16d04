use crate::broken::Broken;
use crate::house::{Ask, House, PEER};
use axum::extract::ConnectInfo;
use axum::http::Method;
use domain::policy::GATE_DEADLINE;
use domain::policy::RatePolicies;
use domain::ports::NodeState;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const DISCOVERY: &str = "/discovery?documentName=d&token=genuine";
const USAGE: &str = "/usage?token=genuine";

/// How many of `tries` requests in a row are answered before the first 429.
async fn answered(house: &House, tries: usize, ask: impl Fn() -> Ask) -> usize {
    for n in 0..tries {
        if house.ask(ask()).await.status == 429 {
            return n;
        }
    }
    tries
}

#[tokio::test]
async fn the_61st_discovery_and_the_13th_usage_in_a_minute_are_refused() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    for (path, limit) in [(DISCOVERY, 60), (USAGE, 12)] {
        assert_eq!(answered(&house, 100, || Ask::get(path)).await, limit, "{path}");
        let answer = house.ask(Ask::get(path)).await;
        assert_eq!(answer.refusal(), (429, "rate_limit_exceeded".to_owned()));
        assert_eq!(answer.header("retry-after"), Some("60"));
        assert!(answer.message().contains(&limit.to_string()));
    }
}

#[tokio::test]
async fn a_minute_later_the_client_is_answered_again() {
    let house = House::new();
    assert_eq!(answered(&house, 20, || Ask::get(USAGE)).await, 12);
    house.clock.advance(Duration::from_secs(61));
    assert_eq!(answered(&house, 20, || Ask::get(USAGE)).await, 12);
}

#[tokio::test]
async fn another_address_is_untouched() {
    let house = House::new();
    assert_eq!(answered(&house, 20, || Ask::get(USAGE)).await, 12);
    assert_eq!(house.ask(Ask::get(USAGE).from("192.0.2.2")).await.status, 200);
}

#[tokio::test]
async fn a_forged_forwarded_for_changes_nothing() {
    let house = House::new();
    let mut n = 0;
    let forged = std::iter::repeat_with(|| {
        n += 1;
        Ask::get(USAGE).header("x-forwarded-for", &format!("203.0.113.{n}"))
    });
    let mut refused = 0;
    for ask in forged.take(20) {
        refused += usize::from(house.ask(ask).await.status == 429);
    }
    assert_eq!(refused, 8);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_by_itself() {
    let house = House::with(|plane| plane.front.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()]);
    let forwarded = |client: &str| Ask::get(USAGE).header("x-forwarded-for", client);
    let forger = || forwarded("198.51.100.7, 203.0.113.1");
    assert_eq!(answered(&house, 20, forger).await, 12);
    assert_eq!(house.ask(forwarded("203.0.113.1")).await.status, 429);
    assert_eq!(house.ask(forwarded("203.0.113.2")).await.status, 200);
    assert_eq!(house.ask(forwarded("203.0.113.1").header("x-forwarded-for", "\u{fc}")).await.status, 200);
}

#[tokio::test]
async fn a_socket_address_and_a_plain_one_are_the_same_client() {
    let house = House::new();
    assert_eq!(answered(&house, 20, || Ask::get(USAGE)).await, 12);
    let socket = SocketAddr::new(PEER.parse().unwrap(), 4711);
    let ask = Ask::without_peer(Method::GET, USAGE).extension(ConnectInfo(socket));
    assert_eq!(house.ask(ask).await.status, 429);
}

#[tokio::test]
async fn requests_without_a_peer_count_as_one_client() {
    let house = House::new();
    assert_eq!(answered(&house, 20, || Ask::without_peer(Method::GET, USAGE)).await, 12);
    assert_eq!(house.ask(Ask::get(USAGE)).await.status, 200);
}

#[tokio::test]
async fn guessing_at_tokens_is_bounded_too() {
    let house = House::new();
    assert_eq!(answered(&house, 20, || Ask::get("/usage?token=forged")).await, 12);
    assert_eq!(answered(&house, 20, || Ask::get(USAGE)).await, 0);
}

#[tokio::test]
async fn what_reaches_no_store_is_not_counted() {
    let house = House::new();
    for _ in 0..100 {
        assert_eq!(house.ask(Ask::new(Method::OPTIONS, USAGE)).await.status, 204);
        assert_eq!(house.ask(Ask::new(Method::POST, USAGE)).await.status, 405);
    }
    assert_eq!(house.get("/usage").await.status, 200);
}

#[tokio::test]
async fn policies_that_are_off_refuse_nobody() {
    let house = House::with(|plane| plane.front.rate_policies = RatePolicies::Off);
    assert_eq!(answered(&house, 100, || Ask::get(USAGE)).await, 100);
}

#[tokio::test]
async fn a_dead_gate_lets_pass_and_is_counted() {
    let house = House::with(|plane| plane.front.rate_gate = Arc::new(Broken::Dead));
    assert_eq!(answered(&house, 100, || Ask::get(USAGE)).await, 100);
    assert_eq!(house.gate_failures.total(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_silent_gate_lets_pass_after_50_ms() {
    let house = House::with(|plane| plane.front.rate_gate = Arc::new(Broken::Silent));
    let begun = Instant::now();
    assert_eq!(house.get("/usage").await.status, 200);
    let waited = begun.elapsed();
    assert!(waited >= GATE_DEADLINE && waited < GATE_DEADLINE * 2, "{waited:?}");
    assert_eq!(house.gate_failures.total(), 1);
}
