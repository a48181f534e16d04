//! One process as the others see it: its dealings with the home table, its sockets, and its open documents.

use crate::house::House;
use crate::model::End;
use crate::plan::{self, Plan};
use crate::table::Table;
use crate::transition::Hands;
use crate::view::View;
use domain::clock::{Clock, Entropy};
use domain::ids::NodeId;
use domain::ledger::Totals;
use domain::ports::{Documents, HomePorts, Pin};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use stores::faults::Faults;
use stores::system::SeededEntropy;
use syncd::home::{Home, Introduction, Places};
use syncd::metrics::Metrics;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) home: Arc<Home>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) clock: Arc<SkewedClock>,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    /// For each document, the right to open, renew or release it.
    pub(crate) turns: Vec<tokio::sync::Mutex<()>>,
    open: Mutex<BTreeMap<usize, OpenDocument>>,
    /// Documents that have lost their places, and are open yet.
    lost: Arc<Mutex<BTreeSet<usize>>>,
    sessions: Mutex<BTreeMap<u64, Session>>,
    condition: Mutex<Condition>,
    tasks: Mutex<JoinSet<()>>,
}

pub(crate) struct OpenDocument {
    pub(crate) pin: Pin,
    pub(crate) place: Places,
    pub(crate) users: BTreeSet<u64>,
}

/// A client's connection, and the node that its document is open on.
pub(crate) struct Session {
    pub(crate) connection: Places,
    pub(crate) owner: Arc<Node>,
}

/// What a process does, whatever it knows of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Up,
    /// It stands still.
    Stopped,
    /// It reaches no store.
    CutOff,
    Draining,
    /// It is no more.
    Gone,
}

/// What a node has to see to.
pub(crate) enum Order {
    /// A connection did not fit into another life.
    ConnectionLost(u64),
    /// A document did not.
    DocumentLost(usize),
    /// The document may have been pinned in a life that is over.
    Renew(usize),
}

impl Node {
    /// Starts a process of the name with this index.
    pub(crate) fn start(house: &Arc<House>, index: usize, seed: u64) -> Arc<Self> {
        let plan = &house.plan;
        let faults = Faults::new(plan.weather, seed);
        let view = View::new(Arc::clone(&house.table), plan::name(index));
        let view = Arc::new(faults.wrap(Arc::new(view)));
        let ports = HomePorts { ledger: view.clone(), cluster: view.clone(), pins: view.clone() };
        let clock = Arc::new(SkewedClock::of(index, house.table.began()));
        let home =
            home(plan, index, ports, clock.clone(), Arc::new(SeededEntropy::new(seed)), &house.metrics);
        let (orders, received) = mpsc::unbounded_channel();
        let node = Arc::new(Self {
            index,
            home,
            faults,
            documents: view,
            clock,
            orders,
            turns: (0..plan.documents).map(|_| tokio::sync::Mutex::default()).collect(),
            open: Mutex::default(),
            lost: Arc::default(),
            sessions: Mutex::default(),
            condition: Mutex::new(Condition::Up),
            tasks: Mutex::default(),
        });
        node.spawn(keep_lease(Arc::clone(&node.home)));
        node.spawn(obey(Arc::clone(house), Arc::clone(&node), received));
        node.spawn(renew_with_each_life(Arc::clone(&node)));
        node
    }

