//! All nodes over one table, and their clients.

use crate::model::{End, Model, Standing};
use crate::node::Node;
use crate::plan::{self, Plan};
use crate::planted::Planted;
use crate::table::Table;
use crate::trace::Trace;
use crate::violation::Violation;
use domain::ids::NodeId;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use syncd::metrics::Metrics;

pub(crate) struct House {
    pub(crate) plan: Plan,
    pub(crate) table: Arc<Table>,
    pub(crate) metrics: Arc<Metrics>,
    /// The newest process of each name.
    nodes: Mutex<Vec<Arc<Node>>>,
    /// Processes that are no more. What they hold is never given back.
    gone: Mutex<Vec<Arc<Node>>>,
    model: Mutex<Model>,
    trace: Mutex<Trace>,
}

impl House {
    pub(crate) fn open(plan: Plan, planted: Planted, trace: Trace) -> Arc<Self> {
        let table = Arc::new(Table::new(planted, plan.limits));
        let metrics = Arc::new(Metrics::new(Vec::new()).expect("their names differ"));
        Arc::new(Self {
            plan,
            table,
            metrics,
            nodes: Mutex::default(),
            gone: Mutex::default(),
            model: Mutex::default(),
            trace: Mutex::new(trace),
        })
    }

    /// A process begins. Where one of its name was before, that one is gone.
    pub(crate) fn begins(&self, node: Arc<Node>) {
        let mut nodes = self.nodes.lock().expect("nobody panics with it");
        if node.index == nodes.len() {
            nodes.push(node);
        } else {
            let index = node.index;
            let former = std::mem::replace(&mut nodes[index], node);
            self.gone.lock().expect("nobody panics with it").push(former);
        }
    }

    pub(crate) fn node(&self, index: usize) -> Arc<Node> {
        Arc::clone(&self.nodes.lock().expect("nobody panics with it")[index])
    }

    pub(crate) fn nodes(&self) -> Vec<Arc<Node>> {
        self.nodes.lock().expect("nobody panics with it").clone()
    }

    /// The process that answers at the address of this life's node.
    pub(crate) fn at_address_of(&self, life: &NodeId) -> Arc<Node> {
        let is_there = |node: &&Arc<Node>| plan::name(node.index) == life.name;
        let nodes = self.nodes.lock().expect("nobody panics with it");
        Arc::clone(nodes.iter().find(is_there).expect("every life is of a node"))
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().expect("nobody panics with it")
    }

    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        self.trace.lock().expect("nobody panics with it").note(self.table.now(), what);
    }

    pub(crate) fn take_trace(&self) -> Trace {
        std::mem::take(&mut *self.trace.lock().expect("nobody panics with it"))
    }

    /// A client's way to its document is complete.
    pub(crate) fn answered(&self, client: u64, standing: Standing) -> bool {
        self.note(format_args!("client {client} {standing}"));
        self.model().answered(client, standing)
    }

    /// A client is a user no more: its document forgets it, and its connection is given back.
    pub(crate) fn end_session(&self, client: u64, end: End) {
        let Some(index) = self.model().client(client).map(|client| client.node) else { return };
        self.model().ended(client, end);
        let session = self.node(index).sessions().remove(&client);
        let Some(session) = session else { return };
        self.note(format_args!("client {client} is a user no more: {end:?}"));
        session.owner.forget(client);
        let lost_by = match end {
            End::HungUp | End::NodeGone => return,
            End::PlaceLost => index,
            End::DocumentLost => session.owner.index,
        };
        if self.table.fenced_lives(&plan::name(lost_by)) == 0 {
            self.table.violates(Violation::EndedWithoutCause { client, node: lost_by });
        }
    }

    /// What processes of a name were about to send when they died reaches the stores.
    pub(crate) fn hears_of(&self, index: usize) {
        let gone = self.gone.lock().expect("nobody panics with it");
        let newest = self.node(index);
        let dead = gone.iter().chain([&newest]).filter(|node| node.index == index && node.is_gone());
        dead.for_each(|node| node.faults.cut());
    }

    /// A process is no more, and all that went through it ends.
    pub(crate) fn ends(&self, index: usize) {
        for client in self.model().on(index) {
            self.note(format_args!("client {client} has lost its node"));
        }
        let own = self.model().on(index);
        own.iter().for_each(|client| self.model().ended(*client, End::NodeGone));
        let relayed: Vec<u64> = self.nodes().iter().flat_map(|edge| served_by(edge, index)).collect();
        relayed.into_iter().for_each(|client| self.end_session(client, End::NodeGone));
        for owner in self.nodes() {
            own.iter().for_each(|client| owner.forget(*client));
        }
    }
}

/// Clients of an edge whose documents another node holds.
fn served_by(edge: &Arc<Node>, owner: usize) -> Vec<u64> {
    let sessions = edge.sessions();
    let of_owner = sessions.iter().filter(|(_, session)| session.owner.index == owner && edge.index != owner);
    of_owner.map(|(client, _)| *client).collect()
}
