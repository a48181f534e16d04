//! What clients do: arrive, leave, hang up, and hear their verdicts.

use crate::event::Event;
use crate::model::{Client, Standing};
use crate::node::{Flight, Life};
use crate::plan::Weather;
use crate::violation::Violation;
use crate::world::World;
use domain::ledger::{Ticket, Totals, Verdict};
use std::time::Duration;
use syncd::caps::LEDGER_WAIT;

/// Where verdicts come from.
pub(crate) enum Source<'a> {
    /// What the node remembers.
    Memory,
    /// The outcome of this write.
    Store(&'a Flight),
}

impl World<'_> {
    /// One thing that a user does. After the last of them the weather clears and nothing crashes.
    pub(crate) fn act(&mut self) -> Result<(), Violation> {
        if self.plan.actions == 0 {
            self.trace.note(self.now, format_args!("the weather clears"));
            self.plan.weather = Weather::default();
            (self.plan.crash, self.plan.reaper_crash) = (0.0, 0.0);
            return Ok(());
        }
        self.plan.actions -= 1;
        let pause = self.chance.between(Duration::ZERO, self.plan.pause_max);
        self.schedule(pause, Event::Acts);
        match self.chance.below(100) {
            0..60 => self.arrive(),
            60..90 => self.leave(),
            _ => self.lose_patience(),
        }
    }

    fn arrive(&mut self) -> Result<(), Violation> {
        let up: Vec<Life> = self.nodes.iter().filter(|node| node.is_up).map(|node| node.life).collect();
        if up.is_empty() {
            return Ok(());
        }
        let (life, app) = (self.chance.pick(&up), self.chance.below(self.plan.apps.len()));
        let demand = self.plan.apps[app].demand(&mut self.chance);
        let ticket = self.number();
        self.trace.note(self.now, format_args!("client {ticket} asks {life} for app {app}: {demand:?}"));
        self.model.arrive(ticket, Client { life, app, demand, held: None });
        self.nodes[life.node].desks[app].ledger.ask(Ticket(ticket), demand, self.now);
        self.schedule(LEDGER_WAIT, Event::GivesUp(ticket));
        self.hand_out(life, app, &Source::Memory)?;
        self.drive(life, app)
    }

    /// A client closes its connection. Its document may stay for a grace, and be given back later.
    fn leave(&mut self) -> Result<(), Violation> {
        let admitted = self.model.tickets(Standing::Admitted);
        if admitted.is_empty() {
            return Ok(());
        }
        let ticket = self.chance.pick(&admitted);
        let stays = self.chance.happens(0.5);
        self.give_back(ticket, stays)
    }

    fn give_back(&mut self, ticket: u64, document_stays: bool) -> Result<(), Violation> {
        let client = self.model.client_mut(ticket).expect("it was just drawn");
        let (life, app) = (client.life, client.app);
        let mut places = client.held.expect("it was admitted");
        if document_stays && places.connections > 0 && places.documents > 0 {
            client.held = Some(Totals { connections: 0, ..places });
            places.documents = 0;
        } else {
            self.model.gone(ticket);
        }
        self.trace.note(self.now, format_args!("client {ticket} gives back {places:?}"));
        self.nodes[life.node].desks[app].ledger.release(places);
        self.drive(life, app)
    }

    fn lose_patience(&mut self) -> Result<(), Violation> {
        let waiting = self.model.tickets(Standing::Waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let ticket = self.chance.pick(&waiting);
        self.hang_up(ticket)
    }

    /// A client that still waits goes away.
    pub(crate) fn hang_up(&mut self, ticket: u64) -> Result<(), Violation> {
        let Some(client) = self.model.client(ticket).filter(|client| client.held.is_none()) else {
            return Ok(());
        };
        self.nodes[client.life.node].desks[client.app].ledger.abandon(Ticket(ticket));
        self.model.gone(ticket);
        self.trace.note(self.now, format_args!("client {ticket} hangs up"));
        Ok(())
    }

    pub(crate) fn everyone_leaves(&mut self) -> Result<(), Violation> {
        for ticket in self.model.tickets(Standing::Admitted) {
            self.give_back(ticket, false)?;
        }
        Ok(())
    }

    /// Tells clients what became of their requests, and holds each verdict against what is true.
    pub(crate) fn hand_out(&mut self, life: Life, app: usize, source: &Source<'_>) -> Result<(), Violation> {
        let mut preceding = Totals::default();
        while let Some((Ticket(ticket), verdict)) = self.nodes[life.node].desks[app].ledger.next_verdict() {
            self.trace.note(self.now, format_args!("client {ticket}: {verdict:?}"));
            match (verdict, source) {
                (Verdict::Admitted, Source::Store(flight)) => {
                    self.tally.admitted += 1;
                    self.model.admitted(ticket, flight, &mut preceding)?;
                }
                (Verdict::Admitted, Source::Memory) => return Err(Violation::NotWritten { ticket }),
                (refusal, source) => self.refuse(ticket, refusal, life, app, source)?,
            }
        }
        self.is_covered(life, app)
    }

    fn refuse(
        &mut self,
        ticket: u64,
        verdict: Verdict,
        life: Life,
        app: usize,
        source: &Source<'_>,
    ) -> Result<(), Violation> {
        match verdict {
            Verdict::Fenced if !self.declared_dead.contains(&life) => {
                return Err(Violation::NotDeclaredDead { life, app });
            }
            Verdict::Unavailable => self.tally.unavailable += 1,
            Verdict::ConnectionsFull { .. } | Verdict::DocumentsFull { .. } => self.tally.refused_full += 1,
            Verdict::Fenced | Verdict::Admitted => {}
        }
        let since = match source {
            Source::Memory => self.nodes[life.node].desks[app].remembers_since(self.now),
            Source::Store(flight) => flight.sent,
        };
        self.model.refused(ticket, verdict, since)
    }
}
