//! Clauses of [`Cluster`].

use super::ids::{app, document, node, region};
use domain::ids::{NodeId, Region};
use domain::ports::{Beat, Cluster, HeldKey, NodeRecord, NodeState, Sighting};
use std::sync::Arc;

fn record(node: NodeId, beat: u64) -> NodeRecord {
    NodeRecord {
        node,
        region: region("r"),
        beat,
        state: NodeState::Up,
        url: "wss://r.example.net".to_owned(),
        relay: "10.0.0.1:7000".to_owned(),
        connections: 2 * beat,
        capacity: 1_000,
        documents: 0,
        beaten_unix_ms: 0,
    }
}

async fn listed(cluster: &dyn Cluster, region: &Region) -> Vec<NodeRecord> {
    let mut nodes = cluster.nodes(region).await.unwrap();
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    nodes
}

async fn held(cluster: &dyn Cluster, node: &NodeId) -> Vec<HeldKey> {
    let mut keys = cluster.held(node).await.unwrap();
    keys.sort();
    keys
}

async fn announce(cluster: &dyn Cluster, record: &NodeRecord) {
    assert_eq!(cluster.announce(record).await, Ok(Beat::Alive));
}

async fn announced(cluster: &dyn Cluster, name: &str, epoch: u64) -> NodeId {
    let node = node(name, epoch);
    announce(cluster, &record(node.clone(), 7)).await;
    node
}

async fn hold(cluster: &dyn Cluster, node: &NodeId, key: &HeldKey) {
    assert_eq!(cluster.hold(&region("r"), node, key).await, Ok(Beat::Alive));
}

/// The record is listed as it was announced.
pub async fn a_node_is_known_when_it_is_announced(cluster: Arc<dyn Cluster>) {
    let record = record(node("one", 1), 7);
    assert_eq!(listed(&*cluster, &region("r")).await, []);
    announce(&*cluster, &record).await;
    assert_eq!(listed(&*cluster, &region("r")).await, [record]);
}

/// A repeated announcement, of a node whose answer was lost, replaces the record.
pub async fn announcing_again_replaces_the_record(cluster: Arc<dyn Cluster>) {
    announce(&*cluster, &record(node("one", 1), 7)).await;
    let again = record(node("one", 1), 8);
    announce(&*cluster, &again).await;
    assert_eq!(listed(&*cluster, &region("r")).await, [again]);
}

/// A beat replaces the whole record, and a repeat is harmless.
pub async fn a_beat_replaces_the_record(cluster: Arc<dyn Cluster>) {
    announce(&*cluster, &record(node("one", 1), 7)).await;
    let beat = NodeRecord { state: NodeState::Draining, connections: 5, ..record(node("one", 1), 8) };
    for _ in 0..2 {
        assert_eq!(cluster.beat(&beat).await, Ok(Beat::Alive));
        assert_eq!(listed(&*cluster, &region("r")).await, std::slice::from_ref(&beat));
    }
}

/// A note outlives nothing but the beat that it is of: neither a beat nor an announcement of the same number.
pub async fn a_beat_is_sighted_once_and_then_again_until_it_moves(cluster: Arc<dyn Cluster>) {
    let node = announced(&*cluster, "one", 1).await;
    let sight = async |beat| cluster.sight(&region("r"), &node, beat).await.unwrap();
    assert_eq!(sight(6).await, Sighting::Moved);
    assert_eq!(sight(7).await, Sighting::First);
    assert_eq!(sight(7).await, Sighting::Again);
    assert_eq!(cluster.beat(&record(node.clone(), 7)).await, Ok(Beat::Alive));
    assert_eq!(sight(7).await, Sighting::First);
    announce(&*cluster, &record(node.clone(), 7)).await;
    assert_eq!(sight(7).await, Sighting::First);
    assert_eq!(cluster.beat(&record(node.clone(), 8)).await, Ok(Beat::Alive));
    assert_eq!(sight(7).await, Sighting::Moved);
    assert_eq!(sight(8).await, Sighting::First);
}

