//! The sync node's own driver of the ledger, on paused time, over a memory store that fails as networks do.

use crate::chance::Chance;
use domain::bounds::BEAT_EVERY;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, Generation, NodeId, NodeName, Region, TenantId};
use domain::ledger::{Demand, LedgerRecord, Totals};
use domain::ports::{Cluster, HomePorts, Ledger, NodeRecord, NodeState};
use std::sync::Arc;
use std::time::Duration;
use stores::faults::{FaultPlan, Faults, Faulty};
use stores::memory::{MemoryCluster, MemoryLedger, MemoryPins};
use stores::system::SeededEntropy;
use syncd::home::{Lease, LedgerDesk, Places};
use syncd::metrics::Metrics;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const CLIENTS: usize = 60;
const LIMITS: Totals = Totals { connections: 12, documents: 5 };
/// How long clients come for, and the longest that one waits for its verdict or stays.
const SPAN: Duration = Duration::from_secs(20);
/// Far longer than any write waits once the store answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells tokio's time, which stands still while there is work to do.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).expect("a test ends")
    }
}

struct House {
    app: AppKey,
    faults: Arc<Faults>,
    faulty: Arc<Faulty<MemoryLedger>>,
    desks: Vec<Arc<LedgerDesk>>,
}

/// Places that a client still has at the end, and at which desk.
type Kept = Option<(usize, Places)>;

/// Clients come to several nodes while the store fails; when it has recovered, the counts are exact.
pub(crate) fn holds(seed: u64, weather: FaultPlan) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing").block_on(schedule(seed, weather));
}

async fn schedule(seed: u64, weather: FaultPlan) {
    let mut chance = Chance::of(seed);
    let house = Arc::new(House::open(seed, weather, &mut chance).await);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS as u64 {
        let chance = Chance::of(seed.wrapping_mul(1_000).wrapping_add(client));
        clients.spawn(visit(Arc::clone(&house), chance));
    }
    let kept: Vec<(usize, Places)> = clients.join_all().await.into_iter().flatten().collect();
    house.faults.heal();
    house.come_to_rest().await;
    house.counts_exactly(&kept, seed).await;
    drop(kept);
    house.come_to_rest().await;
    house.counts_exactly(&[], seed).await;
}

/// One client: comes, asks, may hang up before the verdict, may give its document back on its own.
async fn visit(house: Arc<House>, mut chance: Chance) -> Kept {
    sleep(chance.between(Duration::ZERO, SPAN)).await;
    let node = chance.below(house.desks.len());
    let documents = u64::from(chance.happens(0.4));
    let demand = Demand {
        connections: 1,
        documents,
        connections_max: LIMITS.connections,
        documents_max: LIMITS.documents,
    };
    let patience = chance.between(Duration::ZERO, SPAN);
    let places = timeout(patience, house.desks[node].ask(&house.app, demand)).await.ok()?.ok()?;
    let totals = house.record().await.totals;
    assert!(totals.connections <= LIMITS.connections && totals.documents <= LIMITS.documents, "{totals:?}");
    let (connection, document) = places.split_documents();
    sleep(chance.between(Duration::ZERO, SPAN)).await;
    drop(document);
    sleep(chance.between(Duration::ZERO, SPAN)).await;
    chance.happens(0.3).then_some((node, connection))
}

impl House {
    async fn open(seed: u64, weather: FaultPlan, chance: &mut Chance) -> Self {
        let tenant = TenantId::parse("tenant").expect("it is plain");
        let app = AppKey { tenant, app: AppId::parse("app").expect("it is plain") };
        let faults = Faults::new(weather, seed);
        let faulty = Arc::new(faults.wrap(Arc::new(MemoryLedger::new())));
        let cluster = Arc::new(MemoryCluster::new());
        let pins = Arc::new(MemoryPins::new(Generation(1)));
        let ports = HomePorts { ledger: faulty.clone(), cluster: cluster.clone(), pins };
        let clock = Arc::new(PausedClock(Instant::now()));
        let metrics = Arc::new(Metrics::new(Vec::new()).expect("their names differ"));
        let mut desks = Vec::new();
        for node in 0..chance.within(2, 4) {
            cluster.announce(&record(node)).await.expect("memory does not fail");
            let lease = Arc::new(Lease::new(node_id(node)));
            tokio::spawn(keep(Arc::clone(&lease), node_id(node), clock.clone()));
            let entropy = Arc::new(SeededEntropy::new(seed ^ node));
            desks.push(LedgerDesk::new(
                lease,
                region(),
                ports.clone(),
                clock.clone(),
                entropy,
                metrics.clone(),
            ));
        }
        // The first beats.
        sleep(Duration::from_millis(1)).await;
        Self { app, faults, faulty, desks }
    }

    /// What is really in the store.
    async fn record(&self) -> LedgerRecord {
        self.faulty.store().read(&self.app).await.expect("memory does not fail")
    }

    /// Waits until the copies that are under way have arrived, and everything given back is off the books.
    async fn come_to_rest(&self) {
        for _ in 0..=FaultPlan::rough().late_calls_max {
            self.faulty.read(&self.app).await.expect("no call meets a fault any more");
        }
        let quiet = async {
            while !self.desks.iter().all(|desk| desk.is_quiet()) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, quiet).await.expect("desks become quiet once the store answers");
    }

    async fn counts_exactly(&self, kept: &[(usize, Places)], seed: u64) {
        let record = self.record().await;
        assert!(record.adds_up(), "seed {seed}: {record:?}");
        for node in 0..self.desks.len() {
            let connections = kept.iter().filter(|(desk, _)| *desk == node).count() as u64;
            let share = record.shares.get(&node_id(node as u64)).copied().unwrap_or_default();
            assert_eq!((share.connections, share.documents), (connections, 0), "seed {seed}, node {node}");
        }
    }
}

/// Keeps a lease: these nodes are never cut off from the cluster.
async fn keep(lease: Arc<Lease>, life: NodeId, clock: Arc<PausedClock>) {
    loop {
        lease.alive(&life, clock.monotonic());
        sleep(BEAT_EVERY).await;
    }
}

fn record(node: u64) -> NodeRecord {
    NodeRecord {
        node: node_id(node),
        region: region(),
        beat: 0,
        state: NodeState::Up,
        url: String::new(),
        relay: String::new(),
        connections: 0,
        capacity: 1,
        documents: 0,
        beaten_unix_ms: 0,
    }
}

fn region() -> Region {
    Region::parse("r").expect("it is plain")
}

fn node_id(node: u64) -> NodeId {
    NodeId { name: NodeName::parse(&format!("n{node}")).expect("it is plain"), epoch: 1 }
}
