//! One schedule: nodes, clients, reapers and a store with a network in between, on one turned clock.
//!
//! The same events move the system and the [`Model`] of what is true; after each of them the two must agree.

use crate::chance::Chance;
use crate::event::{Event, Message, Sender};
use crate::model::Model;
use crate::node::{Life, Node};
use crate::plan::Plan;
use crate::reaper::Reaper;
use crate::store::{Kind, Store};
use crate::trace::Trace;
use crate::violation::Violation;
use domain::ledger::{LedgerRecord, Totals, WriteOutcome};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::time::Duration;

/// Far more than any schedule takes.
const EVENTS_MAX: u32 = 50_000;

pub(crate) struct World<'a> {
    pub(crate) now: Duration,
    queue: BTreeMap<(Duration, u64), Event>,
    numbers: u64,
    pub(crate) chance: Chance,
    pub(crate) plan: Plan,
    pub(crate) store: Box<dyn Store>,
    /// Each app's record, as the store has it.
    pub(crate) records: Vec<LedgerRecord>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) reapers: BTreeMap<u64, Reaper>,
    /// Lives that have ended.
    pub(crate) dead: Vec<Life>,
    /// Lives that have crashed, or that reapers take for dead.
    pub(crate) declared_dead: BTreeSet<Life>,
    pub(crate) model: Model,
    pub(crate) trace: &'a mut Trace,
    pub(crate) tally: Tally,
}

/// What happened, to see that a simulation meets what it is for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    pub(crate) admitted: u64,
    pub(crate) refused_full: u64,
    pub(crate) unavailable: u64,
    /// Writes that took effect when their sender waited for them no longer.
    pub(crate) landed_late: u64,
    pub(crate) crashes: u64,
    pub(crate) reaper_crashes: u64,
    pub(crate) sealed: u64,
    /// Nodes that learned from the ledger that they were reaped.
    pub(crate) fenced: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.admitted += other.admitted;
        self.refused_full += other.refused_full;
        self.unavailable += other.unavailable;
        self.landed_late += other.landed_late;
        self.crashes += other.crashes;
        self.reaper_crashes += other.reaper_crashes;
        self.sealed += other.sealed;
        self.fenced += other.fenced;
    }
}

/// Runs the schedule of `seed` to its end, or to the first thing that must not happen.
pub(crate) fn run(seed: u64, kind: Kind, trace: &mut Trace) -> Result<Tally, Violation> {
    let mut world = World::new(seed, kind, trace);
    world.schedule(Duration::ZERO, Event::Acts);
    world.settle()?;
    world.is_exact()?;
    world.everyone_leaves()?;
    world.settle()?;
    world.is_exact()?;
    Ok(world.tally)
}

impl<'a> World<'a> {
    fn new(seed: u64, kind: Kind, trace: &'a mut Trace) -> Self {
        let mut chance = Chance::of(seed);
        let plan = Plan::drawn(&mut chance);
        let apps = plan.apps.len();
        Self {
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            numbers: 0,
            chance,
            store: kind.store(apps),
            records: vec![LedgerRecord::default(); apps],
            nodes: (0..plan.nodes).map(|node| Node::begin(Life { node, epoch: 1 }, apps)).collect(),
            reapers: BTreeMap::new(),
            dead: Vec::new(),
            declared_dead: BTreeSet::new(),
            model: Model::new(apps),
            plan,
            trace,
            tally: Tally::default(),
        }
    }

    pub(crate) fn schedule(&mut self, after: Duration, event: Event) {
        let number = self.number();
        self.queue.insert((self.now + after, number), event);
    }

    /// A number that nothing else has.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Goes on until nothing is left to happen.
    fn settle(&mut self) -> Result<(), Violation> {
        for _ in 0..EVENTS_MAX {
            let Some(((at, _), event)) = self.queue.pop_first() else { return Ok(()) };
            self.now = at;
            if self.is_moot(&event) {
                continue;
            }
            self.maybe_crash();
            self.trace.note(at, format_args!("{event}"));
            self.tally.events += 1;
            self.happens(event)?;
        }
        Err(Violation::DoesNotSettle)
    }