/// Sighting makes no node known, and tells nothing of the dead.
pub async fn a_dead_or_unknown_node_is_not_sighted(cluster: Arc<dyn Cluster>) {
    assert_eq!(cluster.sight(&region("r"), &node("none", 1), 7).await, Ok(Sighting::Moved));
    assert_eq!(listed(&*cluster, &region("r")).await, []);
    let node = announced(&*cluster, "one", 1).await;
    assert_eq!(cluster.fence(&region("r"), &node, 7).await, Ok(true));
    assert_eq!(cluster.sight(&region("r"), &node, 7).await, Ok(Sighting::Moved));
}

/// A sighted node is listed, beats and is fenced like any other.
pub async fn sighting_leaves_the_record_as_it_is(cluster: Arc<dyn Cluster>) {
    let record = record(node("one", 1), 7);
    announce(&*cluster, &record).await;
    assert_eq!(cluster.sight(&region("r"), &record.node, 7).await, Ok(Sighting::First));
    assert_eq!(listed(&*cluster, &region("r")).await, std::slice::from_ref(&record));
    assert_eq!(cluster.fence(&region("r"), &record.node, 7).await, Ok(true));
}

/// A beat never makes a node known.
pub async fn an_unknown_node_cannot_beat(cluster: Arc<dyn Cluster>) {
    assert_eq!(cluster.beat(&record(node("one", 1), 7)).await, Ok(Beat::Fenced));
    assert_eq!(listed(&*cluster, &region("r")).await, []);
}

/// A beat never brings a forgotten node back.
pub async fn a_forgotten_node_cannot_beat(cluster: Arc<dyn Cluster>) {
    announce(&*cluster, &record(node("one", 1), 7)).await;
    cluster.forget(&region("r"), &node("one", 1)).await.unwrap();
    assert_eq!(cluster.beat(&record(node("one", 1), 8)).await, Ok(Beat::Fenced));
    assert_eq!(listed(&*cluster, &region("r")).await, []);
}

async fn fenced(cluster: &dyn Cluster) -> NodeRecord {
    let alive = record(node("one", 1), 7);
    announce(cluster, &alive).await;
    assert_eq!(cluster.fence(&region("r"), &alive.node, 7).await, Ok(true));
    NodeRecord { state: NodeState::Fenced, ..alive }
}

/// A fenced node learns it from its next beat, which changes nothing.
pub async fn a_fenced_node_cannot_beat(cluster: Arc<dyn Cluster>) {
    let fenced = fenced(&*cluster).await;
    assert_eq!(cluster.beat(&record(node("one", 1), 8)).await, Ok(Beat::Fenced));
    assert_eq!(listed(&*cluster, &region("r")).await, [fenced]);
}

/// Announcing a life that was fenced changes nothing and says so.
pub async fn a_fenced_life_cannot_be_announced_again(cluster: Arc<dyn Cluster>) {
    let fenced = fenced(&*cluster).await;
    assert_eq!(cluster.announce(&record(node("one", 1), 8)).await, Ok(Beat::Fenced));
    assert_eq!(listed(&*cluster, &region("r")).await, [fenced]);
}

/// A fenced node comes back with a new epoch.
pub async fn a_new_life_is_another_node(cluster: Arc<dyn Cluster>) {
    let fenced = fenced(&*cluster).await;
    let again = record(node("one", 2), 1);
    announce(&*cluster, &again).await;
    assert_eq!(cluster.beat(&again).await, Ok(Beat::Alive));
    assert_eq!(listed(&*cluster, &region("r")).await, [fenced, again]);
}

/// Only a beat that stands still is fenced.
pub async fn a_node_whose_beat_has_moved_is_not_fenced(cluster: Arc<dyn Cluster>) {
    announce(&*cluster, &record(node("one", 1), 7)).await;
    let moved = record(node("one", 1), 8);
    cluster.beat(&moved).await.unwrap();
    assert_eq!(cluster.fence(&region("r"), &moved.node, 7).await, Ok(false));
    assert_eq!(listed(&*cluster, &region("r")).await, std::slice::from_ref(&moved));
    assert_eq!(cluster.beat(&moved).await, Ok(Beat::Alive));
}

