//! One schedule: nodes begin, things happen to them and to their clients, all is mended, and all leave.

use crate::admission::visit;
use crate::chance::Chance;
use crate::drawing;
use crate::house::House;
use crate::model::End;
use crate::node::{Condition, Node};
use crate::plan::Plan;
use crate::planted::Planted;
use crate::rules::Rules;
use crate::tally::Tally;
use crate::trace::Trace;
use crate::transition::{Hands, Transition};
use crate::violation::Violation;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub(crate) struct World {
    pub(crate) house: Arc<House>,
    pub(crate) chance: Chance,
    pub(crate) tally: Tally,
    /// What happens next, each after a pause; what comes after that is drawn.
    pub(crate) script: VecDeque<(Duration, Transition)>,
    pub(crate) rules: Rules,
    /// What becomes of nodes that are about to call their store for the last time, by their indices.
    fuses: BTreeMap<usize, Fuse>,
    clients: u64,
}

#[derive(Clone, Copy)]
enum Fuse {
    Dies,
    Stops(Hands),
}

/// What came of a schedule.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) violation: Option<Violation>,
    pub(crate) trace: Trace,
}

/// Runs the schedule of `seed` to its end, or to the first thing that must not happen.
pub(crate) fn run(seed: u64, planted: Planted, trace: Trace) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing").block_on(async {
        let mut chance = Chance::of(seed);
        let plan = Plan::drawn(&mut chance);
        let house = House::open(plan, planted, trace);
        let mut world = World::of(house, chance);
        let violation = world.play().await.err();
        world.tally.fenced = world.house.table.fenced_ever().len() as u64;
        world.tally.take_overs = world.house.table.take_overs();
        Outcome { tally: world.tally, violation, trace: world.house.take_trace() }
    })
}

impl World {
    fn of(house: Arc<House>, chance: Chance) -> Self {
        Self {
            rules: Rules::of(&house),
            house,
            chance,
            tally: Tally::default(),
            script: VecDeque::new(),
            fuses: BTreeMap::new(),
            clients: 0,
        }
    }

    async fn play(&mut self) -> Result<(), Violation> {
        for index in 0..self.house.plan.nodes {
            self.begin(index);
        }
        for _ in 0..self.house.plan.transitions {
            let (pause, transition) = drawing::next(self);
            self.pass(pause).await?;
            if drawing::is_possible(self, transition) {
                self.apply(transition);
            }
        }
        self.mend().await?;
        self.rules.are_exact()?;
        self.is_served().await?;
        self.everyone_leaves().await?;
        self.rules.are_exact()?;
        self.everyone_drains().await
    }

    /// A number that no other client has.
    pub(crate) fn client(&mut self) -> u64 {
        self.clients += 1;
        self.clients
    }

    /// Time passes, in steps after each of which the rules must hold.
    pub(crate) async fn pass(&mut self, time: Duration) -> Result<(), Violation> {
        let mut left = time;
        loop {
            let step = left.min(Duration::from_secs(2));
            sleep(step).await;
            left -= step;
            self.burn_fuses();
            self.rules.hold()?;
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    fn burn_fuses(&mut self) {
        for (index, fuse) in self.fuses.clone() {
            let node = self.house.node(index);
            if node.faults.is_stalled() {
                self.fuses.remove(&index);
                match fuse {
                    Fuse::Dies => self.die(&node),
                    Fuse::Stops(hands) => self.stop(index, hands),
                }
            }
        }
    }

    pub(crate) fn apply(&mut self, transition: Transition) {
        self.house.note(format_args!("{transition}"));
        self.tally.count(&transition);
        match transition {
            Transition::Connects { client, node, document } => self.connect(client, node, document),
            Transition::Races { clients, nodes, document } => {
                self.connect(clients[0], nodes[0], document);
                self.connect(clients[1], nodes[1], document);
            }
            Transition::Leaves { client } => self.house.end_session(client, End::HungUp),
            // A handshake is not cut short: what it gets is given back.
            Transition::GivesUp { client } => self.house.model().ended(client, End::HungUp),
            Transition::Releases { node, document } => {
                let node = self.house.node(node);
                let releasing = Arc::clone(&node);
                node.spawn(async move { releasing.release(document).await });
            }
            Transition::Edits { client } => self.edit(client),
            Transition::Dies { node } => self.die(&self.house.node(node)),
            Transition::DiesSoon { node, calls } => self.light(node, Fuse::Dies, calls),
            Transition::StopsSoon { node, clock, calls } => self.light(node, Fuse::Stops(clock), calls),
            Transition::Begins { node } => self.begin(node),
            Transition::Drains { node } => {
                let node = self.house.node(node);
                node.becomes(Condition::Draining);
                self.rules.troubled();
                tokio::spawn(node.drain(Arc::clone(&self.house)));
            }
            Transition::Passes { .. } => {}
            Transition::Stops { node, clock } => self.stop(node, clock),
            Transition::IsCutOff { node } => self.turn(node, Condition::CutOff),
            Transition::GoesOn { node } | Transition::IsMended { node } => self.turn(node, Condition::Up),
            Transition::Arrives { node } => self.house.hears_of(node),
        }
    }

    pub(crate) fn begin(&mut self, index: usize) {
        let seed = self.chance.within(0, u64::MAX);
        self.house.begins(Node::start(&self.house, index, seed));
        self.rules.begins(index);
    }

    pub(crate) fn connect(&self, client: u64, node: usize, document: usize) {
        self.house.model().asks(client, node, document);
        let node = self.house.node(node);
        node.spawn(visit(Arc::clone(&self.house), Arc::clone(&node), client, document));
    }

    fn edit(&self, client: u64) {
        let Some(index) = self.house.model().client(client).map(|client| client.node) else { return };
        let Some(document) = self.house.model().client(client).map(|client| client.document) else { return };
        let owner = self.house.node(index).sessions().get(&client).map(|session| Arc::clone(&session.owner));
        if let Some(owner) = owner {
            let (house, editing) = (Arc::clone(&self.house), Arc::clone(&owner));
            owner.spawn(async move { editing.edit(&house, document).await });
        }
    }

    fn light(&mut self, index: usize, fuse: Fuse, calls: u32) {
        self.fuses.insert(index, fuse);
        self.house.node(index).faults.stall_after(calls);
    }

    fn stop(&mut self, index: usize, hands: Hands) {
        self.turn(index, Condition::Stopped);
        self.house.node(index).clock.turn(hands);
    }

    fn die(&mut self, node: &Node) {
        self.house.note(format_args!("n{} is dead", node.index));
        self.fuses.remove(&node.index);
        node.dies(&self.house.table);
        self.house.ends(node.index);
        self.rules.troubled();
    }

    pub(crate) fn turn(&mut self, index: usize, condition: Condition) {
        let node = self.house.node(index);
        self.fuses.remove(&index);
        node.clock.turn(Hands::GoOn);
        node.becomes(condition);
        match condition {
            Condition::Stopped => node.faults.stall(),
            Condition::CutOff => node.faults.cut(),
            _ => node.faults.resume(),
        }
        self.rules.troubled();
        self.rules.begins(index);
    }
}
