use crate::broken::Broken;
use crate::house::{Answer, House};
use domain::bounds::LOOKUP_DEADLINE;
use domain::ports::HomePorts;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::time::Instant;

type Break = fn(&mut HomePorts, Broken);

/// Each store, and a path that cannot be answered without it.
const STORES: [(Break, &str); 3] = [
    (|home, broken| home.ledger = Arc::new(broken), "/usage"),
    (|home, broken| home.pins = Arc::new(broken), "/discovery?documentName=d"),
    (|home, broken| home.cluster = Arc::new(broken), "/discovery?documentName=d"),
];

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.refusal(), (503, "service_unavailable".to_owned()));
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((5..=15).contains(&seconds), "{seconds}");
    assert!(!answer.text.contains("connection refused"));
}

#[tokio::test]
async fn without_a_store_clients_are_told_to_come_back() {
    for (break_store, path) in STORES {
        let house = House::with_home(|home| break_store(home, Broken::Dead));
        assert_unavailable(&house.get(path).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_is_waited_for_no_longer_than_its_deadline() {
    for (break_store, path) in STORES {
        let house = House::with_home(|home| break_store(home, Broken::Silent));
        let begun = Instant::now();
        assert_unavailable(&house.get(path).await);
        let waited = begun.elapsed();
        assert!(waited >= LOOKUP_DEADLINE && waited < LOOKUP_DEADLINE * 2, "{path}: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_set_that_cannot_be_fetched_is_no_verdict_on_the_token() {
    let house = House::with(|plane| plane.tokens = Arc::new(Broken::Silent));
    assert_unavailable(&house.get("/usage").await);
}

#[tokio::test]
async fn clients_that_are_turned_away_together_are_not_sent_back_together() {
    let house = House::with_home(|home| home.ledger = Arc::new(Broken::Dead));
    let mut waits = HashSet::new();
    for _ in 0..12 {
        waits.insert(house.get("/usage").await.header("retry-after").unwrap().to_owned());
    }
    assert!(waits.len() > 2, "{waits:?}");
}

#[tokio::test]
async fn a_dead_ledger_leaves_discovery_alone() {
    let house = House::with_home(|home| home.ledger = Arc::new(Broken::Dead));
    house.home.announce("near", "eu-central-1", domain::ports::NodeState::Up).await;
    assert_eq!(house.get("/discovery?documentName=d").await.status, 200);
}
