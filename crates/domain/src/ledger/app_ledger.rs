use super::admission::bounds;
use super::{Demand, Share, ShareWrite, Ticket, Totals, Verdict, WriteOutcome};
use crate::bounds::{KNOWN_FULL, LEDGER_CONFLICTS_MAX, LEDGER_WAITING_MAX};
use crate::ids::NodeId;
use std::collections::VecDeque;
use std::time::Duration;

/// One app's ledger as one node drives it: requests in, the next write out, results in, verdicts out.
///
/// - At most one write is in flight. Everything that arrives meanwhile becomes the next write, with its net
///   change (group commit).
/// - A write whose answer was lost is sent again, unchanged, until the store's answer says what became of
///   it; only then does another follow. So what the node believes of its share is what the store has.
/// - A copy of a refused write may still be under way, and take effect once there is room. So another write
///   follows every refusal until one takes effect: then no copy finds the share that it would replace.
/// - Verdicts come in the order of the requests' arrival within each batch.
/// - After a refusal, requests that do not fit the totals last seen are refused from memory for 250 ms.
///
/// It does no I/O: whoever drives it sends [`AppLedger::next_write`] to a [`crate::ports::Ledger`], reports
/// the outcome, and hands out what [`AppLedger::next_verdict`] says.
#[derive(Debug)]
pub struct AppLedger {
    node: NodeId,
    /// Our share as the store has it.
    stored: Option<Share>,
    /// Asked for, and in no write yet.
    waiting: VecDeque<(Ticket, Demand)>,
    /// Given back, and in no write yet.
    leaving: Totals,
    in_flight: Option<InFlight>,
    /// Of the newest write. Raised for each, refused ones included, so that no two have the same.
    sequence: u64,
    /// A write was refused, and none has taken effect since.
    unsettled: bool,
    /// Writes refused in a row for want of room or for totals that moved.
    conflicts: u32,
    seen: Totals,
    full_until: Duration,
    /// The store had no room when it was last asked.
    was_full: bool,
    fenced: bool,
    verdicts: VecDeque<(Ticket, Verdict)>,
}

#[derive(Debug)]
struct InFlight {
    write: ShareWrite,
    arriving: Vec<Arrival>,
    leaving: Totals,
    /// It is on its way; otherwise its answer was lost, and it must be sent again.
    sent: bool,
}

#[derive(Debug)]
struct Arrival {
    ticket: Ticket,
    demand: Demand,
    /// Nobody waits for it any more: if it turns out admitted, it leaves again.
    abandoned: bool,
}

