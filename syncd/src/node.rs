//! What all parts of one node share.

use crate::caps::{CLOSE_WAIT, CLOSING_MAX, REWRITES_AT_ONCE};
use crate::config::NodeConfig;
use crate::gate::Gate;
use crate::health::Answers;
use crate::home::{Home, Introduction};
use crate::link::Link;
use crate::metering::{Held, Metering, NodeMeter};
use crate::metrics::Metrics;
use crate::ops::Purses;
use crate::refusals::Refusals;
use crate::registry::Registry;
use crate::relay::Dialer;
use domain::clock::{Clock, Entropy};
use domain::close::CloseReason;
use domain::ids::{AppKey, HomeRegion};
use domain::ports::{Documents, HomePorts, Homes, RateGate, Tokens};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The stores that a node works on, each behind its port.
#[derive(Clone)]
pub struct Ports {
    /// The global counts, the nodes, and who holds which document: in the table of each home region.
    pub homes: Homes,
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
    /// Where usage is counted and written down; without it, nothing is counted.
    pub usage: Option<Metering>,
}

pub(crate) struct Node {
    pub(crate) config: NodeConfig,
    pub(crate) ports: Ports,
    pub(crate) metrics: Arc<Metrics>,
    homes: BTreeMap<HomeRegion, Arc<Home>>,
    dialer: Option<Dialer>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) refusals: Refusals,
    /// Every session whose socket this node holds, for the waves of a drain.
    links: Mutex<HashMap<u64, Kept>>,
    ids: AtomicU64,
    closing: AtomicUsize,
    draining: AtomicBool,
    pub(crate) documents_answer: Answers,
    /// Turns of documents that are written down again as a whole.
    pub(crate) rewrites: Semaphore,
    pub(crate) gate: Arc<Gate>,
    /// What the apps' documents spend ops from.
    pub(crate) purses: Purses,
    /// Counts what the apps use.
    pub(crate) meter: NodeMeter,
}

struct Kept {
    link: Arc<Link>,
    peer: Peer,
    home: Arc<Home>,
    /// Of a client's.
    _held: Option<Held>,
}

/// Who is at the other end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A client, whose connection is counted here.
    Client,
    /// Another node, which counts its client's connection itself.
    Node,
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
        let introduction = Introduction {
            name: config.name.clone(),
            region: config.region.clone(),
            url: config.url.clone(),
            relay: config.relay.as_ref().map(|relay| relay.address.clone()).unwrap_or_default(),
            capacity: config.capacity,
        };
        let meter = NodeMeter::new(ports.usage.clone(), Arc::clone(&ports.clock));
        let home = |(name, home): (&HomeRegion, &HomePorts)| {
            let (clock, entropy) = (Arc::clone(&ports.clock), Arc::clone(&ports.entropy));
            let home = Home::new(
                name.clone(),
                meter.noting_peaks(home),
                introduction.clone(),
                clock,
                entropy,
                Arc::clone(&metrics),
            );
            (name.clone(), home)
        };
        let homes = ports.homes.iter().map(home).collect();
        let dialer =
            config.relay.as_ref().map(|relay| Dialer::new(relay.secret.clone(), Arc::clone(&ports.entropy)));
        let gate = Gate::new(Arc::clone(&ports.gate), Arc::clone(&ports.clock), Arc::clone(&metrics));
        let gate = Arc::new(gate);
        Arc::new(Self {
            dialer,
            config,
            metrics,
            homes,
            registry: Arc::new(Registry::default()),
            refusals: Refusals::default(),
            links: Mutex::default(),
            ids: AtomicU64::new(1),
            closing: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            documents_answer: Answers::default(),
            rewrites: Semaphore::new(REWRITES_AT_ONCE),
            purses: Purses::new(Arc::clone(&gate), Arc::clone(&ports.entropy)),
            gate,
            meter,
            ports,
        })
    }

    /// The home region that a token names.
    pub(crate) fn home(&self, named: Option<&HomeRegion>) -> Option<&Arc<Home>> {
        self.homes.get(named.unwrap_or(self.ports.homes.default_home()))
    }

    /// What asks the other nodes of the region.
    pub(crate) fn dialer(&self) -> Option<&Dialer> {
        self.dialer.as_ref()
    }

    pub(crate) fn homes(&self) -> impl Iterator<Item = &Arc<Home>> {
        self.homes.values()
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

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.homes.values().for_each(|home| home.drain());
    }

    /// At or above 80 % of the connections or of the memory that the node is built for.
    pub(crate) fn is_overloaded(&self) -> bool {
        is_high(self.metrics.connections.get(), self.config.capacity) || self.is_short_of_memory()
    }

    fn is_short_of_memory(&self) -> bool {
        is_high(self.metrics.memory.get(), self.config.memory_bytes_max)
    }

    /// As many sessions of other nodes' connections as connections of its own are what a node has files for.
    pub(crate) fn has_no_room_for_relay(&self) -> bool {
        let sessions = u64::try_from(self.metrics.relay_sessions.get()).unwrap_or(0);
        sessions >= self.config.capacity || self.is_short_of_memory()
    }

    pub(crate) fn keep_link(
        &self,
        id: u64,
        link: &Arc<Link>,
        peer: Peer,
        (home, app): (&Arc<Home>, &AppKey),
    ) {
        let held = match peer {
            Peer::Client => self.meter.hold_connection(app),
            Peer::Node => None,
        };
        let kept = Kept { link: Arc::clone(link), peer, home: Arc::clone(home), _held: held };
        self.links.lock().insert(id, kept);
        self.sessions_of(peer).inc();
    }

    pub(crate) fn drop_link(&self, id: u64) {
        // Dropped once nothing is locked.
        let kept = self.links.lock().remove(&id);
        if let Some(kept) = kept {
            self.sessions_of(kept.peer).dec();
        }
    }

    /// Closes every session of a home region's apps.
    pub(crate) fn close_sessions_of(&self, home: &Arc<Home>, reason: &CloseReason) {
        let links = self.links.lock();
        let of_home = links.values().filter(|kept| Arc::ptr_eq(&kept.home, home));
        of_home.for_each(|kept| kept.link.close(reason.clone()));
    }

    fn sessions_of(&self, peer: Peer) -> &prometheus::IntGauge {
        match peer {
            Peer::Client => &self.metrics.connections,
            Peer::Node => &self.metrics.relay_sessions,
        }
    }

    /// A socket's end begins. Where too many are at theirs, it is given no time.
    pub(crate) fn begin_close(&self) -> Closing<'_> {
        let others = self.closing.fetch_add(1, Ordering::Relaxed);
        Closing { node: self, wait: if others < CLOSING_MAX { CLOSE_WAIT } else { Duration::ZERO } }
    }

    pub(crate) fn links(&self) -> Vec<Arc<Link>> {
        self.links.lock().values().map(|kept| Arc::clone(&kept.link)).collect()
    }
}

fn is_high(used: i64, built_for: u64) -> bool {
    u64::try_from(used).unwrap_or(0).saturating_mul(5) >= built_for.saturating_mul(4)
}