/// A reaper whose answer was lost, and any other reaper, finds the node fenced.
pub async fn fencing_again_says_yes(cluster: Arc<dyn Cluster>) {
    let fenced = fenced(&*cluster).await;
    assert_eq!(cluster.fence(&region("r"), &fenced.node, 7).await, Ok(true));
    assert_eq!(listed(&*cluster, &region("r")).await, [fenced]);
}

/// Where a beat and a fence race, either the beat counts and nothing is fenced, or the node is told.
pub async fn a_beat_and_a_fence_that_race_agree(cluster: Arc<dyn Cluster>) {
    for epoch in 0..20 {
        let node = node("one", epoch);
        announce(&*cluster, &record(node.clone(), 7)).await;
        let beat = {
            let (cluster, record) = (cluster.clone(), record(node.clone(), 8));
            tokio::spawn(async move { cluster.beat(&record).await.unwrap() })
        };
        let is_fenced = cluster.fence(&region("r"), &node, 7).await.unwrap();
        let expected = if is_fenced { Beat::Fenced } else { Beat::Alive };
        assert_eq!(beat.await.unwrap(), expected);
    }
}

/// A listing has the region's nodes, and no other region's.
pub async fn the_nodes_of_a_region_are_listed_fenced_ones_included(cluster: Arc<dyn Cluster>) {
    let fenced = fenced(&*cluster).await;
    let up = record(node("two", 1), 1);
    let elsewhere = NodeRecord { region: region("r-2"), ..record(node("three", 1), 1) };
    announce(&*cluster, &up).await;
    announce(&*cluster, &elsewhere).await;
    assert_eq!(listed(&*cluster, &region("r")).await, [fenced, up]);
    assert_eq!(listed(&*cluster, &region("r-2")).await, [elsewhere]);
}

/// Every key that is held is listed, until it is let go; letting go may be repeated.
pub async fn what_a_node_holds_is_listed_until_it_is_let_go(cluster: Arc<dyn Cluster>) {
    let node = announced(&*cluster, "one", 1).await;
    let mut keys = vec![HeldKey::Share(app("a")), HeldKey::Share(app("b"))];
    keys.extend((0..300).map(|n| HeldKey::Pin(document(&format!("d{n}")))));
    keys.sort();
    for key in &keys {
        hold(&*cluster, &node, key).await;
    }
    assert_eq!(held(&*cluster, &node).await, keys);
    let gone = keys.remove(1);
    for _ in 0..2 {
        cluster.let_go(&node, &gone).await.unwrap();
        assert_eq!(held(&*cluster, &node).await, keys);
    }
}

/// Holding twice is holding once.
pub async fn holding_twice_is_holding_once(cluster: Arc<dyn Cluster>) {
    let node = announced(&*cluster, "one", 1).await;
    let key = HeldKey::Pin(document("d"));
    for _ in 0..2 {
        hold(&*cluster, &node, &key).await;
        assert_eq!(held(&*cluster, &node).await, std::slice::from_ref(&key));
    }
    cluster.let_go(&node, &key).await.unwrap();
    assert_eq!(held(&*cluster, &node).await, []);
}

/// What one life of a node holds is no other's, not even of the same process.
pub async fn nodes_hold_apart(cluster: Arc<dyn Cluster>) {
    let key = HeldKey::Share(app("a"));
    let mut lives = Vec::new();
    for (name, epoch) in [("one", 1), ("one", 11), ("two", 1)] {
        let life = announced(&*cluster, name, epoch).await;
        hold(&*cluster, &life, &key).await;
        lives.push(life);
    }
    cluster.let_go(&lives[0], &key).await.unwrap();
    assert_eq!(held(&*cluster, &lives[0]).await, []);
    assert_eq!(held(&*cluster, &lives[1]).await, std::slice::from_ref(&key));
    assert_eq!(held(&*cluster, &lives[2]).await, [key]);
}