impl AppLedger {
    /// The ledger of an app that this life of the node has never written to.
    #[must_use]
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            stored: None,
            waiting: VecDeque::new(),
            leaving: Totals::default(),
            in_flight: None,
            sequence: 0,
            unsettled: false,
            conflicts: 0,
            seen: Totals::default(),
            full_until: Duration::ZERO,
            was_full: false,
            fenced: false,
            verdicts: VecDeque::new(),
        }
    }

    /// Asks for places. The verdict comes from [`AppLedger::next_verdict`], at once where memory is enough.
    pub fn ask(&mut self, ticket: Ticket, demand: Demand, now: Duration) {
        let verdict = if self.fenced {
            Some(Verdict::Fenced)
        } else if self.waiting.len() >= LEDGER_WAITING_MAX {
            Some(Verdict::Unavailable)
        } else {
            self.known_refusal(demand, now)
        };
        match verdict {
            Some(verdict) => self.verdicts.push_back((ticket, verdict)),
            None => self.waiting.push_back((ticket, demand)),
        }
    }

    /// What `demand` would be refused from memory with at `now`: a moment ago, the ledger had no room for the like.
    #[must_use]
    pub fn known_refusal(&self, demand: Demand, now: Duration) -> Option<Verdict> {
        if now < self.full_until { demand.refusal(self.seen) } else { None }
    }

    /// Takes a request back whose asker has gone. Where its verdict was already out and it was admitted, the
    /// asker must [`AppLedger::release`] it.
    pub fn abandon(&mut self, ticket: Ticket) {
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
        let arriving = self.in_flight.iter_mut().flat_map(|flight| &mut flight.arriving);
        for arrival in arriving.filter(|a| a.ticket == ticket) {
            arrival.abandoned = true;
        }
    }

    /// Gives back places that were admitted.
    pub fn release(&mut self, places: Totals) {
        if self.fenced {
            // Whoever fenced this life takes all that it held off the books.
            return;
        }
        self.leaving.connections += places.connections;
        self.leaving.documents += places.documents;
        self.look_again();
    }

    /// The write to send next, if there is anything to write and none is under way.
    pub fn next_write(&mut self) -> Option<ShareWrite> {
        if self.in_flight.is_none() {
            self.in_flight = self.batch();
        }
        let flight = self.in_flight.as_mut().filter(|flight| !flight.sent)?;
        flight.sent = true;
        Some(flight.write.clone())
    }

    /// Requests that the write under way is for.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.in_flight.as_ref().map_or(0, |flight| flight.arriving.len())
    }

    /// Whether every place that was given back is off the store's books.
    #[must_use]
    pub fn owes_nothing(&self) -> bool {
        self.in_flight.is_none() && self.leaving == Totals::default()
    }

    /// Whether the next write would change no count: it only makes sure that no copy of a refused one takes effect.
    /// It may wait a while for others to come along.
    #[must_use]
    pub fn only_settles(&self) -> bool {
        let has_requests = !self.waiting.is_empty() || self.leaving != Totals::default();
        self.in_flight.is_none() && self.unsettled && !has_requests
    }

    /// Asks the store for the next request, though the app was full a moment ago: elsewhere, room was made.
    pub fn look_again(&mut self) {
        self.full_until = Duration::ZERO;
        self.was_full = false;
    }

    /// Whether the store had no room when it was last asked, and nothing has shown since that there is.
    #[must_use]
    pub fn was_full(&self) -> bool {
        self.was_full
    }

    /// The record was read by somebody who found no room in it: the next are refused from memory.
    pub fn found_full(&mut self, totals: Totals, now: Duration) {
        self.seen = totals;
        self.full_until = now + KNOWN_FULL;
        self.was_full = true;
    }

    /// Whether the record should be read before the next write, and [`AppLedger::looked`] told: there was no room when
    /// the store was last asked, and a read that still shows none spares a write that would be refused.
    #[must_use]
    pub fn looks_first(&self) -> bool {
        let only_asks = !self.waiting.is_empty() && self.leaving == Totals::default();
        self.was_full && self.in_flight.is_none() && only_asks
    }

    /// The record was read. Who does not fit on top of its totals is refused; the others are asked for.
    pub fn looked(&mut self, totals: Totals, now: Duration) {
        let asked = self.waiting.len();
        self.refuse_misfits(totals, now);
        self.was_full = asked > 0 && self.waiting.is_empty();
    }

    /// Whether every place that was given back is off the store's books, and nobody waits.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let has_written = self.in_flight.is_none() && !self.unsettled;
        has_written && self.waiting.is_empty() && self.leaving == Totals::default()
    }

    /// Whether a reaper has sealed this node's share.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.fenced
    }

    /// The next answer to a request.
    pub fn next_verdict(&mut self) -> Option<(Ticket, Verdict)> {
        self.verdicts.pop_front()
    }

    /// The store answered the write that was under way.
    pub fn completed(&mut self, outcome: WriteOutcome, now: Duration) {
        let Some(flight) = self.in_flight.take() else { return };
        match outcome {
            WriteOutcome::Written(totals) => self.written(flight, totals),
            // A copy of this very write took effect, and its answer was lost.
            WriteOutcome::Refused { totals, share } if share == Some(flight.write.new) => {
                self.written(flight, totals);
            }
            WriteOutcome::Refused { totals, share } if share == flight.write.old => {
                self.short_of_room(flight, totals, now);
            }
            WriteOutcome::Refused { totals, share: Some(share) } if !share.sealed => {
                self.overtaken(flight, share, totals, now);
            }
            // Only a reaper writes our share besides us.
            WriteOutcome::Refused { .. } => self.fence(flight),
        }
    }

    /// The store did not answer: whether the write took effect is unknown, where one is under way. It will be
    /// sent again; nobody is made to wait for that.
    pub fn unanswered(&mut self) {
        if let Some(flight) = self.in_flight.as_mut() {
            flight.sent = false;
            for arrival in flight.arriving.iter_mut().filter(|a| !a.abandoned) {
                arrival.abandoned = true;
                self.verdicts.push_back((arrival.ticket, Verdict::Unavailable));
            }
        }
        self.refuse_waiting(Verdict::Unavailable);
    }

    fn batch(&mut self) -> Option<InFlight> {
        let leaving = std::mem::take(&mut self.leaving);
        let mut arriving: Vec<Arrival> = Vec::with_capacity(self.waiting.len());
        let mut arrived = Totals::default();
        for (ticket, demand) in std::mem::take(&mut self.waiting) {
            // What fits on top of nothing, but not beside its own batch, would make the whole batch
            // impossible: it waits for what becomes of the others.
            if let Some(verdict) = demand.refusal(Totals::default()) {
                self.verdicts.push_back((ticket, verdict));
            } else if demand.refusal(arrived).is_some() {
                self.waiting.push_back((ticket, demand));
            } else {
                arrived.connections += demand.connections;
                arrived.documents += demand.documents;
                arriving.push(Arrival { ticket, demand, abandoned: false });
            }
        }
        if arriving.is_empty() && leaving == Totals::default() && !self.unsettled {
            return None;
        }
        let write = self.write(leaving, arrived, &arriving);
        Some(InFlight { write, arriving, leaving, sent: false })
    }

    fn write(&mut self, leaving: Totals, arrived: Totals, arriving: &[Arrival]) -> ShareWrite {
        self.sequence += 1;
        let before = self.stored.unwrap_or_default();
        let demands: Vec<Demand> = arriving.iter().map(|a| a.demand).collect();
        let new = Share {
            connections: (before.connections + arrived.connections).saturating_sub(leaving.connections),
            documents: (before.documents + arrived.documents).saturating_sub(leaving.documents),
            sequence: self.sequence,
            sealed: false,
        };
        ShareWrite { node: self.node.clone(), old: self.stored, new, bounds: bounds(leaving, &demands) }
    }

    fn written(&mut self, flight: InFlight, totals: Totals) {
        self.stored = Some(flight.write.new);
        self.seen = totals;
        self.conflicts = 0;
        self.unsettled = false;
        // A write that settles one which was refused says nothing about room.
        self.was_full &= flight.arriving.is_empty();
        for Arrival { ticket, demand, abandoned } in flight.arriving {
            if abandoned {
                self.release(Totals { connections: demand.connections, documents: demand.documents });
            } else {
                self.verdicts.push_back((ticket, Verdict::Admitted));
            }
        }
    }

    /// A copy of a write that was refused took effect after all. Those it was for were told no, so what it
    /// added leaves again.
    fn overtaken(&mut self, mut flight: InFlight, share: Share, totals: Totals, now: Duration) {
        let before = self.stored.replace(share).unwrap_or_default();
        let leaving = &mut flight.leaving;
        leaving.connections = (leaving.connections + share.connections).saturating_sub(before.connections);
        leaving.documents = (leaving.documents + share.documents).saturating_sub(before.documents);
        self.short_of_room(flight, totals, now);
    }

    /// As many as fit the true totals wait for the next write, in order; the rest is refused, and so are
    /// those that arrived meanwhile.
    fn short_of_room(&mut self, flight: InFlight, totals: Totals, now: Duration) {
        self.conflicts += 1;
        self.unsettled = true;
        self.leaving.connections += flight.leaving.connections;
        self.leaving.documents += flight.leaving.documents;
        let again = flight.arriving.into_iter().filter(|a| !a.abandoned).map(|a| (a.ticket, a.demand));
        let behind = std::mem::take(&mut self.waiting);
        self.waiting = again.chain(behind).collect();
        self.was_full = self.refuse_misfits(totals, now);
        if self.conflicts > LEDGER_CONFLICTS_MAX {
            self.conflicts = 0;
            self.refuse_waiting(Verdict::Unavailable);
        }
    }

    /// Refuses who does not fit on top of `totals`, less what is leaving, and of those before it. Returns whether
    /// anyone was refused.
    fn refuse_misfits(&mut self, totals: Totals, now: Duration) -> bool {
        self.seen = totals;
        let mut counted = Totals {
            connections: totals.connections.saturating_sub(self.leaving.connections),
            documents: totals.documents.saturating_sub(self.leaving.documents),
        };
        let asked = self.waiting.len();
        for (ticket, demand) in std::mem::take(&mut self.waiting) {
            if let Some(verdict) = demand.refusal(counted) {
                self.full_until = now + KNOWN_FULL;
                self.verdicts.push_back((ticket, verdict));
                continue;
            }
            counted.connections += demand.connections;
            counted.documents += demand.documents;
            self.waiting.push_back((ticket, demand));
        }
        self.waiting.len() < asked
    }

    fn fence(&mut self, flight: InFlight) {
        self.fenced = true;
        self.unsettled = false;
        self.leaving = Totals::default();
        for Arrival { ticket, .. } in flight.arriving.into_iter().filter(|a| !a.abandoned) {
            self.verdicts.push_back((ticket, Verdict::Fenced));
        }
        self.refuse_waiting(Verdict::Fenced);
    }

    fn refuse_waiting(&mut self, verdict: Verdict) {
        self.verdicts.extend(self.waiting.drain(..).map(|(ticket, _)| (ticket, verdict)));
    }
}

#[cfg(test)]
#[path = "app_ledger_tests.rs"]
mod tests;
