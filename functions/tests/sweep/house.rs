//! A home over memory stores, with nodes that beat in tokio's paused time, or do not.

use domain::bounds::BEAT_EVERY;
use domain::clock::Clock;
use domain::ids::{
    AppId, AppKey, DocumentKey, DocumentName, Generation, HomeRegion, NodeId, NodeName, Region, TenantId,
};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::ports::{Beat, Cluster, HeldKey, HomePorts, Homes, Ledger, NodeRecord, NodeState};
use functions::sweep::{HomeReport, Sweep};
use std::sync::Arc;
use std::time::Duration;
use stores::memory::{MemoryCluster, MemoryLedger, MemoryPins};
use stores::system::SeededEntropy;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// The one home region.
pub(crate) const HOME: &str = "aws-eu-central-1";

/// tokio's own clock, which moves on whenever everybody waits.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        1_772_030_400_000 + u64::try_from(self.monotonic().as_millis()).unwrap()
    }
}

/// The stores of one home, with nodes in it.
#[derive(Clone)]
pub(crate) struct House {
    ledger: Arc<MemoryLedger>,
    pub(crate) cluster: Arc<MemoryCluster>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self { ledger: Arc::new(MemoryLedger::new()), cluster: Arc::new(MemoryCluster::new()) }
    }

    pub(crate) fn ports(&self) -> HomePorts {
        let pins = Arc::new(MemoryPins::new(Generation(1)));
        HomePorts { ledger: self.ledger.clone(), cluster: self.cluster.clone(), pins }
    }

    fn sweep(&self) -> Sweep {
        sweep_of(Homes::new(home(), self.ports()))
    }

    pub(crate) async fn run(&self) -> HomeReport {
        self.sweep().run().await.remove(0)
    }

    /// Announces a node that holds a share of 7 connections and 2 documents, and never beats again.
    pub(crate) async fn dead(&self, name: &str) -> NodeRecord {
        let record = node(name);
        self.cluster.announce(&record).await.unwrap();
        self.cluster.hold(&record.region, &record.node, &HeldKey::Share(app())).await.unwrap();
        let new = Share { connections: 7, documents: 2, sequence: 1, sealed: false };
        let write = ShareWrite { node: record.node.clone(), old: None, new, bounds: Bounds::default() };
        self.ledger.write(&app(), &write).await.unwrap();
        record
    }

    /// The same, and it beats as nodes do.
    pub(crate) async fn beating(&self, name: &str) -> JoinHandle<()> {
        let mut record = self.dead(name).await;
        let cluster = self.cluster.clone();
        tokio::spawn(async move {
            loop {
                sleep(BEAT_EVERY).await;
                record.beat += 1;
                assert_eq!(cluster.beat(&record).await, Ok(Beat::Alive), "a living node was reaped");
            }
        })
    }

    /// Notes that a node may hold this many documents.
    pub(crate) async fn hold_documents(&self, record: &NodeRecord, count: usize) {
        for i in 0..count {
            let document = DocumentKey { app: app(), name: DocumentName::parse(&format!("{i}")).unwrap() };
            self.cluster.hold(&record.region, &record.node, &HeldKey::Pin(document)).await.unwrap();
        }
    }

    pub(crate) async fn connections(&self) -> u64 {
        self.ledger.read(&app()).await.unwrap().totals.connections
    }

    pub(crate) async fn state(&self, record: &NodeRecord) -> NodeState {
        let nodes = self.cluster.nodes(&record.region).await.unwrap();
        nodes.into_iter().find(|node| node.node == record.node).unwrap().state
    }
}

/// A sweep whose clock is tokio's.
pub(crate) fn sweep_of(homes: Homes) -> Sweep {
    Sweep::new(homes, Arc::new(PausedClock(Instant::now())), Arc::new(SeededEntropy::new(7)))
}

pub(crate) fn home() -> HomeRegion {
    HomeRegion::parse(HOME).unwrap()
}

pub(crate) fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

fn node(name: &str) -> NodeRecord {
    NodeRecord {
        node: NodeId { name: NodeName::parse(name).unwrap(), epoch: 1 },
        region: Region::parse("eu-central-1").unwrap(),
        beat: 1,
        state: NodeState::Up,
        url: String::new(),
        relay: String::new(),
        connections: 7,
        capacity: 100,
        documents: 0,
        beaten_unix_ms: 0,
    }
}
