//! A node's dealings with one home region: its lease, what it holds under it, and the deaths of others.
//!
//! A [`Home`] needs no socket and no document: ports, a clock, chance and tokio's timers are all it works on, so that
//! a simulation can run many of them on one paused clock.

mod beats;
mod books;
mod desk;
mod lease;
mod leftovers;
mod neighbours;
mod pinning;
mod reaper;
mod whereabouts;

pub use books::OnLost;
pub use desk::{LedgerDesk, Places};
pub use lease::Lease;
pub use neighbours::Standing;
pub use pinning::Pinning;

use crate::caps::PIN_CALLS_MAX;
use crate::health::Answers;
use crate::metrics::Metrics;
use domain::clock::{Clock, Entropy};
use domain::ids::{HomeRegion, NodeId, NodeName, Region};
use domain::ports::{HomePorts, NodeRecord, NodeState, Owner};
use leftovers::Leftovers;
use parking_lot::Mutex;
use reaper::Errand;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Notify, Semaphore, watch};
use whereabouts::Whereabouts;

/// What a node says of itself in every home table.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// The process.
    pub name: NodeName,
    /// Its region.
    pub region: Region,
    /// The public URL of its region.
    pub url: String,
    /// `host:port` at which the other nodes of its region reach it; empty where there is no relay.
    pub relay: String,
    /// WebSockets that it is built for.
    pub capacity: u64,
}

/// One node in one home region.
pub struct Home {
    name: HomeRegion,
    ports: HomePorts,
    introduction: Introduction,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: Arc<Metrics>,
    lease: Arc<Lease>,
    desk: Arc<LedgerDesk>,
    /// Raised with each life that begins after the first.
    lives: watch::Sender<u64>,
    /// All nodes of the home table, as they were last seen.
    nodes: watch::Sender<Arc<Vec<NodeRecord>>>,
    /// Lives that are known to be over, and were not buried yet.
    dead: Mutex<HashSet<NodeId>>,
    /// Raised when another is found dead.
    deaths: watch::Sender<u64>,
    errands: Mutex<HashSet<(Errand, NodeId)>>,
    beat: AtomicU64,
    announced: AtomicBool,
    is_draining: AtomicBool,
    beat_at_once: Notify,
    whereabouts: Whereabouts,
    leftovers: Leftovers,
    pin_calls: Semaphore,
    answers: Answers,
}

impl Home {
    /// A node's dealings with the home region `name`. Nothing is asked of a store before [`Home::run`].
    #[must_use]
    pub fn new(
        name: HomeRegion,
        ports: HomePorts,
        introduction: Introduction,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let life = NodeId { name: introduction.name.clone(), epoch: clock.unix_ms() };
        let lease = Arc::new(Lease::new(life));
        let desk = LedgerDesk::new(
            Arc::clone(&lease),
            introduction.region.clone(),
            ports.clone(),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            Arc::clone(&metrics),
        );
        Arc::new(Self {
            name,
            ports,
            introduction,
            clock,
            entropy,
            metrics,
            lease,
            desk,
            lives: watch::Sender::new(0),
            nodes: watch::Sender::default(),
            dead: Mutex::default(),
            deaths: watch::Sender::new(0),
            errands: Mutex::default(),
            beat: AtomicU64::new(0),
            announced: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
            beat_at_once: Notify::new(),
            whereabouts: Whereabouts::default(),
            leftovers: Leftovers::default(),
            pin_calls: Semaphore::new(PIN_CALLS_MAX),
            answers: Answers::default(),
        })
    }

    /// The home region.
    #[must_use]
    pub fn name(&self) -> &HomeRegion {
        &self.name
    }

    /// The ledger of the apps that are at home here.
    #[must_use]
    pub fn desk(&self) -> &Arc<LedgerDesk> {
        &self.desk
    }

    /// The lease.
    #[must_use]
    pub fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Changes whenever another life begins.
    #[must_use]
    pub fn lives(&self) -> watch::Receiver<u64> {
        self.lives.subscribe()
    }

    /// Whether the home table is believed to answer.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.answers.answers(self.clock.monotonic()) && self.desk.answers()
    }

    /// Tells the others at once that this node takes no new connections.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.beat_at_once.notify_one();
    }

    /// Whether the table has ever known this node.
    fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Relaxed)
    }

    /// `life` as an owner of documents.
    fn owner(&self, life: NodeId) -> Owner {
        let Introduction { region, relay, .. } = &self.introduction;
        Owner { region: region.clone(), node: life, relay: relay.clone() }
    }

    fn record(&self, life: NodeId) -> NodeRecord {
        let Introduction { region, url, relay, capacity, .. } = self.introduction.clone();
        NodeRecord {
            node: life,
            region,
            beat: self.beat.fetch_add(1, Ordering::Relaxed) + 1,
            state: if self.is_draining.load(Ordering::Relaxed) { NodeState::Draining } else { NodeState::Up },
            url,
            relay,
            connections: u64::try_from(self.metrics.connections.get()).unwrap_or(0),
            documents: u64::try_from(self.metrics.documents.get()).unwrap_or(0),
            capacity,
            beaten_unix_ms: self.clock.unix_ms(),
        }
    }
}
