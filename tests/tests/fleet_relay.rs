//! Any node of a region serves a document as its owner does; a node of another region says where it is.
#![allow(clippy::print_stdout, reason = "how long a take-over took is printed")]

use house_tests::raw_client::{Ending, RawClient};
use house_tests::{Agent, FLAVOURS, Fleet, FleetPlan, LiveClient, Opening, Plan, eventually, wire};
use serde_json::json;
use std::time::{Duration, Instant};

/// The node that holds every document of these tests.
const OWNER: usize = 0;
/// A node of the same region.
const OTHER: usize = 1;

async fn join(fleet: &Fleet, node: usize, token: &str) -> RawClient {
    RawClient::join(fleet[node].address(), "/doc", token).await.expect("there is room")
}

fn closed(code: u16, reason: &str) -> Ending {
    Ending::Closed(code, reason.to_owned())
}

/// All messages up to the one that carries `mark`.
async fn read_up_to(client: &mut RawClient, mark: &str) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    loop {
        let message = client.next().await.expect("the connection lives");
        let is_last = message.windows(mark.len()).any(|window| window == mark.as_bytes());
        messages.push(message);
        if is_last {
            return messages;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_at_the_wrong_node_gets_the_same_bytes() {
    const EDITS: u64 = 200;
    let fleet = Fleet::start(FleetPlan::of(2)).await;
    let token = fleet.token(&Plan::roomy());
    let mut writer = join(&fleet, OWNER, &token).await;
    writer.send(wire::awareness_message(7, 1, r#"{"name":"writer"}"#)).await;
    let mut typist = wire::Typist::new(7);
    for _ in 0..20 {
        writer.send(wire::update_message(&typist.types("before "))).await;
    }
    writer.send(wire::update_message(&typist.types("<ready>"))).await;
    // Its own state comes back to the writer, so all that it sent before is in the document.
    writer.send(wire::awareness_message(7, 2, r#"{"name":"<ready>"}"#)).await;
    read_up_to(&mut writer, "<ready>").await;

    let connect = async |node: usize| {
        let address = fleet[node].address();
        RawClient::connect(address, "/doc", &token).await.expect("the upgrade")
    };
    let (mut near, mut far) = (connect(OWNER).await, connect(OTHER).await);
    for client in [&mut near, &mut far] {
        client.send(wire::sync_step_1()).await;
    }
    // Both are there when each has got the text and then the writer's state.
    let mut first = [Vec::new(), Vec::new()];
    for (client, first) in [&mut near, &mut far].into_iter().zip(&mut first) {
        first.extend(read_up_to(client, "before").await);
        first.extend(read_up_to(client, "<ready>\"").await);
    }
    assert_eq!(first[0], first[1], "the document, the server's question and the states");
    for number in 0..EDITS {
        writer.send(wire::update_message(&typist.types(&format!("<{number}>")))).await;
    }
    let last = format!("<{}>", EDITS - 1);
    let (near_bytes, far_bytes) = (read_up_to(&mut near, &last).await, read_up_to(&mut far, &last).await);
    assert_eq!(near_bytes, far_bytes, "the edits");

    far.send(wire::awareness_message(9, 1, r#"{"name":"far"}"#)).await;
    far.send(wire::update_message(&wire::Typist::new(9).types("<from far>"))).await;
    let (near_bytes, far_bytes) =
        (read_up_to(&mut near, "<from far>").await, read_up_to(&mut writer, "<from far>").await);
    assert_eq!(near_bytes.last(), far_bytes.last(), "what a client at the wrong node types");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_and_are_counted_once_whichever_node_a_client_asks() {
    let fleet = Fleet::start(FleetPlan::of(2)).await;
    let plan = Plan { app: "limits", connections: 5, documents: 2, users: 3, ..Plan::default() };
    let token = fleet.token(&plan);
    let first = join(&fleet, OWNER, &token).await;
    let far = [join(&fleet, OTHER, &token).await, join(&fleet, OTHER, &token).await];
    fleet.counts(plan.app, 3, 1).await;
    for node in [OTHER, OWNER] {
        let refused = RawClient::join(fleet[node].address(), "/doc", &token).await.expect_err("it is full");
        assert_eq!(refused, closed(4008, "Document user limit exceeded: 3"), "node {node}");
    }
    fleet.counts(plan.app, 3, 1).await;
    drop(far);
    fleet.counts(plan.app, 1, 1).await;
    let again = eventually("the places are free", async || {
        RawClient::join(fleet[OTHER].address(), "/doc", &token).await.ok()
    })
    .await;
    fleet.counts(plan.app, 2, 1).await;
    again.leave().await;
    first.leave().await;
    fleet.is_empty(plan.app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_the_protocol_at_the_wrong_node_ends_as_at_the_owner() {
    let fleet = Fleet::start(FleetPlan::of(2)).await;
    let token = fleet.token(&Plan { app: "broken", ..Plan::roomy() });
    let witness = LiveClient::join(fleet[OWNER].address(), "/doc", &token).await.expect("there is room");
    for node in [OWNER, OTHER] {
        let mut client = join(&fleet, node, &token).await;
        client.send(vec![0, 2, 200]).await;
        assert_eq!(client.ending().await, closed(1007, "Malformed message"), "node {node}");
        let mut client = join(&fleet, node, &token).await;
        client.send_text("hello").await;
        assert_eq!(client.ending().await, closed(1003, "Text frames are not supported"), "node {node}");
        let mut client = join(&fleet, node, &token).await;
        client.send(vec![0; (16 << 20) + 1]).await;
        assert_eq!(client.ending().await, closed(1009, "Message too big"), "node {node}");
    }
    assert_eq!(witness.ended(), None);
    fleet.counts("broken", 1, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_op_past_the_limit_closes_its_sender_at_the_wrong_node_too() {
    const OPS: u64 = 50;
    let fleet = Fleet::start(FleetPlan::of(2)).await;
    let token = fleet.token(&Plan { app: "busy", ops: OPS, ..Plan::default() });
    let mut witness = join(&fleet, OWNER, &token).await;
    let mut offender = join(&fleet, OTHER, &token).await;
    let mut typist = wire::Typist::new(7);
    for number in 0..=OPS {
        offender.send(wire::update_message(&typist.types(&format!("<{number}>")))).await;
    }
    assert_eq!(offender.ending().await, closed(4006, &format!("Rate limit exceeded: {OPS} ops/min")));
    read_up_to(&mut witness, &format!("<{}>", OPS - 1)).await;
    let fresh = RawClient::connect(fleet[OTHER].address(), "/doc", &token).await;
    let mut fresh = fresh.expect("the upgrade");
    fresh.send(wire::sync_step_1()).await;
    let text = read_up_to(&mut fresh, "<0>").await.concat();
    let past = format!("<{OPS}>");
    assert!(!text.windows(past.len()).any(|window| window == past.as_bytes()), "it was not applied");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_clients_at_two_nodes_of_a_region_work_as_at_one() {
    let fleet = Fleet::start(FleetPlan::of(2)).await;
    let token = fleet.token(&Plan::roomy());
    let agent = Agent::start();
    for flavour in FLAVOURS {
        let open = async |node: usize| {
            let opening =
                Opening { flavour, url: fleet[node].url(), room: "room".into(), token: token.clone() };
            let client = agent.open(&format!("{flavour} at {node}"), &opening).await;
            client.synced().await;
            client
        };
        let (near, far) = (open(OWNER).await, open(OTHER).await);
        near.insert(0, "from near, ").await;
        far.text_has(&["from near, "]).await;
        far.insert(0, "from far, ").await;
        near.text_has(&["from far, "]).await;
        far.set_state(&json!({"name": flavour})).await;
        let id = far.client_id().await;
        near.sees_state(id, &json!({"name": flavour})).await;
        far.vanish().await;
        near.sees_state(id, &json!(null)).await;
        for client in [near, far] {
            client.leave().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_region_says_where_the_document_is() {
    let fleet = Fleet::start(FleetPlan::in_regions(&["r1", "r2"])).await;
    let plan = Plan { app: "regions", ..Plan::default() };
    let token = fleet.token(&plan);
    let owner = join(&fleet, 0, &token).await;
    for _ in 0..2 {
        let refused = RawClient::join(fleet[1].address(), "/doc", &token).await.expect_err("it is elsewhere");
        assert_eq!(refused, closed(4009, "REDIRECT:wss://r1.example.net/doc"));
    }
    fleet.counts(plan.app, 1, 1).await;
    owner.leave().await;
    fleet.is_empty(plan.app).await;
    let moved = RawClient::join(fleet[1].address(), "/doc", &token).await.expect("it is active nowhere");
    let refused = RawClient::join(fleet[0].address(), "/doc", &token).await.expect_err("it is elsewhere");
    assert_eq!(refused, closed(4009, "REDIRECT:wss://r2.example.net/doc"));
    drop(moved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_takes_over_from_one_whose_only_node_died() {
    let mut fleet = Fleet::start(FleetPlan::in_regions(&["r1", "r2"])).await;
    let plan = Plan { app: "abroad", documents: 1, ..Plan::default() };
    let token = fleet.token(&plan);
    let before = join(&fleet, 0, &token).await;
    let pin = fleet.table().pins(plan.app).await.remove("doc").expect("the document is active");
    fleet[0].kill().await;
    let died_at = Instant::now();
    let after = loop {
        match RawClient::join(fleet[1].address(), "/doc", &token).await {
            Ok(client) => break client,
            Err(ending) => assert_eq!(ending, closed(4009, "REDIRECT:wss://r1.example.net/doc")),
        }
        assert!(died_at.elapsed() < Duration::from_secs(60), "30 s are promised");
    };
    println!("served in the other region {:.1?} after the death", died_at.elapsed());
    let heir = fleet.table().pins(plan.app).await.remove("doc").expect("the document is active");
    assert!(heir.node.starts_with("node-1#") && heir.generation > pin.generation, "{heir:?} after {pin:?}");
    fleet.counts(plan.app, 1, 1).await;
    drop((before, after));
}