/// A dead life, and one that is not known, may hold nothing.
pub async fn a_dead_node_cannot_hold(cluster: Arc<dyn Cluster>) {
    let key = HeldKey::Share(app("a"));
    let fenced = fenced(&*cluster).await;
    assert_eq!(cluster.hold(&region("r"), &fenced.node, &key).await, Ok(Beat::Fenced));
    cluster.reaped(&region("r"), &fenced.node).await.unwrap();
    assert_eq!(cluster.hold(&region("r"), &fenced.node, &key).await, Ok(Beat::Fenced));
    assert_eq!(cluster.hold(&region("r"), &node("two", 1), &key).await, Ok(Beat::Fenced));
}

/// Where a fence and a hold race, either the fencer finds the key, or the holder is told.
pub async fn whoever_fences_finds_all_that_was_held(cluster: Arc<dyn Cluster>) {
    for epoch in 0..20 {
        let node = announced(&*cluster, "one", epoch).await;
        let key = HeldKey::Share(app("a"));
        let holding = {
            let (cluster, node, key) = (cluster.clone(), node.clone(), key.clone());
            tokio::spawn(async move { cluster.hold(&region("r"), &node, &key).await.unwrap() })
        };
        assert_eq!(cluster.fence(&region("r"), &node, 7).await, Ok(true));
        let found = cluster.held(&node).await.unwrap();
        if holding.await.unwrap() == Beat::Alive {
            assert_eq!(found, [key]);
        }
    }
}

/// A reaped node stays dead, and only a fenced one is reaped.
pub async fn only_a_fenced_node_is_reaped(cluster: Arc<dyn Cluster>) {
    let alive = record(announced(&*cluster, "two", 1).await, 7);
    cluster.reaped(&region("r"), &alive.node).await.unwrap();
    assert_eq!(listed(&*cluster, &region("r")).await, std::slice::from_ref(&alive));
    let fenced = fenced(&*cluster).await;
    let reaped = NodeRecord { state: NodeState::Reaped, ..fenced };
    for _ in 0..2 {
        cluster.reaped(&region("r"), &reaped.node).await.unwrap();
        assert_eq!(listed(&*cluster, &region("r")).await, [reaped.clone(), alive.clone()]);
    }
    assert_eq!(cluster.fence(&region("r"), &reaped.node, 7).await, Ok(true));
    assert_eq!(cluster.beat(&record(reaped.node.clone(), 8)).await, Ok(Beat::Fenced));
    assert_eq!(cluster.announce(&record(reaped.node.clone(), 8)).await, Ok(Beat::Fenced));
    assert_eq!(listed(&*cluster, &region("r")).await, [reaped, alive]);
}

/// Every region that a node was announced in is listed, once.
pub async fn regions_with_nodes_are_listed(cluster: Arc<dyn Cluster>) {
    assert_eq!(cluster.regions().await, Ok(vec![]));
    announced(&*cluster, "one", 1).await;
    announced(&*cluster, "two", 1).await;
    announce(&*cluster, &NodeRecord { region: region("r-2"), ..record(node("three", 1), 1) }).await;
    let mut regions = cluster.regions().await.unwrap();
    regions.sort();
    assert_eq!(regions, [region("r"), region("r-2")]);
}

/// Forgetting deletes the record, and once more does nothing.
pub async fn forgetting_may_be_repeated(cluster: Arc<dyn Cluster>) {
    let other = record(node("two", 1), 1);
    announce(&*cluster, &record(node("one", 1), 7)).await;
    announce(&*cluster, &other).await;
    for _ in 0..2 {
        cluster.forget(&region("r"), &node("one", 1)).await.unwrap();
        assert_eq!(listed(&*cluster, &region("r")).await, std::slice::from_ref(&other));
    }
}
