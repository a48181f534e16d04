//! Several nodes in one process, on shared stores in memory: each runs on a runtime of its own, so that it can die
//! as a process dies, all at once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::bounds::MESSAGE_BYTES_MAX;
use domain::clock::Clock;
use domain::ids::{
    AppId, AppKey, DocumentKey, DocumentName, Generation, HomeRegion, NodeName, Region, TenantId,
};
use domain::lease::Reaping;
use domain::ledger::LedgerRecord;
use domain::policy::RatePolicies;
use domain::ports::{HomePorts, Homes, NodeRecord, Pin};
use house_tests::raw_client::{Ending, RawClient};
use house_tests::wire::{self, Typist};
use house_tests::{Plan, eventually};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::jwt::{SigningKey, StaticKeys, Verifier};
use stores::memory::{MemoryCluster, MemoryDocuments, MemoryLedger, MemoryPins, MemoryRateGate};
use stores::system::{SystemClock, SystemEntropy};
use syncd::{Besides, ClusterSecret, Listeners, NodeConfig, OnLeaseLoss, Ports, RelayConfig};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

struct House {
    ports: Ports,
    home: HomePorts,
    key: SigningKey,
}

struct Node {
    address: SocketAddr,
    runtime: Option<Runtime>,
    drain: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

impl House {
    fn open() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let key = SigningKey::generate().unwrap();
        let name = HomeRegion::parse("local").unwrap();
        let tokens =
            Verifier::new(StaticKeys::new(key.public_jwks()), Arc::clone(&clock), vec![name.clone()]);
        let home = HomePorts {
            ledger: Arc::new(MemoryLedger::new()),
            cluster: Arc::new(MemoryCluster::new()),
            pins: Arc::new(MemoryPins::new(Generation(1))),
        };
        let ports = Ports {
            homes: Homes::new(name, home.clone()),
            documents: Arc::new(MemoryDocuments::new()),
            gate: Arc::new(MemoryRateGate::new(Arc::clone(&clock))),
            tokens: Arc::new(tokens),
            clock,
            entropy: Arc::new(SystemEntropy),
        };
        Self { ports, home, key }
    }

    async fn node(&self, name: &str, region: &str) -> Node {
        let ports = self.ports.clone();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (name, region) = (NodeName::parse(name).unwrap(), Region::parse(region).unwrap());
        let (told, address) = oneshot::channel();
        let (drain, drained) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        runtime.spawn(async move {
            let clients = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = clients.local_addr().unwrap();
            let config = config(name, region, relay.local_addr().unwrap());
            told.send(address).unwrap();
            let listeners = Listeners { clients, relay: Some(relay) };
            let shutdown = async { drop(drained.await) };
            syncd::run(listeners, ports, config, Besides::default(), shutdown).await.unwrap();
            let _ = end.send(());
        });
        let address = address.await.unwrap();
        Node { address, runtime: Some(runtime), drain: Some(drain), ended }
    }

    fn token(&self, plan: &Plan) -> String {
        self.key.sign(&plan.claims())
    }

    async fn record(&self, plan: &Plan) -> LedgerRecord {
        let record = self.home.ledger.read(&app(plan)).await.unwrap();
        assert!(record.adds_up());
        record
    }

    async fn pin(&self, plan: &Plan, name: &str) -> Option<Pin> {
        let key = DocumentKey { app: app(plan), name: DocumentName::parse(name).unwrap() };
        self.home.pins.read(&key).await.unwrap()
    }

    async fn counts(&self, plan: &Plan, connections: u64, documents: u64) {
        eventually("the counts", async || {
            let totals = self.record(plan).await.totals;
            ((totals.connections, totals.documents) == (connections, documents)).then_some(())
        })
        .await;
    }
}

impl Node {
    fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    async fn drain(&mut self) {
        self.drain.take().unwrap().send(()).unwrap();
        (&mut self.ended).await.unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn app(plan: &Plan) -> AppKey {
    AppKey { tenant: TenantId::parse("tenant").unwrap(), app: AppId::parse(plan.app).unwrap() }
}

fn config(name: NodeName, region: Region, relay: SocketAddr) -> NodeConfig {
    let secret = ClusterSecret::parse("a secret of all nodes of this house").unwrap();
    NodeConfig {
        url: format!("wss://{region}.example.net"),
        name,
        region,
        relay: Some(RelayConfig { address: relay.to_string(), secret }),
        on_lease_loss: OnLeaseLoss::Keep,
        trusted_proxies: Vec::new(),
        rate_policies: RatePolicies::Off,
        capacity: 10_000,
        memory_bytes_max: 1 << 40,
        message_bytes_max: MESSAGE_BYTES_MAX,
        drain_for: Duration::from_millis(100),
    }
}

async fn sees(client: &mut RawClient, text: &str) {
    let bytes = text.as_bytes();
    loop {
        let message = client.next().await.unwrap();
        if message.windows(bytes.len()).any(|window| window == bytes) {
            return;
        }
    }
}

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
