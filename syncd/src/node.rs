//! What all parts of one node share.

use crate::caps::{CLOSE_WAIT, CLOSING_MAX};
use crate::config::NodeConfig;
use crate::health::Answers;
use crate::ledger::LedgerDesk;
use crate::link::Link;
use crate::metrics::Metrics;
use crate::refusals::Refusals;
use crate::registry::Registry;
use domain::clock::{Clock, Entropy};
use domain::ids::NodeId;
use domain::policy::{GATE_DEADLINE, Window};
use domain::ports::{Cluster, Documents, Ledger, NodeState, Owner, Pins, RateBucket, RateGate, Tokens};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The stores that a node works on, each behind its port.
#[derive(Clone)]
pub struct Ports {
    /// The global counts.
    pub ledger: Arc<dyn Ledger>,
    /// The nodes.
    pub cluster: Arc<dyn Cluster>,
    /// Who holds which document.
    pub pins: Arc<dyn Pins>,
    /// The documents' content.
    pub documents: Arc<dyn Documents>,
    /// Rates of the region.
    pub gate: Arc<dyn RateGate>,
    /// Tells genuine tokens from others.
    pub tokens: Arc<dyn Tokens>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) config: NodeConfig,
    pub(crate) ports: Ports,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) desk: Arc<LedgerDesk>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) refusals: Refusals,
    /// Every counted connection, for the waves of a drain.
    links: Mutex<HashMap<u64, Arc<Link>>>,
    ids: AtomicU64,
    closing: AtomicUsize,
    draining: AtomicBool,
    pub(crate) cluster_answers: Answers,
    pub(crate) documents_answer: Answers,
    /// When a fail-open was last logged.
    fail_open_logged: Mutex<Option<Duration>>,
}

/// A socket at its end. Counts until it is dropped.
pub(crate) struct Closing<'a> {
    node: &'a Node,
    pub(crate) wait: Duration,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.node.closing.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Node {
    pub(crate) fn new(config: NodeConfig, ports: Ports, metrics: Arc<Metrics>) -> Arc<Self> {
        let id = config.node.clone();
        let desk = LedgerDesk::new(
            id.clone(),
            Arc::clone(&ports.ledger),
            Arc::clone(&ports.clock),
            Arc::clone(&ports.entropy),
            Arc::clone(&metrics),
        );
        Arc::new(Self {
            id,
            config,
            ports,
            metrics,
            desk,
            registry: Arc::new(Registry::default()),
            refusals: Refusals::default(),
            links: Mutex::default(),
            ids: AtomicU64::new(1),
            closing: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            cluster_answers: Answers::default(),
            documents_answer: Answers::default(),
            fail_open_logged: Mutex::default(),
        })
    }

    pub(crate) fn now(&self) -> Duration {
        self.ports.clock.monotonic()
    }

    pub(crate) fn now_s(&self) -> u32 {
        u32::try_from(self.now().as_secs()).unwrap_or(u32::MAX)
    }

    /// A number that no other session or request of this process has.
    pub(crate) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner { region: self.config.region.clone(), node: self.id.clone(), relay: String::new() }
    }

    pub(crate) fn state(&self) -> NodeState {
        if self.is_draining() { NodeState::Draining } else { NodeState::Up }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// At or above 80 % of the connections or of the memory that the node is built for.
    pub(crate) fn is_overloaded(&self) -> bool {
        let high = |used: i64, built_for: u64| {
            u64::try_from(used).unwrap_or(0).saturating_mul(5) >= built_for.saturating_mul(4)
        };
        high(self.metrics.connections.get(), self.config.capacity)
            || high(self.metrics.memory.get(), self.config.memory_bytes_max)
    }

    pub(crate) fn keep_link(&self, id: u64, link: &Arc<Link>) {
        self.links.lock().insert(id, Arc::clone(link));
        self.metrics.connections.inc();
    }

    pub(crate) fn drop_link(&self, id: u64) {
        if self.links.lock().remove(&id).is_some() {
            self.metrics.connections.dec();
        }
    }

    /// A socket's end begins. Where too many are at theirs, it is given no time.
    pub(crate) fn begin_close(&self) -> Closing<'_> {
        let others = self.closing.fetch_add(1, Ordering::Relaxed);
        Closing { node: self, wait: if others < CLOSING_MAX { CLOSE_WAIT } else { Duration::ZERO } }
    }

    pub(crate) fn links(&self) -> Vec<Arc<Link>> {
        self.links.lock().values().cloned().collect()
    }

    /// Takes up to `want` from a rate's window. A gate that does not answer in time lets pass.
    pub(crate) async fn take(&self, bucket: &RateBucket, want: u64, window: Window) -> Option<u64> {
        let answer = tokio::time::timeout(GATE_DEADLINE, self.ports.gate.take(bucket, want, window)).await;
        let error = match answer {
            Ok(Ok(granted)) => return Some(granted),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.failed_open(bucket, &error);
        None
    }

    pub(crate) fn failed_open(&self, bucket: &RateBucket, error: &str) {
        let name = match bucket {
            RateBucket::Client(policy, _) => policy.name(),
            RateBucket::Ops(_) => "ops",
        };
        self.metrics.fail_open(name);
        let now = self.now();
        let mut logged = self.fail_open_logged.lock();
        if logged.is_none_or(|at| now >= at + Duration::from_secs(60)) {
            *logged = Some(now);
            tracing::warn!(bucket = name, error, "the rate gate did not answer; letting pass");
        }
    }
}