    /// Does something for as long as the process lives.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().expect("nobody panics with it").spawn(task);
    }

    pub(crate) fn condition(&self) -> Condition {
        *self.condition.lock().expect("nobody panics with it")
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.condition() == Condition::Gone
    }

    pub(crate) fn becomes(&self, condition: Condition) {
        *self.condition.lock().expect("nobody panics with it") = condition;
    }

    /// Ends without a word. What it held in memory is forgotten, and what it sends never arrives.
    pub(crate) fn dies(&self, table: &Table) {
        self.faults.stall();
        self.becomes(Condition::Gone);
        table.ends(&plan::name(self.index));
        self.ends_its_tasks();
    }

    pub(crate) fn ends_its_tasks(&self) {
        self.tasks.lock().expect("nobody panics with it").abort_all();
    }

    pub(crate) fn life(&self) -> NodeId {
        self.home.lease().life()
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, BTreeMap<usize, OpenDocument>> {
        self.open.lock().expect("nobody panics with it")
    }

    /// Documents that have lost their places, and are open yet.
    pub(crate) fn lost(&self) -> &Arc<Mutex<BTreeSet<usize>>> {
        &self.lost
    }

    /// A client uses no document here any more.
    pub(crate) fn forget(&self, client: u64) {
        for document in self.open().values_mut() {
            document.users.remove(&client);
        }
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, BTreeMap<u64, Session>> {
        self.sessions.lock().expect("nobody panics with it")
    }

    /// What its clients and its documents hold.
    pub(crate) fn held(&self) -> Totals {
        Totals { connections: self.sessions().len() as u64, documents: self.open().len() as u64 }
    }
}

fn home(
    plan: &Plan,
    index: usize,
    ports: HomePorts,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: &Arc<Metrics>,
) -> Arc<Home> {
    let region = plan.region(index);
    let introduction = Introduction {
        name: plan::name(index),
        url: format!("wss://{region}.example.net"),
        region,
        relay: format!("n{index}:1"),
        capacity: 1000,
    };
    Home::new(plan::home(), ports, introduction, clock, entropy, Arc::clone(metrics))
}

async fn keep_lease(home: Arc<Home>) {
    home.announce().await;
    home.run().await;
}

async fn renew_with_each_life(node: Arc<Node>) {
    let mut lives = node.home.lives();
    while lives.changed().await.is_ok() {
        for document in node.open().keys() {
            // The receiver lives as long as the process.
            let _ = node.orders.send(Order::Renew(*document));
        }
    }
}

async fn obey(house: Arc<House>, node: Arc<Node>, mut orders: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        match order {
            Order::ConnectionLost(client) => house.end_session(client, End::PlaceLost),
            Order::DocumentLost(document) => {
                let (house, closing) = (Arc::clone(&house), Arc::clone(&node));
                node.spawn(async move { closing.close(&house, document, End::DocumentLost).await });
            }
            Order::Renew(document) => {
                let (house, renewing) = (Arc::clone(&house), Arc::clone(&node));
                node.spawn(async move { renewing.renew(&house, document).await });
            }
        }
    }
}

/// Tells tokio's time, which stands still while there is work to do, each node with hands of its own. Its monotonic
/// hand may stand still while its machine sleeps.
pub(crate) struct SkewedClock {
    began: Instant,
    ahead: Duration,
    slept: Mutex<Slept>,
}

#[derive(Default)]
struct Slept {
    since: Option<Instant>,
    before: Duration,
}

impl SkewedClock {
    fn of(index: usize, began: Instant) -> Self {
        let ahead = Duration::from_secs(1_000_000 * (7 - index as u64));
        Self { began, ahead, slept: Mutex::default() }
    }

    pub(crate) fn turn(&self, hands: Hands) {
        let mut slept = self.slept.lock().expect("nobody panics with it");
        if let Some(since) = slept.since.take() {
            slept.before += since.elapsed();
        }
        if hands == Hands::StandStill {
            slept.since = Some(Instant::now());
        }
    }
}

impl Clock for SkewedClock {
    fn monotonic(&self) -> Duration {
        let slept = self.slept.lock().expect("nobody panics with it");
        let asleep = slept.since.map(|since| since.elapsed()).unwrap_or_default();
        self.began.elapsed() + self.ahead - slept.before - asleep
    }

    fn unix_ms(&self) -> u64 {
        u64::try_from((self.began.elapsed() + self.ahead).as_millis()).expect("a schedule ends")
    }
}
