//! Every reply of DynamoDB is lost after its effect, once or more often, and each count and pin is exact.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::clock::Entropy;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, NodeId, NodeName, Region, TenantId};
use domain::ledger::{AppLedger, Demand, Ticket, Totals, Verdict, WriteOutcome};
use domain::ports::{Beat, HeldKey, HomePorts, Ledger, NodeRecord, NodeState, Owner, Pin, PinOutcome};
use servers::dynoxide::Dynoxide;
use servers::lossy::Lossy;
use servers::{clock, table};
use std::sync::Arc;
use std::time::Duration;
use stores::system::SeededEntropy;

const CONNECTIONS_MAX: u64 = 20;
const DOCUMENTS_MAX: u64 = 6;
const NODES: u64 = 3;
const STEPS: u64 = 12;

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

fn document() -> DocumentKey {
    DocumentKey { app: app(), name: DocumentName::parse("d#1").unwrap() }
}

fn node(name: &str) -> NodeId {
    NodeId { name: NodeName::parse(name).unwrap(), epoch: 1 }
}

fn owner(name: &str) -> Owner {
    Owner { region: Region::parse("r").unwrap(), node: node(name), relay: "10.0.0.1:7000".to_owned() }
}

/// A home whose replies are lost `losses` times each, and the server behind.
async fn lossy(losses: u32) -> (Dynoxide, Lossy, HomePorts) {
    let server = Dynoxide::start().await;
    table(server.endpoint(), "home").await.create_table().await.unwrap();
    let lossy = Lossy::start(server.endpoint(), losses).await;
    let ports = table(lossy.endpoint(), "home").await.ports(clock());
    (server, lossy, ports)
}

/// One node of an app, and what it holds by the verdicts that it was given.
struct Node {
    id: NodeId,
    ledger: AppLedger,
    chance: SeededEntropy,
    store: Arc<dyn Ledger>,
    held: Totals,
    now: Duration,
}

impl Node {
    fn new(nth: u64, store: Arc<dyn Ledger>) -> Self {
        let id = node(&format!("n{nth}"));
        let ledger = AppLedger::new(id.clone());
        Self {
            id,
            ledger,
            chance: SeededEntropy::new(nth),
            store,
            held: Totals::default(),
            now: Duration::ZERO,
        }
    }

    /// Asks for a few places, gives a few back, and writes until the store has said what became of all of it.
    async fn step(&mut self) {
        self.now += Duration::from_secs(1);
        for ticket in 0..self.chance.next_u64() % 4 {
            let documents = self.chance.next_u64() % 2;
            self.ledger.ask(Ticket(ticket * 2 + documents), demand(documents), self.now);
        }
        let leaving = Totals {
            connections: self.held.connections.min(self.chance.next_u64() % 3),
            documents: self.held.documents.min(self.chance.next_u64() % 2),
        };
        self.give_back(leaving).await;
    }

    async fn give_back(&mut self, leaving: Totals) {
        self.held.connections -= leaving.connections;
        self.held.documents -= leaving.documents;
        self.ledger.release(leaving);
        while let Some(write) = self.ledger.next_write() {
            match self.store.write(&app(), &write).await {
                Ok(outcome) => {
                    if let WriteOutcome::Written(totals) = outcome {
                        assert!(totals.connections <= CONNECTIONS_MAX && totals.documents <= DOCUMENTS_MAX);
                    }
                    self.ledger.completed(outcome, self.now);
                }
                Err(_) => self.ledger.unanswered(),
            }
            self.hear();
        }
    }

    fn hear(&mut self) {
        while let Some((ticket, verdict)) = self.ledger.next_verdict() {
            if verdict == Verdict::Admitted {
                self.held.connections += 1;
                self.held.documents += ticket.0 % 2;
            }
        }
    }
}

fn demand(documents: u64) -> Demand {
    Demand { connections: 1, documents, connections_max: CONNECTIONS_MAX, documents_max: DOCUMENTS_MAX }
}

async fn worked(mut node: Node) -> Node {
    for _ in 0..STEPS {
        node.step().await;
    }
    node.give_back(Totals::default()).await;
    node
}

async fn counts_are_exact(losses: u32) {
    let (server, lossy, ports) = lossy(losses).await;
    let working = (0..NODES).map(|nth| tokio::spawn(worked(Node::new(nth, ports.ledger.clone()))));
    let mut nodes = Vec::new();
    for node in working.collect::<Vec<_>>() {
        nodes.push(node.await.unwrap());
    }
    let behind = table(server.endpoint(), "home").await.ports(clock());
    let record = behind.ledger.read(&app()).await.unwrap();
    assert!(record.adds_up(), "{record:?}");
    for node in &mut nodes {
        let share = record.shares[&node.id];
        assert_eq!(Totals { connections: share.connections, documents: share.documents }, node.held);
        node.give_back(node.held).await;
    }
    let record = behind.ledger.read(&app()).await.unwrap();
    assert!(record.adds_up() && record.totals == Totals::default(), "{record:?}");
    let (lost, passed) = (lossy.lost(), lossy.passed().len());
    assert!(lost > 40 * losses, "{lost} replies of {passed} were lost");
}

