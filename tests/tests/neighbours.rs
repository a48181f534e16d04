//! Several nodes in one process: relays, take-overs, other lives.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::bounds::MESSAGE_BYTES_MAX;
use domain::ids::Region;
use domain::lease::Reaping;
use domain::ports::NodeRecord;
use house_tests::house::{House, sees};
use house_tests::raw_client::{Ending, RawClient};
use house_tests::wire::{self, Typist};
use house_tests::{Plan, eventually};

#[tokio::test]
async fn clients_of_two_nodes_of_a_region_share_a_document() {
    let (house, plan) = (House::open(), Plan::default());
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let mut near = RawClient::join(one.address, "/d", &token).await.unwrap();
    let mut far = RawClient::join(two.address, "/d", &token).await.unwrap();
    house.counts(&plan, 2, 1).await;
    far.send(wire::update_message(&Typist::new(1).types("from afar"))).await;
    sees(&mut near, "from afar").await;
    near.send(wire::update_message(&Typist::new(2).types("from nearby"))).await;
    sees(&mut far, "from nearby").await;
    assert_eq!(house.record(&plan).await.shares.values().filter(|share| share.connections == 1).count(), 2);
    far.leave().await;
    house.counts(&plan, 1, 1).await;
}

#[tokio::test]
async fn a_client_of_another_region_is_sent_to_the_document() {
    let (house, plan) = (House::open(), Plan::default());
    let (one, two) = (house.node("one", "r-1").await, house.node("two", "r-2").await);
    let token = house.token(&plan);
    let _here = RawClient::join(one.address, "/d", &token).await.unwrap();
    let ending = RawClient::join(two.address, "/d", &token).await.unwrap_err();
    assert_eq!(ending, Ending::Closed(4009, "REDIRECT:wss://r-1.example.net/d".into()));
    house.counts(&plan, 1, 1).await;
}

#[tokio::test]
async fn an_owner_counts_the_users_of_all_nodes() {
    let (house, plan) = (House::open(), Plan { users: 2, ..Plan::default() });
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let _first = RawClient::join(one.address, "/d", &token).await.unwrap();
    let _second = RawClient::join(two.address, "/d", &token).await.unwrap();
    for node in [&one, &two] {
        let ending = RawClient::join(node.address, "/d", &token).await.unwrap_err();
        assert_eq!(ending, Ending::Closed(4008, "Document user limit exceeded: 2".into()));
    }
    house.counts(&plan, 2, 1).await;
}

#[tokio::test]
async fn an_owners_close_reaches_the_client_as_it_is() {
    let (house, plan) = (House::open(), Plan::default());
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let _near = RawClient::join(one.address, "/d", &token).await.unwrap();
    let mut far = RawClient::join(two.address, "/d", &token).await.unwrap();
    far.send(vec![0, 2, 3, 1, 2]).await;
    assert_eq!(far.ending().await, Ending::Closed(1007, "Malformed message".into()));
    house.counts(&plan, 1, 1).await;
}

