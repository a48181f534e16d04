//! What a DynamoDB in trouble looks like through the ports, and what it is spared.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::ids::{AppId, AppKey, TenantId};
use domain::ports::{HomePorts, Ledger, Unavailable};
use servers::scripted::Behaviour::{Answers, HangsUp, Silent};
use servers::scripted::{Behaviour, Scripted};
use servers::{clock, table};
use std::time::Duration;
use stores::dynamo::{ATTEMPT_DEADLINE, ATTEMPTS_MAX, Access, OPERATION_DEADLINE, RETRY_BUDGET, TableAt};

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

async fn ports(server: &Scripted) -> HomePorts {
    table(server.endpoint(), "home").await.ports(clock())
}

async fn unanswered(ledger: &dyn Ledger) -> Unavailable {
    ledger.read(&app()).await.unwrap_err()
}

/// What one read through a server of this behaviour says, and how often the server was asked.
async fn refused(behaviour: Behaviour) -> (String, usize) {
    let server = Scripted::start(behaviour).await;
    let unavailable = unanswered(&*ports(&server).await.ledger).await;
    assert_eq!(unavailable.store, "ledger");
    (unavailable.cause, server.requests())
}

#[tokio::test]
async fn every_failure_is_unavailable_with_its_cause() {
    const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;
    const NO_TABLE: &str =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}"#;
    let again = ATTEMPTS_MAX as usize;
    let cases = [
        (
            Answers("400 Bad Request", THROTTLED),
            "ProvisionedThroughputExceededException (HTTP 400): slow down",
            again,
        ),
        (Answers("400 Bad Request", NO_TABLE), "ResourceNotFoundException (HTTP 400): no table", 1),
        (Answers("503 Service Unavailable", ""), "an error without a code (HTTP 503): no message", again),
        (Answers("200 OK", "no JSON"), "", 1),
        (
            Answers("200 OK", r#"{"Item":{"connections":{"S":"7"},"documents":{"N":"1"}}}"#),
            "the attribute `connections` of an item is not a whole number (the ledger of t::a)",
            1,
        ),
        (HangsUp, "dispatch failure", again),
    ];
    for (behaviour, expected, asked) in cases {
        let (cause, requests) = refused(behaviour.clone()).await;
        assert!(cause.starts_with(expected), "{behaviour:?}: {cause}");
        assert_eq!(requests, asked, "{behaviour:?}: {cause}");
    }
}

#[tokio::test]
async fn a_store_that_nobody_listens_for_is_unavailable_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = table(&format!("http://{free}"), "home").await;
    let unavailable = unanswered(&*home.ports(clock()).ledger).await;
    assert!(unavailable.cause.contains("refused"), "{}", unavailable.cause);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_given_up_within_the_deadline() {
    let server = Scripted::start(Silent).await;
    let ledger = ports(&server).await.ledger;
    let begun = tokio::time::Instant::now();
    let unavailable = unanswered(&*ledger).await;
    let took = begun.elapsed();
    assert!(took >= ATTEMPT_DEADLINE * ATTEMPTS_MAX && took <= OPERATION_DEADLINE, "{took:?}: {unavailable}");
    assert!(OPERATION_DEADLINE < Duration::from_secs(4));
    assert_eq!(server.requests(), ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn a_store_in_trouble_is_not_asked_twice_for_long() {
    const ASKED: usize = 60;
    let server = Scripted::start(Answers("500 Internal Server Error", "{}")).await;
    let ledger = ports(&server).await.ledger;
    for _ in 0..ASKED {
        unanswered(&*ledger).await;
    }
    let (again, budget) = (server.requests() - ASKED, RETRY_BUDGET / 5);
    // As the seconds pass, the budget grows by one each.
    assert!((budget..budget + 10).contains(&again), "{again}");
}

#[tokio::test]
async fn homes_at_one_endpoint_share_a_connection() {
    let server = Scripted::start(Answers("200 OK", "{}")).await;
    let access = Access::from_environment().await;
    for home in ["one", "two", "three"] {
        let table: TableAt = format!("{home},endpoint={}", server.endpoint()).parse().unwrap();
        let ports = access.home(&table).unwrap().ports(clock());
        for _ in 0..10 {
            ports.ledger.read(&app()).await.unwrap();
            ports.cluster.regions().await.unwrap();
        }
    }
    assert_eq!((server.connections(), server.requests()), (1, 60));
}
