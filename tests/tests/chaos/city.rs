use crate::apps::{APPS, App};
use crate::doors::{Door, Doors};
use crate::seen::{Place, Seen};
use crate::trace::Trace;
use house_tests::Fleet;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What clients are asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Come, type, go, come back.
    Busy,
    /// Whoever is connected stays, silent; whoever is not stays away.
    Still,
    /// Everybody goes.
    Over,
}

/// Where all clients, the auditor and who makes the disorder meet.
#[derive(Debug)]
pub(crate) struct City {
    pub(crate) apps: Vec<(App, Arc<str>)>,
    pub(crate) doors: Arc<Doors>,
    pub(crate) seen: Seen,
    pub(crate) trace: Trace,
    phase: watch::Sender<Phase>,
    /// Connected clients by app, document and node.
    connected: Mutex<BTreeMap<(Place, usize), u64>>,
    knocking: AtomicUsize,
    authors: AtomicU64,
    /// How often what happened, to be shown.
    tally: Mutex<BTreeMap<String, u64>>,
    violation: Mutex<Option<String>>,
}

impl City {
    pub(crate) fn of(fleet: &Fleet) -> Self {
        let apps = APPS.iter().map(|app| (*app, fleet.token(&app.plan).into()));
        let doors = fleet.nodes().enumerate().map(|(node, running)| Door {
            node,
            region: running.region(),
            address: running.address(),
        });
        Self {
            apps: apps.collect(),
            doors: Arc::new(Doors::of(doors)),
            seen: Seen::default(),
            trace: Trace::begin(),
            phase: watch::Sender::new(Phase::Busy),
            connected: Mutex::default(),
            knocking: AtomicUsize::new(0),
            authors: AtomicU64::new(1),
            tally: Mutex::default(),
            violation: Mutex::default(),
        }
    }

    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(crate) fn begin(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// The last phase begins.
    pub(crate) fn is_over(&self) {
        self.begin(Phase::Over);
    }

    /// A Yjs id that nobody had before.
    pub(crate) fn new_author(&self) -> u64 {
        self.authors.fetch_add(1, Ordering::Relaxed)
    }

    /// Something has happened once more.
    pub(crate) fn count(&self, what: impl Into<String>) {
        *self.tally.lock().expect("no holder panics").entry(what.into()).or_default() += 1;
    }

    /// How often what happened.
    pub(crate) fn counted(&self) -> BTreeMap<String, u64> {
        self.tally.lock().expect("no holder panics").clone()
    }

    /// What must not be has been. Only the first is kept.
    pub(crate) fn fail(&self, violation: String) {
        self.trace.note(format!("VIOLATION: {violation}"));
        self.violation.lock().expect("no holder panics").get_or_insert(violation);
    }

    pub(crate) fn violation(&self) -> Option<String> {
        self.violation.lock().expect("no holder panics").clone()
    }

    /// A client is about to ask for a place, until the guard is dropped.
    pub(crate) fn knocks(&self) -> Knocking<'_> {
        self.knocking.fetch_add(1, Ordering::SeqCst);
        Knocking(self)
    }

    /// Clients that wait for an answer.
    pub(crate) fn knocking(&self) -> usize {
        self.knocking.load(Ordering::SeqCst)
    }

    /// A client is connected, until the guard is dropped.
    pub(crate) fn connects(&self, place: Place, node: usize) -> Connected<'_> {
        *self.connected.lock().expect("no holder panics").entry((place, node)).or_default() += 1;
        Connected { city: self, key: (place, node) }
    }

    /// Clients connected to an app at the nodes that `counts`.
    pub(crate) fn connected(&self, app: &str, counts: impl Fn(usize) -> bool) -> u64 {
        let connected = self.connected.lock().expect("no holder panics");
        connected.iter().filter(|(((of, _), node), _)| *of == app && counts(*node)).map(|(_, n)| n).sum()
    }

    /// The documents of an app that somebody is connected to.
    pub(crate) fn documents(&self, app: &str) -> Vec<usize> {
        let connected = self.connected.lock().expect("no holder panics");
        let open = connected.iter().filter(|(((of, _), _), count)| *of == app && **count > 0);
        let mut documents: Vec<usize> = open.map(|(((_, document), _), _)| *document).collect();
        documents.dedup();
        documents
    }
}

pub(crate) struct Knocking<'a>(&'a City);

impl Drop for Knocking<'_> {
    fn drop(&mut self) {
        self.0.knocking.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(crate) struct Connected<'a> {
    city: &'a City,
    key: (Place, usize),
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        let mut connected = self.city.connected.lock().expect("no holder panics");
        if let Some(count) = connected.get_mut(&self.key) {
            *count -= 1;
        }
    }
}

/// A document's name.
pub(crate) fn name(document: usize) -> String {
    format!("doc-{document}")
}
