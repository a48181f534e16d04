//! The scheduled sweep over memory stores, in tokio's paused time: runs a minute apart, runs that overlap, and nodes
//! that beat meanwhile.

use domain::bounds::{BEAT_EVERY, LEASE};
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, Generation, HomeRegion, NodeId, NodeName, Region, TenantId};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::ports::{
    Beat, Cluster, HeldKey, HomePorts, Homes, Ledger, NodeRecord, NodeState, Sighting, Unavailable,
};
use functions::sweep::{HomeReport, RUN_MAX, Sweep, embedded_metrics};
use serde_json::json;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stores::memory::{MemoryCluster, MemoryLedger, MemoryPins};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How far apart the schedule's runs are.
const MINUTE: Duration = Duration::from_secs(60);
const HOME: &str = "aws-eu-central-1";

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
struct House {
    ledger: Arc<MemoryLedger>,
    cluster: Arc<MemoryCluster>,
}

impl House {
    fn new() -> Self {
        Self { ledger: Arc::new(MemoryLedger::new()), cluster: Arc::new(MemoryCluster::new()) }
    }

    fn ports(&self) -> HomePorts {
        let pins = Arc::new(MemoryPins::new(Generation(1)));
        HomePorts { ledger: self.ledger.clone(), cluster: self.cluster.clone(), pins }
    }

    fn sweep(&self) -> Sweep {
        sweep_of(Homes::new(home(), self.ports()))
    }

    async fn run(&self) -> HomeReport {
        self.sweep().run().await.remove(0)
    }

    /// Announces a node that holds a share of 7 connections and 2 documents, and never beats again.
    async fn dead(&self, name: &str) -> NodeRecord {
        let record = node(name);
        self.cluster.announce(&record).await.unwrap();
        self.cluster.hold(&record.region, &record.node, &HeldKey::Share(app())).await.unwrap();
        let new = Share { connections: 7, documents: 2, sequence: 1, sealed: false };
        let write = ShareWrite { node: record.node.clone(), old: None, new, bounds: Bounds::default() };
        self.ledger.write(&app(), &write).await.unwrap();
        record
    }

