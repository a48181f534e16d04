//! Nodes that race over one DynamoDB: no limit is passed, and no document has two owners.

use house_tests::raw_client::{Ending, RawClient, tallied};
use house_tests::{
    Attempt, Faults, Fleet, FleetPlan, LedgerWatch, LiveClient, Plan, Raced, Token, eventually, race, wire,
};
use std::time::Instant;

const NODES: usize = 5;

/// Attempts of `count` clients, each at the next node.
fn attempts(fleet: &Fleet, token: &str, count: usize, path: impl Fn(usize) -> String) -> Vec<Attempt> {
    let nodes: Vec<_> = fleet.nodes().map(|node| node.address()).collect();
    (0..count)
        .map(|n| Attempt { address: nodes[n % nodes.len()], path: path(n), token: token.to_owned() })
        .collect()
}

fn all_closed_with(refused: &[Ending], code: u16, reason: &str) {
    let expected = Ending::Closed(code, reason.to_owned());
    assert!(refused.iter().all(|ending| *ending == expected), "{:?}", tallied(refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_500_clients_at_5_nodes_racing_for_250_places_exactly_250_get_in() {
    let fleet = Fleet::start(FleetPlan::of(NODES)).await;
    let plan = Plan { app: "race", connections: 250, documents: 1000, users: 1000, ..Plan::default() };
    let token = fleet.token(&plan);
    let watch = LedgerWatch::over(fleet.table(), plan.app);
    let Raced { admitted, refused } =
        race(attempts(&fleet, &token, 500, |n| format!("/doc-{}", n / NODES % 25))).await;
    let seen = watch.seen().await;
    println!("{seen:?}");
    assert_eq!((admitted.len(), refused.len()), (250, 250));
    all_closed_with(&refused, 4004, "Connection limit exceeded: 250");
    assert!(seen.connections_max <= 250, "{seen:?}");
    assert_eq!(fleet.table().ledger(plan.app).await.connections, 250);
    drop(admitted);
    fleet.is_empty(plan.app).await;
    assert_eq!(fleet.tally().counts().ledger_in_flight_max(), 1, "one write at a time of a node and app");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_clients_at_5_nodes_each_opening_the_last_free_document_one_gets_in() {
    let fleet = Fleet::start(FleetPlan::of(NODES)).await;
    let plan = Plan { app: "last", connections: 1000, documents: 5, ..Plan::default() };
    let token = fleet.token(&plan);
    let held = race(attempts(&fleet, &token, 4, |n| format!("/held-{n}"))).await;
    assert_eq!(held.admitted.len(), 4);
    let watch = LedgerWatch::over(fleet.table(), plan.app);
    let raced = race(attempts(&fleet, &token, 50, |n| format!("/new-{n}"))).await;
    let seen = watch.seen().await;
    assert_eq!((raced.admitted.len(), raced.refused.len()), (1, 49), "{:?}", tallied(&raced.refused));
    all_closed_with(&raced.refused, 4005, "Document limit exceeded: 5 (active: 5)");
    assert!(seen.documents_max <= 5, "{seen:?}");
    fleet.counts(plan.app, 5, 5).await;
    assert_eq!(fleet.table().pins(plan.app).await.len(), 5);
    drop((held, raced));
    fleet.is_empty(plan.app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_clients_at_5_nodes_opening_one_document_as_the_last_all_get_in() {
    let fleet = Fleet::start(FleetPlan::of(NODES)).await;
    let plan = Plan { app: "same", connections: 1000, documents: 1, ..Plan::default() };
    let token = fleet.token(&plan);
    let raced = race(attempts(&fleet, &token, 50, |_| "/same".to_owned())).await;
    assert_eq!((raced.admitted.len(), raced.refused.len()), (50, 0), "{:?}", tallied(&raced.refused));
    fleet.counts(plan.app, 50, 1).await;
    let pins = fleet.table().pins(plan.app).await;
    assert_eq!(pins.keys().collect::<Vec<_>>(), ["same"]);
    drop(raced);
    fleet.is_empty(plan.app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_taking_over_a_dead_nodes_document_one_owns_it_and_both_serve_it() {
    let mut fleet = Fleet::start(FleetPlan::of(3)).await;
    let plan = Plan { app: "heirs", ..Plan::default() };
    let token = fleet.token(&plan);
    let mut typist = wire::Typist::new(1);
    let before_death = Token { author: 1, number: 0 };
    let (writer, witness) = (
        LiveClient::join(fleet[0].address(), "/doc", &token).await.expect("there is room"),
        LiveClient::join(fleet[0].address(), "/doc", &token).await.expect("there is room"),
    );
    writer.types(&mut typist, before_death);
    witness.sees(before_death).await;
    let pin = fleet.table().pins(plan.app).await.remove("doc").expect("the document is active");
    fleet[0].kill().await;

    let began = Instant::now();
    let join = async |node: usize| {
        let address = fleet[node].address();
        eventually("a client is served again", async || LiveClient::join(address, "/doc", &token).await.ok())
            .await
    };
    let (one, other) = tokio::join!(join(1), join(2));
    println!("two clients of a document are served {:?} after its node's death", began.elapsed());
    one.sees(before_death).await;
    other.sees(before_death).await;
    let after_death = Token { author: 2, number: 0 };
    one.types(&mut wire::Typist::new(2), after_death);
    other.sees(after_death).await;
    let heir = fleet.table().pins(plan.app).await.remove("doc").expect("the document is active");
    assert_ne!(heir.node, pin.node);
    assert_eq!(heir.generation, pin.generation + 1);
    fleet.counts(plan.app, 2, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_reply_of_dynamodb_lost_once_the_counts_are_exact() {
    let fleet = Fleet::start(FleetPlan::of(3)).await;
    let plan = Plan { app: "lossy", connections: 60, documents: 12, ..Plan::default() };
    let token = fleet.token(&plan);
    fleet.fail(Faults::losing_each_reply_once());
    let watch = LedgerWatch::over(fleet.table(), plan.app);
    let mut open: Vec<RawClient> = Vec::new();
    for round in 0..6 {
        let raced = race(attempts(&fleet, &token, 24, |n| format!("/doc-{}", (n + round) % 16))).await;
        println!("round {round}: {} admitted, refused {:?}", raced.admitted.len(), tallied(&raced.refused));
        let unexpected =
            raced.refused.iter().find(|ending| !matches!(ending, Ending::Closed(4004 | 4005 | 1013, _)));
        assert_eq!(unexpected, None);
        open.extend(raced.admitted);
        let staying = open.len() / 2;
        open.truncate(staying);
    }
    assert!(!open.is_empty(), "somebody got in");
    let counted = async || {
        let ledger = fleet.table().ledger(plan.app).await;
        (ledger.connections == open.len() as u64).then_some(ledger)
    };
    eventually("the ledger counts who is there", counted).await;
    let seen = watch.seen().await;
    println!("{} stay; {seen:?}", open.len());
    assert!(seen.connections_max <= 60 && seen.documents_max <= 12, "{seen:?}");
    drop(open);
    fleet.is_empty(plan.app).await;
}
