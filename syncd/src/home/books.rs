//! One app's books on this node: its ledger in the current life, who waits for a verdict, and every place that is
//! held. When the node begins another life, the places are asked for again.

use crate::caps::{LEDGER_PACE, LEDGER_STORM, LEDGER_STORM_PACE};
use domain::bounds::KNOWN_FULL;
use domain::ids::NodeId;
use domain::ledger::{AppLedger, Demand, ShareWrite, Ticket, Totals, Verdict, WriteOutcome};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;

/// Called when a place is lost: it did not fit any more when another life of the node asked for it again.
pub type OnLost = Box<dyn Fn() + Send + Sync>;

pub(super) struct Books {
    ledger: AppLedger,
    /// The life that `ledger` writes under.
    life: NodeId,
    /// The store knows that this life may hold a share of the app, and counts none of its former lives.
    is_prepared: bool,
    /// Lives before this one whose shares may still count.
    formers: Vec<NodeId>,
    waiting: BTreeMap<Ticket, Waiter>,
    /// Oldest first: another life asks for them in this order.
    places: BTreeMap<Ticket, Place>,
    /// Places that this life has yet to ask for.
    renewals: Vec<Ticket>,
    /// Before this, no other write goes out: the last one was for a crowd, and another is gathering.
    paced_until: Duration,
    /// When a refused write is settled, if nothing else is written till then.
    settle_at: Duration,
    /// A task is driving this app's writes.
    pub(super) is_driven: bool,
}

enum Waiter {
    Request { demand: Demand, answer: oneshot::Sender<Verdict> },
    Renewal(Ticket),
}

struct Place {
    demand: Demand,
    standing: Standing,
    on_lost: Option<OnLost>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Counted,
    /// Held over from a former life, and to be asked for.
    Former,
    /// Asked for again.
    Asked(Ticket),
    /// It did not fit.
    Lost,
}

/// What the driver of the books does next.
pub(super) enum Step {
    /// Seal the shares of former lives, and note that this one may hold a share.
    Prepare { life: NodeId, formers: Vec<NodeId> },
    /// Read the record: it may show that there is still no room.
    Look { life: NodeId },
    /// Send this write.
    Write { life: NodeId, write: ShareWrite, requests: usize },
    /// Nothing before then: a crowd is gathering.
    Pace { until: Duration },
    /// Nothing before then, unless something is asked for or given back.
    Settle { until: Duration },
    /// Nothing, until something is asked for or given back.
    Rest,
}

impl Books {
    pub(super) fn new(life: NodeId) -> Self {
        Self {
            ledger: AppLedger::new(life.clone()),
            life,
            is_prepared: false,
            formers: Vec::new(),
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            renewals: Vec::new(),
            paced_until: Duration::ZERO,
            settle_at: Duration::ZERO,
            is_driven: false,
        }
    }

    pub(super) fn ask(
        &mut self,
        ticket: Ticket,
        demand: Demand,
        answer: oneshot::Sender<Verdict>,
        now: Duration,
    ) {
        self.waiting.insert(ticket, Waiter::Request { demand, answer });
        self.ledger.ask(ticket, demand, now);
    }

    pub(super) fn was_full(&self) -> bool {
        self.ledger.was_full()
    }

    pub(super) fn found_full(&mut self, totals: Totals, now: Duration) {
        self.ledger.found_full(totals, now);
    }

    pub(super) fn known_refusal(&self, demand: Demand, now: Duration) -> Option<Verdict> {
        self.ledger.known_refusal(demand, now)
    }

    /// Takes a request back. Where its verdict was out already and it was admitted, its place is given back.
    pub(super) fn abandon(&mut self, ticket: Ticket) {
        if self.waiting.remove(&ticket).is_some() {
            self.ledger.abandon(ticket);
        } else {
            self.leave(ticket);
        }
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self, place: Ticket) {
        let Some(Place { demand, standing, .. }) = self.places.remove(&place) else { return };
        match standing {
            Standing::Counted => self.ledger.release(totals(demand)),
            Standing::Asked(ticket) => {
                self.waiting.remove(&ticket);
                self.ledger.abandon(ticket);
            }
            Standing::Former => self.renewals.retain(|renewal| *renewal != place),
            Standing::Lost => {}
        }
    }

    /// Splits the documents of a place off, to be held and given back on their own.
    pub(super) fn split_documents(&mut self, place: Ticket, split: Ticket) {
        let Some(whole) = self.places.get_mut(&place) else { return };
        let documents = Demand { connections: 0, ..whole.demand };
        whole.demand.documents = 0;
        // A place that is being asked for again in one piece is asked for again in two.
        let mut standing = whole.standing;
        if let Standing::Asked(ticket) = standing {
            self.waiting.remove(&ticket);
            self.ledger.abandon(ticket);
            (whole.standing, standing) = (Standing::Former, Standing::Former);
            self.renewals.push(place);
        }
        if standing == Standing::Former {
            self.renewals.push(split);
        }
        self.places.insert(split, Place { demand: documents, standing, on_lost: None });
    }

    /// Says whom to tell if the place is lost. Returns the callback where it is lost already.
    pub(super) fn on_lost(&mut self, place: Ticket, on_lost: OnLost) -> Option<OnLost> {
        match self.places.get_mut(&place) {
            Some(Place { standing: Standing::Lost, .. }) | None => Some(on_lost),
            Some(place) => {
                place.on_lost = Some(on_lost);
                None
            }
        }
    }

