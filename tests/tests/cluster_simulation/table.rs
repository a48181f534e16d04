//! The home table and the document store that all nodes share, and what is seen of them from the outside.

use crate::plan::{app, key};
use crate::planted::Planted;
use crate::violation::Violation;
use domain::bounds::LEASE;
use domain::ids::{DocumentKey, Generation, NodeId, NodeName};
use domain::ledger::{LedgerRecord, Share, Totals};
use domain::ports::{Cluster, HeldKey, Ledger, NodeRecord, Pin, Pins};
use futures_util::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use stores::memory::{MemoryCluster, MemoryDocuments, MemoryLedger};
use tokio::time::Instant;

pub(crate) struct Table {
    pub(crate) ledger: MemoryLedger,
    pub(crate) cluster: MemoryCluster,
    pub(crate) pins: Box<dyn Pins>,
    pub(crate) documents: MemoryDocuments,
    pub(crate) planted: Planted,
    pub(crate) limits: Totals,
    began: Instant,
    facts: Mutex<Facts>,
}

/// What is true, whoever knows it.
#[derive(Default)]
struct Facts {
    violation: Option<Violation>,
    /// Each life's newest beat, and since when it stands.
    beats: BTreeMap<NodeId, (u64, Duration)>,
    /// Lives that were declared dead.
    fenced: BTreeSet<NodeId>,
    /// Lives whose process is no more.
    over: BTreeSet<NodeId>,
    /// Each document's newest owner.
    owners: BTreeMap<DocumentKey, (Generation, NodeId)>,
    /// The generation below which the document store takes nothing.
    opened: BTreeMap<DocumentKey, Generation>,
    take_overs: u64,
}

impl Table {
    pub(crate) fn new(planted: Planted, limits: Totals) -> Self {
        Self {
            ledger: MemoryLedger::new(),
            cluster: MemoryCluster::new(),
            pins: planted.pins(),
            documents: MemoryDocuments::new(),
            planted,
            limits,
            began: Instant::now(),
            facts: Mutex::default(),
        }
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The first thing that must not happen, where it has.
    pub(crate) fn violation(&self) -> Option<Violation> {
        self.facts().violation.clone()
    }

    pub(crate) fn violates(&self, violation: Violation) {
        self.facts().violation.get_or_insert(violation);
    }

    /// The process of these lives is no more.
    pub(crate) fn ends(&self, name: &NodeName) {
        let mut facts = self.facts();
        let lives: Vec<NodeId> = facts.beats.keys().filter(|life| life.name == *name).cloned().collect();
        facts.over.extend(lives);
    }

    pub(crate) fn is_fenced(&self, life: &NodeId) -> bool {
        self.facts().fenced.contains(life)
    }

    /// Lives of this node that were declared dead.
    pub(crate) fn fenced_lives(&self, name: &NodeName) -> usize {
        self.facts().fenced.iter().filter(|life| life.name == *name).count()
    }

    /// Every life that was ever declared dead.
    pub(crate) fn fenced_ever(&self) -> Vec<NodeId> {
        self.facts().fenced.iter().cloned().collect()
    }

    pub(crate) fn take_overs(&self) -> u64 {
        self.facts().take_overs
    }

    /// How long a life's beat has stood still.
    pub(crate) fn silence(&self, life: &NodeId) -> Duration {
        let since = self.facts().beats.get(life).map(|(_, since)| *since);
        self.now().saturating_sub(since.unwrap_or_default())
    }

    /// A life's newest beat.
    pub(super) fn beat_of(&self, life: &NodeId) -> Option<u64> {
        self.facts().beats.get(life).map(|(beat, _)| *beat)
    }

    /// Whether the document store takes appends of this generation.
    pub(crate) fn takes(&self, document: &DocumentKey, generation: Generation) -> bool {
        self.facts().opened.get(document).is_some_and(|opened| *opened <= generation)
    }

    pub(crate) fn record(&self) -> LedgerRecord {
        let read = self.ledger.read(&app()).now_or_never();
        read.expect("memory does not wait").expect("memory does not fail")
    }

    pub(crate) fn share(&self, life: &NodeId) -> Share {
        self.record().shares.get(life).copied().unwrap_or_default()
    }

    pub(crate) fn pin(&self, document: usize) -> Option<Pin> {
        let read = self.pins.read(&key(document)).now_or_never();
        read.expect("memory does not wait").expect("memory does not fail")
    }

    pub(crate) fn nodes(&self) -> Vec<NodeRecord> {
        let regions = self.cluster.regions().now_or_never();
        let regions = regions.expect("memory does not wait").expect("memory does not fail");
        let nodes = |region| self.cluster.nodes(region).now_or_never().expect("memory does not wait");
        regions.iter().flat_map(|region| nodes(region).expect("memory does not fail")).collect()
    }

    pub(crate) fn held(&self, life: &NodeId) -> Vec<HeldKey> {
        let held = self.cluster.held(life).now_or_never();
        held.expect("memory does not wait").expect("memory does not fail")
    }

    /// A write of the ledger has happened.
    pub(super) fn wrote(&self, record: &LedgerRecord) {
        if !record.adds_up() {
            self.violates(Violation::DoesNotAddUp { record: Box::new(record.clone()) });
        }
        let Totals { connections, documents } = record.totals;
        if connections > self.limits.connections || documents > self.limits.documents {
            self.violates(Violation::OverLimit { totals: record.totals });
        }
    }

    /// A life's record was replaced.
    pub(super) fn beat(&self, record: &NodeRecord) {
        let now = self.now();
        self.facts().beats.insert(record.node.clone(), (record.beat, now));
    }

    /// `by` has asked for `life` to be declared dead, which it is afterwards.
    pub(super) fn fences(&self, life: &NodeId, by: &NodeName) {
        let stood = self.silence(life);
        let mut facts = self.facts();
        let is_first = facts.fenced.insert(life.clone());
        // A node knows of its own former lives that they are over.
        let may = life.name == *by || facts.over.contains(life) || stood >= LEASE;
        drop(facts);
        if is_first && !may {
            self.violates(Violation::FencedAlive { life: life.clone(), by: by.to_string(), stood });
        }
    }

    /// A pin stands.
    pub(super) fn pinned(&self, document: &DocumentKey, pin: &Pin, takes_over: bool) {
        let after = (pin.generation, pin.owner.node.clone());
        let mut facts = self.facts();
        let before = facts.owners.insert(document.clone(), after.clone());
        facts.take_overs += u64::from(takes_over && before.as_ref() != Some(&after));
        drop(facts);
        if let Some(before) = before.filter(|before| *before != after && before.0 >= after.0) {
            self.violates(Violation::NotHigher { document: document.clone(), before, after });
        }
    }

    /// The document store was opened for a generation.
    pub(super) fn opened(&self, document: &DocumentKey, generation: Generation) {
        self.facts().opened.insert(document.clone(), generation);
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().expect("nobody panics with it")
    }
}