#[tokio::test]
async fn counts_are_exact_though_every_reply_is_lost_once() {
    counts_are_exact(1).await;
}

#[tokio::test]
async fn counts_are_exact_though_every_reply_is_lost_until_the_store_is_unavailable() {
    counts_are_exact(2).await;
    counts_are_exact(3).await;
}

#[tokio::test]
async fn a_document_has_one_pin_though_every_reply_is_lost_once() {
    let (_server, lossy, HomePorts { pins, .. }) = lossy(1).await;
    let pinned = pins.pin(&document(), &owner("one")).await;
    let Ok(PinOutcome::Pinned(first)) = pinned else { panic!("{pinned:?}") };
    assert_eq!(pins.pin(&document(), &owner("two")).await, Ok(PinOutcome::HeldBy(first.clone())));
    let second = Pin { owner: owner("two"), generation: Generation(first.generation.0 + 1) };
    let taken = pins.take_over(&document(), &first, &owner("two")).await;
    assert_eq!(taken, Ok(PinOutcome::Pinned(second.clone())));
    pins.unpin(&document(), &second).await.unwrap();
    let third = Pin { owner: owner("one"), generation: Generation(second.generation.0 + 1) };
    assert_eq!(pins.pin(&document(), &owner("one")).await, Ok(PinOutcome::Pinned(third)));
    assert!(lossy.lost() >= 5);
}

#[tokio::test]
async fn nodes_live_hold_and_are_fenced_though_every_reply_is_lost_once() {
    let (_server, lossy, HomePorts { cluster, .. }) = lossy(1).await;
    let record = NodeRecord {
        node: node("one"),
        region: Region::parse("r").unwrap(),
        beat: 7,
        state: NodeState::Up,
        url: "wss://r.example.net".to_owned(),
        relay: String::new(),
        connections: 0,
        capacity: 1,
        documents: 0,
        beaten_unix_ms: 0,
    };
    let (region, key) = (&record.region, HeldKey::Share(app()));
    assert_eq!(cluster.announce(&record).await, Ok(Beat::Alive));
    assert_eq!(cluster.beat(&record).await, Ok(Beat::Alive));
    assert_eq!(cluster.hold(region, &record.node, &key).await, Ok(Beat::Alive));
    assert_eq!(cluster.fence(region, &record.node, 7).await, Ok(true));
    assert_eq!(cluster.hold(region, &record.node, &key).await, Ok(Beat::Fenced));
    assert_eq!(cluster.held(&record.node).await, Ok(vec![key]));
    cluster.reaped(region, &record.node).await.unwrap();
    assert_eq!(cluster.nodes(region).await, Ok(vec![NodeRecord { state: NodeState::Reaped, ..record }]));
    assert!(lossy.lost() >= 8);
}

/// Copies of all that was sent before arrive after each step: nothing moves.
#[tokio::test]
async fn no_late_copy_of_a_write_moves_a_pin() {
    let (server, wire, HomePorts { pins, .. }) = lossy(0).await;
    let mut latest = None;
    for nth in 0..6 {
        let asker = owner(&format!("n{}", nth % 2));
        let outcome = match (&latest, nth % 3) {
            (Some(pin), 2) => pins.take_over(&document(), pin, &asker).await.unwrap(),
            (Some(pin), _) => {
                pins.unpin(&document(), pin).await.unwrap();
                assert_late_copies_move_nothing(&*pins, &wire, server.endpoint(), None).await;
                pins.pin(&document(), &asker).await.unwrap()
            }
            (None, _) => pins.pin(&document(), &asker).await.unwrap(),
        };
        let PinOutcome::Pinned(pin) = outcome else { panic!("{outcome:?}") };
        assert_late_copies_move_nothing(&*pins, &wire, server.endpoint(), Some(&pin)).await;
        latest = Some(pin);
    }
}

async fn assert_late_copies_move_nothing(
    pins: &dyn domain::ports::Pins,
    wire: &Lossy,
    server: &str,
    stands: Option<&Pin>,
) {
    for copy in wire.passed() {
        copy.ask(server).await;
        assert_eq!(pins.read(&document()).await.unwrap().as_ref(), stands);
    }
}