    /// The same, and it beats as nodes do.
    async fn beating(&self, name: &str) -> JoinHandle<()> {
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

    async fn connections(&self) -> u64 {
        self.ledger.read(&app()).await.unwrap().totals.connections
    }

    async fn state(&self, record: &NodeRecord) -> NodeState {
        let nodes = self.cluster.nodes(&record.region).await.unwrap();
        nodes.into_iter().find(|node| node.node == record.node).unwrap().state
    }
}

fn sweep_of(homes: Homes) -> Sweep {
    Sweep { homes, clock: Arc::new(PausedClock(Instant::now())) }
}

fn home() -> HomeRegion {
    HomeRegion::parse(HOME).unwrap()
}

fn app() -> AppKey {
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
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_node_is_reaped_by_the_second_run_after_a_whole_lease() {
    let house = House::new();
    let dead = house.dead("dead").await;
    let first = house.run().await;
    assert_eq!((first.totals().reaped, first.totals().up, first.totals().connections), (0, 1, 7));
    assert_eq!(house.connections().await, 7);
    sleep(MINUTE).await;
    let begun = Instant::now();
    let second = house.run().await;
    assert!(begun.elapsed() >= LEASE && begun.elapsed() < RUN_MAX, "{:?}", begun.elapsed());
    assert_eq!((second.totals().reaped, second.totals().up, second.totals().connections), (1, 0, 0));
    assert_eq!((second.struck.connections, second.struck.documents), (7, 2));
    assert_eq!((house.connections().await, house.state(&dead).await), (0, NodeState::Reaped));
    assert_eq!(house.run().await.totals().reaped, 0, "nothing is reaped twice");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_suspects_nobody_ends_at_once() {
    let house = House::new();
    let beating = house.beating("alive").await;
    for _ in 0..5 {
        let begun = Instant::now();
        let report = house.run().await;
        assert_eq!((report.totals().up, report.totals().reaped), (1, 0));
        assert!(begun.elapsed() < Duration::from_secs(1));
        sleep(MINUTE).await;
    }
    beating.abort();
}

#[tokio::test(start_paused = true)]
async fn a_beating_node_is_never_reaped_by_runs_that_overlap() {
    let house = House::new();
    let beating = house.beating("alive").await;
    for apart_ms in [0, 1, 900, 3_000, 30_000] {
        let (one, other) = tokio::join!(house.run(), async {
            sleep(Duration::from_millis(apart_ms)).await;
            house.run().await
        });
        assert_eq!((one.totals().reaped, other.totals().reaped), (0, 0), "{apart_ms} ms apart");
        sleep(MINUTE).await;
    }
    assert!(!beating.is_finished(), "it was never told that it is dead");
    assert_eq!(house.connections().await, 7);
    beating.abort();
}

#[tokio::test(start_paused = true)]
async fn of_runs_that_overlap_one_reaps() {
    let house = House::new();
    house.dead("dead").await;
    house.run().await;
    sleep(MINUTE).await;
    let (one, other) = tokio::join!(house.run(), house.run());
    let struck = one.struck.connections + other.struck.connections;
    assert_eq!((struck, house.connections().await), (7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_falls_silent_later_is_reaped_within_three_minutes() {
    let house = House::new();
    let beating = house.beating("mortal").await;
    house.run().await;
    sleep(Duration::from_secs(7)).await;
    beating.abort();
    let died = Instant::now();
    while house.connections().await > 0 {
        let begun = Instant::now();
        house.run().await;
        sleep(MINUTE.saturating_sub(begun.elapsed())).await;
    }
    assert!(died.elapsed() <= Duration::from_secs(180), "{:?}", died.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_half_reaped_is_finished_by_the_first_run() {
    let house = House::new();
    let dead = house.dead("dead").await;
    assert!(house.cluster.fence(&dead.region, &dead.node, dead.beat).await.unwrap());
    let report = house.run().await;
    assert_eq!((report.totals().reaped, report.totals().fenced), (1, 0));
    assert_eq!((house.connections().await, house.state(&dead).await), (0, NodeState::Reaped));
}

#[tokio::test(start_paused = true)]
async fn a_home_whose_table_does_not_answer_holds_up_no_other() {
    for mute in [Mute::Refuses, Mute::HangsFor(None)] {
        let (house, other) = (House::new(), House::new());
        house.dead("dead").await;
        let broken = Interrupted { inner: other.cluster.clone(), mute, is_muted: AtomicBool::new(true) };
        let mut ports = other.ports();
        ports.cluster = Arc::new(broken);
        let elsewhere = HomeRegion::parse("aws-us-east-1").unwrap();
        let sweep = sweep_of(Homes::new(elsewhere, ports).with(home(), house.ports()));
        sweep.run().await;
        sleep(MINUTE).await;
        let begun = Instant::now();
        let reports = sweep.run().await;
        assert!(begun.elapsed() <= RUN_MAX);
        let failed: Vec<_> = reports.iter().map(|report| report.failure.is_some()).collect();
        assert_eq!((failed, house.connections().await), (vec![false, true], 0));
    }
}

#[tokio::test(start_paused = true)]
async fn who_could_not_look_for_a_while_watches_for_a_whole_lease_again() {
    let house = House::new();
    house.dead("dead").await;
    house.run().await;
    let broken = Arc::new(Interrupted {
        inner: house.cluster.clone(),
        mute: Mute::Refuses,
        is_muted: AtomicBool::new(false),
    });
    let mut ports = house.ports();
    ports.cluster = broken.clone();
    let sweep = sweep_of(Homes::new(home(), ports));
    let begun = Instant::now();
    let (reports, ()) = tokio::join!(sweep.run(), async {
        sleep(Duration::from_secs(15)).await;
        broken.is_muted.store(true, Ordering::SeqCst);
        sleep(Duration::from_secs(4)).await;
        broken.is_muted.store(false, Ordering::SeqCst);
    });
    assert!(begun.elapsed() >= Duration::from_secs(19) + LEASE, "{:?}", begun.elapsed());
    assert_eq!((reports[0].totals().reaped, house.connections().await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_in_time_whatever_its_stores_do() {
    let house = House::new();
    house.dead("dead").await;
    house.run().await;
    let slow = Mute::HangsFor(Some(Duration::from_millis(1_900)));
    let broken = Interrupted { inner: house.cluster.clone(), mute: slow, is_muted: AtomicBool::new(true) };
    let mut ports = house.ports();
    ports.cluster = Arc::new(broken);
    let begun = Instant::now();
    sweep_of(Homes::new(home(), ports)).run().await;
    assert!(begun.elapsed() <= RUN_MAX, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn metrics_are_told_by_home_and_region() {
    let house = House::new();
    house.dead("dead").await;
    let mut metrics = embedded_metrics(&[house.run().await], 1_772_030_400_000);
    let names = ["Connections", "NodesUp", "NodesDraining", "NodesReaped"];
    let expected = json!({
        "_aws": {
            "Timestamp": 1_772_030_400_000_u64,
            "CloudWatchMetrics": [{
                "Namespace": "WireSocket",
                "Dimensions": [["Home", "Region"]],
                "Metrics": names.map(|name| json!({"Name": name, "Unit": "Count"})),
            }],
        },
        "Home": HOME, "Region": "eu-central-1",
        "Connections": 7, "NodesUp": 1, "NodesDraining": 0, "NodesReaped": 0,
    });
    assert_eq!((metrics.pop(), metrics.pop()), (Some(expected), None));
}

/// How a cluster fails whose listings are muted.
#[derive(Clone, Copy)]
enum Mute {
    Refuses,
    /// Answers after this time, or never.
    HangsFor(Option<Duration>),
}

/// A cluster whose listings can be muted.
struct Interrupted {
    inner: Arc<MemoryCluster>,
    mute: Mute,
    is_muted: AtomicBool,
}

impl Interrupted {
    async fn pass(&self) -> Result<(), Unavailable> {
        if !self.is_muted.load(Ordering::SeqCst) {
            return Ok(());
        }
        match self.mute {
            Mute::Refuses => Err(Unavailable::new("cluster", "connection refused")),
            Mute::HangsFor(Some(time)) => {
                sleep(time).await;
                Ok(())
            }
            Mute::HangsFor(None) => pending().await,
        }
    }
}

#[async_trait::async_trait]
impl Cluster for Interrupted {
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        self.inner.announce(record).await
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        self.inner.beat(record).await
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        self.pass().await?;
        self.inner.regions().await
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        self.pass().await?;
        self.inner.nodes(region).await
    }

    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable> {
        self.inner.sight(region, node, beat).await
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        self.inner.fence(region, node, beat).await
    }

    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.inner.reaped(region, node).await
    }

    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable> {
        self.inner.hold(region, node, key).await
    }

    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        self.inner.let_go(node, key).await
    }

    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        self.inner.held(node).await
    }

    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.inner.forget(region, node).await
    }
}
