//! What is true: who was admitted and is still there, and what the store has counted when.

use crate::node::{Flight, Life};
use crate::violation::Violation;
use domain::ledger::{Demand, ShareWrite, Totals, Verdict};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Model {
    clients: BTreeMap<u64, Client>,
    /// Each app's totals over time, as (since when, totals).
    totals: Vec<Vec<(Duration, Totals)>>,
    flights: HashMap<u64, FlightFacts>,
}

#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) life: Life,
    pub(crate) app: usize,
    pub(crate) demand: Demand,
    /// What it was given; nothing while it waits.
    pub(crate) held: Option<Totals>,
}

/// What is known of a write that was sent.
struct FlightFacts {
    /// The largest limits among those who waited for it.
    limits: Totals,
    /// The totals before it took effect, if it did.
    before: Option<Totals>,
}

impl Model {
    pub(crate) fn new(apps: usize) -> Self {
        Self { totals: vec![vec![(Duration::ZERO, Totals::default())]; apps], ..Self::default() }
    }

    pub(crate) fn arrive(&mut self, ticket: u64, client: Client) {
        self.clients.insert(ticket, client);
    }

    pub(crate) fn client(&self, ticket: u64) -> Option<&Client> {
        self.clients.get(&ticket)
    }

    pub(crate) fn client_mut(&mut self, ticket: u64) -> Option<&mut Client> {
        self.clients.get_mut(&ticket)
    }

    pub(crate) fn gone(&mut self, ticket: u64) {
        self.clients.remove(&ticket);
    }

    /// A life has ended, and its clients with it.
    pub(crate) fn ended(&mut self, life: Life) {
        self.clients.retain(|_, client| client.life != life);
    }

    /// Those that wait, or those that were admitted, in order of arrival.
    pub(crate) fn tickets(&self, standing: Standing) -> Vec<u64> {
        let of_kind = |client: &Client| client.held.is_some() == (standing == Standing::Admitted);
        self.clients.iter().filter(|(_, client)| of_kind(client)).map(|(ticket, _)| *ticket).collect()
    }

    /// What the clients of one node hold of an app.
    pub(crate) fn held(&self, life: Life, app: usize) -> Totals {
        sum(self.at(life, app).filter_map(|(_, client)| client.held))
    }

    /// What others ask for at the desk where this client waits.
    fn asked_beside(&self, ticket: u64, client: &Client) -> Totals {
        let beside = self.at(client.life, client.app).filter(|(other, _)| *other != ticket);
        sum(beside.filter(|(_, other)| other.held.is_none()).map(|(_, other)| asked(other.demand)))
    }

    fn at(&self, life: Life, app: usize) -> impl Iterator<Item = (u64, &Client)> {
        let clients = self.clients.iter().map(|(ticket, client)| (*ticket, client));
        clients.filter(move |(_, client)| client.life == life && client.app == app)
    }

    pub(crate) fn flight_sent(&mut self, life: Life, app: usize, number: u64) {
        let mut limits = Totals::default();
        for (_, client) in self.at(life, app).filter(|(_, client)| client.held.is_none()) {
            limits.connections = limits.connections.max(client.demand.connections_max);
            limits.documents = limits.documents.max(client.demand.documents_max);
        }
        self.flights.insert(number, FlightFacts { limits, before: None });
    }

    /// A node's write took effect.
    pub(crate) fn flight_landed(
        &mut self,
        app: usize,
        number: u64,
        write: &ShareWrite,
        before: Totals,
        after: Totals,
    ) -> Result<(), Violation> {
        let flight = self.flights.get_mut(&number).expect("it was sent");
        flight.before = Some(before);
        let old = write.old.unwrap_or_default();
        let is_over = write.new.connections > old.connections
            && after.connections > flight.limits.connections
            || write.new.documents > old.documents && after.documents > flight.limits.documents;
        if is_over { Err(Violation::OverEveryLimit { app, totals: after }) } else { Ok(()) }
    }

    pub(crate) fn totals_are(&mut self, app: usize, now: Duration, totals: Totals) {
        self.totals[app].push((now, totals));
    }

    /// The largest totals that the app had at any moment since then.
    fn most(&self, app: usize, since: Duration) -> Totals {
        let mut most = Totals::default();
        for (from, totals) in self.totals[app].iter().rev() {
            most.connections = most.connections.max(totals.connections);
            most.documents = most.documents.max(totals.documents);
            if *from < since {
                break;
            }
        }
        most
    }

    /// A client is admitted by `flight`, after those that hold `preceding`: it must have fitted.
    pub(crate) fn admitted(
        &mut self,
        ticket: u64,
        flight: &Flight,
        preceding: &mut Totals,
    ) -> Result<(), Violation> {
        let before = self.flights.get(&flight.number).and_then(|facts| facts.before);
        let before = before.ok_or(Violation::NotWritten { ticket })?;
        let client = self.clients.get_mut(&ticket).ok_or(Violation::AdmittedNobody { ticket })?;
        let Demand { connections, documents, connections_max, documents_max } = client.demand;
        preceding.connections += connections;
        preceding.documents += documents;
        let is_over = before.connections + preceding.connections
            > connections_max + flight.leaving.connections
            || documents > 0
                && before.documents + preceding.documents > documents_max + flight.leaving.documents;
        client.held = Some(asked(client.demand));
        if is_over { Err(Violation::OverItsLimit { ticket, before }) } else { Ok(()) }
    }

    /// A client is refused: its app must have been full at some moment since `since`, counting those who ask
    /// at the same desk before it.
    pub(crate) fn refused(
        &mut self,
        ticket: u64,
        verdict: Verdict,
        since: Duration,
    ) -> Result<(), Violation> {
        let Some(client) = self.clients.get(&ticket) else { return Ok(()) };
        let (most, beside) = (self.most(client.app, since), self.asked_beside(ticket, client));
        let is_true = match verdict {
            Verdict::ConnectionsFull { limit } => {
                limit == client.demand.connections_max
                    && most.connections + beside.connections + client.demand.connections > limit
            }
            Verdict::DocumentsFull { limit, active } => {
                limit == client.demand.documents_max
                    && active >= limit
                    && most.documents + beside.documents + client.demand.documents > limit
            }
            Verdict::Admitted | Verdict::Unavailable | Verdict::Fenced => true,
        };
        self.clients.remove(&ticket);
        if is_true { Ok(()) } else { Err(Violation::NotFull { ticket, verdict, most }) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    Admitted,
}

fn asked(demand: Demand) -> Totals {
    Totals { connections: demand.connections, documents: demand.documents }
}

fn sum(all: impl Iterator<Item = Totals>) -> Totals {
    all.fold(Totals::default(), |sum, more| Totals {
        connections: sum.connections + more.connections,
        documents: sum.documents + more.documents,
    })
}
