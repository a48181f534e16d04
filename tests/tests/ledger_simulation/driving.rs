//! How nodes and reapers drive their writes: send, wait, send again.

use crate::event::{Event, Message, Sender};
use crate::network::journeys;
use crate::node::{Desk, Errand, Flight, Life};
use crate::users::Source;
use crate::violation::Violation;
use crate::world::World;
use domain::ledger::{ShareWrite, Totals, WriteOutcome};
use syncd::caps::STORE_DEADLINE;

impl World<'_> {
    /// Sends the next write of a desk that waits for nothing.
    pub(crate) fn drive(&mut self, life: Life, app: usize) -> Result<(), Violation> {
        let desk = &mut self.nodes[life.node].desks[app];
        if desk.errand != Errand::Nothing {
            return Ok(());
        }
        if let Some(write) = desk.ledger.next_write() {
            let flight = self.flight(life, app, write)?;
            let (sender, number) = (Sender::Desk(life, app), self.number());
            let desk = &mut self.nodes[life.node].desks[app];
            desk.errand = Errand::Answer(number);
            desk.flight = Some(flight.clone());
            self.send(&Message { sender, number, app, write: flight.write, flight: Some(flight.number) });
        }
        self.hand_out(life, app, &Source::Memory)
    }

    /// The write as one that is under way already, or as the next.
    fn flight(&mut self, life: Life, app: usize, write: ShareWrite) -> Result<Flight, Violation> {
        match self.nodes[life.node].desks[app].flight.clone() {
            Some(flight) if flight.write == write => Ok(flight),
            Some(_) => Err(Violation::SentAgainChanged { life, app }),
            None => {
                let (held, old) = (self.model.held(life, app), write.old.unwrap_or_default());
                // What the books count and nobody holds is what this write gives back.
                let leaving = Totals {
                    connections: old.connections.saturating_sub(held.connections),
                    documents: old.documents.saturating_sub(held.documents),
                };
                let number = self.number();
                self.model.flight_sent(life, app, number);
                Ok(Flight { number, write, sent: self.now, leaving })
            }
        }
    }

    pub(crate) fn desk_answered(
        &mut self,
        life: Life,
        app: usize,
        number: u64,
        outcome: WriteOutcome,
    ) -> Result<(), Violation> {
        let now = self.now;
        let Some(desk) = self.desk_awaiting(life, app, Errand::Answer(number)) else { return Ok(()) };
        let flight = desk.completed(outcome, now).expect("an answer is awaited only to a write");
        self.hand_out(life, app, &Source::Store(&flight))?;
        if self.nodes[life.node].desks[app].ledger.is_fenced() {
            return self.fenced(life, app);
        }
        self.drive(life, app)
    }

    pub(crate) fn desk_waits_no_longer(
        &mut self,
        life: Life,
        app: usize,
        number: u64,
    ) -> Result<(), Violation> {
        if self.desk_awaiting(life, app, Errand::Answer(number)).is_none() {
            return Ok(());
        }
        let wait = self.nodes[life.node].desks[app].unanswered(&mut self.chance);
        self.schedule(wait, Event::SendsAgain(life, app));
        self.hand_out(life, app, &Source::Memory)
    }

    pub(crate) fn send_again(&mut self, life: Life, app: usize) -> Result<(), Violation> {
        let Some(desk) = self.desk_awaiting(life, app, Errand::Backoff) else { return Ok(()) };
        desk.errand = Errand::Nothing;
        self.drive(life, app)
    }

    /// The desk, where this life of the node goes on and it waits for that.
    fn desk_awaiting(&mut self, life: Life, app: usize, errand: Errand) -> Option<&mut Desk> {
        let node = self.nodes.get_mut(life.node).filter(|node| node.is_up && node.life == life)?;
        node.desks.get_mut(app).filter(|desk| desk.errand == errand)
    }

    pub(crate) fn send(&mut self, message: &Message) {
        self.trace.note(self.now, format_args!("sends {message}"));
        self.schedule(STORE_DEADLINE, Event::Deadline(message.sender, message.number));
        for journey in journeys(self.plan.weather, &mut self.chance) {
            self.schedule(journey.there, Event::Reaches(message.clone(), journey.back));
        }
    }

    /// Whether a sender still waits for the answer to the message of this number.
    pub(crate) fn is_awaited(&self, sender: Sender, number: u64) -> bool {
        let awaited = match sender {
            Sender::Desk(life, app) => {
                let node = Some(&self.nodes[life.node]).filter(|node| node.is_up && node.life == life);
                node.map(|node| node.desks[app].errand)
            }
            Sender::Reaper(reaper) => self.reapers.get(&reaper).map(|reaper| reaper.errand),
        };
        awaited == Some(Errand::Answer(number))
    }
}
