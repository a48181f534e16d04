//! How lives end: crashes, nodes declared dead that live, and the reapers that clear up after both.

use crate::event::{Event, Message, Sender};
use crate::node::{Errand, Life, Node};
use crate::reaper::Reaper;
use crate::violation::Violation;
use crate::world::World;
use domain::ledger::WriteOutcome;
use std::time::Duration;

/// How long a beat stands still before a node is declared dead.
const SILENCE: Duration = Duration::from_secs(20);
/// How long a node is away, at most.
const AWAY_MAX: Duration = Duration::from_secs(40);
/// How soon a node that was declared dead learns it from its beat, at the latest.
const BEAT_MAX: Duration = Duration::from_secs(10);

impl World<'_> {
    /// Between any two events a node may crash, or be declared dead though it lives.
    pub(crate) fn maybe_crash(&mut self) {
        if !self.chance.happens(self.plan.crash) {
            return;
        }
        let node = self.chance.below(self.nodes.len());
        let life = self.nodes[node].life;
        if !self.nodes[node].is_up {
            return;
        }
        if self.chance.happens(0.3) {
            self.trace.note(self.now, format_args!("{life} is declared dead and lives"));
            self.be_reaped_after(life, Duration::ZERO);
            let beat = self.chance.between(Duration::ZERO, BEAT_MAX);
            self.schedule(beat, Event::Learns(life));
            return;
        }
        self.trace.note(self.now, format_args!("{life} crashes"));
        self.tally.crashes += 1;
        self.nodes[node].is_up = false;
        self.end(life);
        self.be_reaped_after(life, SILENCE);
        let away = self.chance.between(Duration::ZERO, AWAY_MAX);
        self.schedule(away, Event::Returns(node));
    }

    fn be_reaped_after(&mut self, life: Life, silence: Duration) {
        self.declared_dead.insert(life);
        let reapers = self.chance.within(1, 2);
        for _ in 0..reapers {
            let wait = silence + self.chance.between(Duration::ZERO, Duration::from_millis(50));
            self.schedule(wait, Event::Reaps(life));
        }
    }

    fn end(&mut self, life: Life) {
        self.model.ended(life);
        self.dead.push(life);
    }

    pub(crate) fn come_back(&mut self, node: usize) -> Result<(), Violation> {
        let life = self.nodes[node].life.next();
        self.nodes[node] = Node::begin(life, self.records.len());
        Ok(())
    }

    /// A node has learned from its beat that this life of it is over: it begins another.
    pub(crate) fn learn_of_death(&mut self, life: Life) -> Result<(), Violation> {
        if self.nodes[life.node].is_up && self.nodes[life.node].life == life {
            self.end(life);
            self.come_back(life.node)?;
        }
        Ok(())
    }

    /// A node has learned the same from the ledger.
    pub(crate) fn fenced(&mut self, life: Life, app: usize) -> Result<(), Violation> {
        if !self.declared_dead.contains(&life) {
            return Err(Violation::NotDeclaredDead { life, app });
        }
        self.tally.fenced += 1;
        self.learn_of_death(life)
    }

    pub(crate) fn begin_reaping(&mut self, dead: Life) -> Result<(), Violation> {
        let reaper = self.number();
        self.reapers.insert(reaper, Reaper::of(dead));
        self.reap_on(reaper);
        Ok(())
    }

    /// Sends a reaper's next write, where it has one left.
    fn reap_on(&mut self, number_of_reaper: u64) {
        let number = self.number();
        let Some(reaper) = self.reapers.get_mut(&number_of_reaper) else { return };
        if reaper.app >= self.records.len() {
            self.reapers.remove(&number_of_reaper);
            return;
        }
        reaper.errand = Errand::Answer(number);
        let (app, write) = (reaper.app, reaper.next_write());
        self.send(&Message { sender: Sender::Reaper(number_of_reaper), number, app, write, flight: None });
    }

    pub(crate) fn reaper_answered(
        &mut self,
        number_of_reaper: u64,
        number: u64,
        outcome: WriteOutcome,
    ) -> Result<(), Violation> {
        let Some(reaper) = self.reaper_awaiting(number_of_reaper, number) else { return Ok(()) };
        reaper.completed(outcome);
        let dead = reaper.dead;
        if self.chance.happens(self.plan.reaper_crash) {
            self.trace.note(self.now, format_args!("reaper {number_of_reaper} of {dead} crashes"));
            self.tally.reaper_crashes += 1;
            self.reapers.remove(&number_of_reaper);
            self.schedule(SILENCE, Event::Reaps(dead));
            return Ok(());
        }
        self.reap_on(number_of_reaper);
        Ok(())
    }

    pub(crate) fn reaper_waits_no_longer(
        &mut self,
        number_of_reaper: u64,
        number: u64,
    ) -> Result<(), Violation> {
        if self.reaper_awaiting(number_of_reaper, number).is_some() {
            self.reap_on(number_of_reaper);
        }
        Ok(())
    }

    fn reaper_awaiting(&mut self, reaper: u64, number: u64) -> Option<&mut Reaper> {
        self.reapers.get_mut(&reaper).filter(|reaper| reaper.errand == Errand::Answer(number))
    }
}