    /// Begins another life: everything that is held must be asked for again. Whoever waits for a verdict is told
    /// that the life it asked in is over.
    pub(super) fn begin_life(&mut self, life: &NodeId) {
        if self.life == *life {
            return;
        }
        let former = std::mem::replace(&mut self.life, life.clone());
        if std::mem::take(&mut self.is_prepared) {
            self.formers.push(former);
        }
        self.ledger = AppLedger::new(life.clone());
        for (_, waiter) in std::mem::take(&mut self.waiting) {
            if let Waiter::Request { answer, .. } = waiter {
                // Whoever has gone abandons a ticket that is not known any more.
                let _ = answer.send(Verdict::Fenced);
            }
        }
        self.renewals.clear();
        for (ticket, place) in &mut self.places {
            if place.standing != Standing::Lost {
                place.standing = Standing::Former;
                self.renewals.push(*ticket);
            }
        }
    }

    /// What to do next. `tickets` numbers renewals.
    pub(super) fn next_step(&mut self, now: Duration, tickets: impl Fn() -> Ticket) -> Step {
        if !self.has_work() {
            self.is_driven = false;
            return Step::Rest;
        }
        if !self.is_prepared {
            return Step::Prepare { life: self.life.clone(), formers: self.formers.clone() };
        }
        for place in std::mem::take(&mut self.renewals) {
            if let Some(held) = self.places.get_mut(&place) {
                let ticket = tickets();
                held.standing = Standing::Asked(ticket);
                self.waiting.insert(ticket, Waiter::Renewal(place));
                self.ledger.ask(ticket, held.demand, now);
            }
        }
        if self.ledger.only_settles() && now < self.settle_at {
            return Step::Settle { until: self.settle_at };
        }
        if now < self.paced_until {
            return Step::Pace { until: self.paced_until };
        }
        if self.ledger.looks_first() {
            return Step::Look { life: self.life.clone() };
        }
        match self.ledger.next_write() {
            Some(write) => {
                let requests = self.ledger.batch_size();
                self.paced_until = now + pace(&write, requests);
                Step::Write { life: self.life.clone(), write, requests }
            }
            None => {
                self.is_driven = false;
                Step::Rest
            }
        }
    }

    /// Whether there is anything to write.
    pub(super) fn has_work(&self) -> bool {
        !self.ledger.is_quiet() || !self.renewals.is_empty()
    }

    /// Whether everything that was given back has left the store's books.
    pub(super) fn owes_nothing(&self) -> bool {
        self.ledger.owes_nothing()
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.ledger.is_fenced()
    }

    pub(super) fn life(&self) -> &NodeId {
        &self.life
    }

    /// The store is prepared for `life`.
    pub(super) fn prepared(&mut self, life: &NodeId) {
        if self.life == *life {
            self.is_prepared = true;
            self.formers.clear();
        }
    }

    /// The store's answer to a write of `life`; none where it did not answer.
    pub(super) fn report(&mut self, life: &NodeId, answer: Option<WriteOutcome>, now: Duration) {
        if self.life != *life {
            return;
        }
        match answer {
            Some(outcome) => {
                if matches!(outcome, WriteOutcome::Refused { .. }) {
                    self.settle_at = now + KNOWN_FULL;
                }
                self.ledger.completed(outcome, now);
            }
            None => self.ledger.unanswered(),
        }
    }

    /// The record was read in `life`.
    pub(super) fn looked(&mut self, life: &NodeId, totals: Totals, now: Duration) {
        if self.life == *life {
            self.ledger.looked(totals, now);
        }
    }

    /// Nothing can be written for now: nobody is made to wait for that.
    pub(super) fn cut_off(&mut self) {
        self.ledger.unanswered();
    }

    /// Looks at the store again for the next request, though the app was full a moment ago.
    pub(super) fn look_again(&mut self) {
        self.ledger.look_again();
    }

    /// Hands out the verdicts that are there. Returns whom to tell of a lost place, once nothing is locked.
    pub(super) fn hand_out(&mut self) -> Vec<OnLost> {
        let mut lost = Vec::new();
        while let Some((ticket, verdict)) = self.ledger.next_verdict() {
            match self.waiting.remove(&ticket) {
                Some(Waiter::Request { demand, answer }) => self.answer(ticket, demand, answer, verdict),
                Some(Waiter::Renewal(place)) => lost.extend(self.renewed(place, verdict)),
                None => {}
            }
        }
        lost
    }

    /// A place is on the books before its asker knows, who gives it back where nobody takes it.
    fn answer(&mut self, ticket: Ticket, demand: Demand, answer: oneshot::Sender<Verdict>, verdict: Verdict) {
        if verdict == Verdict::Admitted {
            self.places.insert(ticket, Place { demand, standing: Standing::Counted, on_lost: None });
        }
        // Whoever has gone abandons its request, and finds the place.
        let _ = answer.send(verdict);
    }

    fn renewed(&mut self, ticket: Ticket, verdict: Verdict) -> Option<OnLost> {
        let place = self.places.get_mut(&ticket)?;
        match verdict {
            Verdict::Admitted => place.standing = Standing::Counted,
            Verdict::Unavailable | Verdict::Fenced => {
                place.standing = Standing::Former;
                self.renewals.push(ticket);
            }
            Verdict::ConnectionsFull { .. } | Verdict::DocumentsFull { .. } => {
                place.standing = Standing::Lost;
                return place.on_lost.take();
            }
        }
        None
    }
}

/// How soon another write may follow this one: the larger the crowd that it is for, the longer the next one gathers.
fn pace(write: &ShareWrite, requests: usize) -> Duration {
    let old = write.old.unwrap_or_default();
    let gone = old.connections.saturating_sub(write.new.connections)
        + old.documents.saturating_sub(write.new.documents);
    match gone.max(requests as u64) {
        0 | 1 => Duration::ZERO,
        2..LEDGER_STORM => LEDGER_PACE,
        _ => LEDGER_STORM_PACE,
    }
}

fn totals(demand: Demand) -> Totals {
    Totals { connections: demand.connections, documents: demand.documents }
}