    /// Whether somebody had a limit to his patience who waits no longer.
    fn is_moot(&self, event: &Event) -> bool {
        match event {
            Event::GivesUp(ticket) => self.model.client(*ticket).is_none_or(|client| client.held.is_some()),
            Event::Deadline(sender, number) => !self.is_awaited(*sender, *number),
            _ => false,
        }
    }

    fn happens(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Acts => self.act(),
            Event::GivesUp(ticket) => self.hang_up(ticket),
            Event::Reaches(message, back) => self.reach(&message, back),
            Event::Answers(sender, number, outcome) => match sender {
                Sender::Desk(life, app) => self.desk_answered(life, app, number, outcome),
                Sender::Reaper(reaper) => self.reaper_answered(reaper, number, outcome),
            },
            Event::Deadline(sender, number) => match sender {
                Sender::Desk(life, app) => self.desk_waits_no_longer(life, app, number),
                Sender::Reaper(reaper) => self.reaper_waits_no_longer(reaper, number),
            },
            Event::SendsAgain(life, app) => self.send_again(life, app),
            Event::Reaps(life) => self.begin_reaping(life),
            Event::Learns(life) => self.learn_of_death(life),
            Event::Returns(node) => self.come_back(node),
        }
    }

    /// A message has come to the store.
    fn reach(&mut self, message: &Message, back: Option<Duration>) -> Result<(), Violation> {
        let outcome = self.store.write(message.app, &message.write)?;
        if matches!(outcome, WriteOutcome::Written(_)) {
            self.changed(message)?;
        }
        if let Some(back) = back {
            self.schedule(back, Event::Answers(message.sender, message.number, outcome));
        }
        Ok(())
    }

    fn changed(&mut self, message: &Message) -> Result<(), Violation> {
        let app = message.app;
        let record = self.store.record(app);
        if !record.adds_up() {
            return Err(Violation::DoesNotAddUp { app, record });
        }
        let (before, after) = (self.records[app].totals, record.totals);
        self.records[app] = record;
        self.trace
            .note(self.now, format_args!("app {app} counts {} · {}", after.connections, after.documents));
        self.model.totals_are(app, self.now, after);
        if !self.is_awaited(message.sender, message.number) {
            self.tally.landed_late += 1;
        }
        match (message.sender, message.flight) {
            (Sender::Desk(life, app), Some(flight)) => {
                self.model.flight_landed(app, flight, &message.write, before, after)?;
                self.is_covered(life, app)
            }
            _ => {
                self.tally.sealed += 1;
                Ok(())
            }
        }
    }

    /// What a node's clients hold is on the books of its share, unless the node was declared dead. Only a
    /// write of the share or an admission can make it untrue.
    pub(crate) fn is_covered(&self, life: Life, app: usize) -> Result<(), Violation> {
        let (held, share) = (self.model.held(life, app), self.share(life, app));
        let is_short = held.connections > share.connections || held.documents > share.documents;
        if is_short && !self.declared_dead.contains(&life) {
            return Err(Violation::NotCovered { life, app, held, share });
        }
        Ok(())
    }

    /// What each share counts is what the clients of its node hold, and nobody has anything left to write.
    fn is_exact(&self) -> Result<(), Violation> {
        let lives = self.nodes.iter().map(|node| node.life).chain(self.dead.iter().copied());
        for (life, app) in lives.flat_map(|life| (0..self.records.len()).map(move |app| (life, app))) {
            let (held, share) = (self.model.held(life, app), self.share(life, app));
            if held != share {
                return Err(Violation::NotExact { life, app, held, share });
            }
        }
        for node in self.nodes.iter().filter(|node| node.is_up) {
            for (app, desk) in node.desks.iter().enumerate() {
                if !desk.ledger.is_quiet() {
                    return Err(Violation::NotQuiet { life: node.life, app });
                }
            }
        }
        Ok(())
    }

    fn share(&self, life: Life, app: usize) -> Totals {
        let share = self.records[app].shares.get(&life.id()).copied().unwrap_or_default();
        Totals { connections: share.connections, documents: share.documents }
    }
}