#[tokio::test]
async fn a_dead_owners_document_is_taken_over_at_once() {
    let (house, plan) = (House::open(), Plan { connections: 2, documents: 1, ..Plan::default() });
    let (mut one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let mut near = RawClient::join(one.address, "/d", &token).await.unwrap();
    let mut far = RawClient::join(two.address, "/d", &token).await.unwrap();
    near.send(wire::update_message(&Typist::new(1).types("kept"))).await;
    sees(&mut far, "kept").await;
    let before = house.pin(&plan, "d").await.unwrap();
    one.kill();
    assert_eq!(far.ending().await, Ending::Closed(1012, "Node restarting".into()));
    let mut again = RawClient::join(two.address, "/d", &token).await.unwrap();
    again.send(wire::sync_step_1()).await;
    sees(&mut again, "kept").await;
    let after = house.pin(&plan, "d").await.unwrap();
    assert_eq!(after.owner.node.name.as_str(), "two");
    assert_eq!(after.generation.0, before.generation.0 + 1);
    house.counts(&plan, 1, 1).await;
}

#[tokio::test]
async fn a_document_in_grace_on_another_node_makes_room() {
    let (house, plan) = (House::open(), Plan { documents: 1, ..Plan::default() });
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    RawClient::join(one.address, "/first", &token).await.unwrap().leave().await;
    house.counts(&plan, 0, 1).await;
    let _second = RawClient::join(two.address, "/second", &token).await.unwrap();
    house.counts(&plan, 1, 1).await;
    assert_eq!(house.pin(&plan, "first").await, None);
}

#[tokio::test]
async fn a_drained_node_leaves_nothing_behind_and_its_clients_go_elsewhere() {
    let (house, plan) = (House::open(), Plan::default());
    let (mut one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let mut near = RawClient::join(one.address, "/d", &token).await.unwrap();
    let mut far = RawClient::join(two.address, "/d", &token).await.unwrap();
    near.send(wire::update_message(&Typist::new(1).types("kept"))).await;
    sees(&mut far, "kept").await;
    one.drain().await;
    for client in [&mut near, &mut far] {
        assert_eq!(client.ending().await, Ending::Closed(1012, "Node restarting".into()));
    }
    house.counts(&plan, 0, 0).await;
    assert_eq!(house.pin(&plan, "d").await, None);
    let mut again = RawClient::join(two.address, "/d", &token).await.unwrap();
    again.send(wire::sync_step_1()).await;
    sees(&mut again, "kept").await;
}

/// Declares a node dead that lives, as a reaper does that it seems silent to.
async fn reap(house: &House, node: &str) {
    let record = life_of(house, node).await;
    let reaping = domain::lease::reap(&house.home, &record).await.unwrap();
    assert!(matches!(reaping, Reaping::Done(_)), "{reaping:?}");
}

/// The record of a node's life that is not over.
async fn life_of(house: &House, node: &str) -> NodeRecord {
    eventually("a life of the node", async || {
        let nodes = house.home.cluster.nodes(&Region::parse("r").unwrap()).await.unwrap();
        nodes.into_iter().find(|record| record.node.name.as_str() == node && !record.state.is_dead())
    })
    .await
}

#[tokio::test]
async fn a_node_declared_dead_goes_on_in_another_life_with_what_fits() {
    let (house, plan) = (House::open(), Plan { connections: 3, ..Plan::default() });
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(RawClient::join(one.address, "/d", &token).await.unwrap());
    }
    let before = house.pin(&plan, "d").await.unwrap();
    reap(&house, "one").await;
    assert_eq!(house.record(&plan).await.totals.connections, 0);
    // The dead life's document is free, and so are its places.
    let _newcomer = RawClient::join(two.address, "/other", &token).await.unwrap();
    let after = eventually("another life's pin", async || {
        house.pin(&plan, "d").await.filter(|pin| pin.owner.node != before.owner.node)
    })
    .await;
    assert_eq!(after.owner.node.name, before.owner.node.name);
    assert!(after.generation > before.generation);
    house.counts(&plan, 3, 2).await;
    // One of the three has no place any more, the two others have not noticed.
    let (ending, rest) = first_ending(clients).await;
    assert_eq!(ending, Ending::Closed(1012, "Node restarting".into()));
    let [mut left, mut right] = <[RawClient; 2]>::try_from(rest).ok().unwrap();
    left.send(wire::update_message(&Typist::new(1).types("alive"))).await;
    sees(&mut right, "alive").await;
    house.counts(&plan, 3, 2).await;
}

/// Waits until one of the clients is closed. Returns how, and the others.
async fn first_ending(mut clients: Vec<RawClient>) -> (Ending, Vec<RawClient>) {
    let endings = clients.iter_mut().map(|client| Box::pin(client.ending()));
    let (ending, index, _) = futures_util::future::select_all(endings).await;
    clients.remove(index);
    (ending, clients)
}

#[tokio::test]
async fn a_document_that_another_node_has_opened_meanwhile_moves_there() {
    let (house, plan) = (House::open(), Plan::default());
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let mut client = RawClient::join(one.address, "/d", &token).await.unwrap();
    client.send(wire::update_message(&Typist::new(1).types("early"))).await;
    client.send(wire::sync_step_1()).await;
    sees(&mut client, "early").await;
    reap(&house, "one").await;
    let mut other = RawClient::join(two.address, "/d", &token).await.unwrap();
    other.send(wire::sync_step_1()).await;
    sees(&mut other, "early").await;
    assert_eq!(house.pin(&plan, "d").await.unwrap().owner.node.name.as_str(), "two");
    // What the old owner takes now the store refuses, and it learns that it was replaced.
    client.send(wire::update_message(&Typist::new(2).types("too late"))).await;
    assert_eq!(client.ending().await, Ending::Closed(1012, "Node restarting".into()));
    house.counts(&plan, 1, 1).await;
    let mut again = RawClient::join(one.address, "/d", &token).await.unwrap();
    again.send(wire::update_message(&Typist::new(3).types("at last"))).await;
    sees(&mut other, "at last").await;
}

#[tokio::test]
async fn a_document_larger_than_any_message_passes_the_relay() {
    let (house, plan) = (House::open(), Plan::default());
    let (one, two) = (house.node("one", "r").await, house.node("two", "r").await);
    let token = house.token(&plan);
    let mut near = RawClient::join(one.address, "/d", &token).await.unwrap();
    let part = "a long line of text, ".repeat(500_000);
    let mut typist = Typist::new(1);
    for _ in 0..2 {
        near.send(wire::update_message(&typist.types(&part))).await;
    }
    near.send(wire::update_message(&typist.types("the end"))).await;
    near.send(wire::sync_step_1()).await;
    sees(&mut near, "the end").await;
    let mut far = RawClient::connect(two.address, "/d", &token).await.unwrap();
    far.send(wire::sync_step_1()).await;
    let step_2 = loop {
        let message = far.next().await.unwrap();
        if wire::is_sync_step_2(&message) {
            break message;
        }
    };
    assert!(step_2.len() > 2 * part.len() && step_2.len() > MESSAGE_BYTES_MAX);
    // What follows it comes by itself, once the client has read it.
    let is_sync_step_1 = |message: &[u8]| message.starts_with(&[0, 0]);
    while !is_sync_step_1(&far.next().await.unwrap()) {}
    far.send(wire::update_message(&Typist::new(2).types("and on"))).await;
    sees(&mut near, "and on").await;
}
