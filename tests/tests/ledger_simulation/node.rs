//! A node as far as the ledger knows it: a desk for each app, and when it sends what.
//!
//! It drives its books as the sync node does: one write at a time, sent again after a wait where no answer
//! came within the deadline.

use crate::chance::Chance;
use domain::bounds::KNOWN_FULL;
use domain::ids::{NodeId, NodeName};
use domain::ledger::{AppLedger, ShareWrite, Totals, WriteOutcome};
use std::fmt;
use std::time::Duration;
use syncd::caps::LEDGER_RETRY;

/// One life of a node: it ends with a crash, or when the node learns that it was reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    pub(crate) node: usize,
    pub(crate) epoch: u64,
}

pub(crate) struct Node {
    pub(crate) life: Life,
    pub(crate) is_up: bool,
    /// One for each app.
    pub(crate) desks: Vec<Desk>,
}

/// The driver of one app's books.
pub(crate) struct Desk {
    pub(crate) ledger: AppLedger,
    pub(crate) errand: Errand,
    /// The write whose outcome is not known yet.
    pub(crate) flight: Option<Flight>,
    /// The newest write that was refused.
    refused: Option<Refused>,
    retry: Duration,
}

/// What a desk is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    Nothing,
    /// The answer to the message of this number.
    Answer(u64),
    /// The time to send again.
    Backoff,
}

#[derive(Debug, Clone)]
pub(crate) struct Flight {
    pub(crate) number: u64,
    pub(crate) write: ShareWrite,
    /// When it was sent first.
    pub(crate) sent: Duration,
    /// What it gives back.
    pub(crate) leaving: Totals,
}

struct Refused {
    sent: Duration,
    answered: Duration,
}

impl Life {
    pub(crate) fn id(self) -> NodeId {
        let name = NodeName::parse(&format!("n{}", self.node)).expect("it is plain");
        NodeId { name, epoch: self.epoch }
    }

    pub(crate) fn next(self) -> Self {
        Self { epoch: self.epoch + 1, ..self }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}#{}", self.node, self.epoch)
    }
}

impl Node {
    pub(crate) fn begin(life: Life, apps: usize) -> Self {
        let desks = (0..apps).map(|_| Desk::new(life)).collect();
        Self { life, is_up: true, desks }
    }
}

impl Desk {
    fn new(life: Life) -> Self {
        Self {
            ledger: AppLedger::new(life.id()),
            errand: Errand::Nothing,
            flight: None,
            refused: None,
            retry: LEDGER_RETRY.0,
        }
    }

    /// The store's word on the write under way: returns that write.
    pub(crate) fn completed(&mut self, outcome: WriteOutcome, now: Duration) -> Option<Flight> {
        self.ledger.completed(outcome, now);
        self.errand = Errand::Nothing;
        self.retry = LEDGER_RETRY.0;
        let flight = self.flight.take()?;
        if matches!(outcome, WriteOutcome::Refused { .. }) {
            self.refused = Some(Refused { sent: flight.sent, answered: now });
        }
        Some(flight)
    }

    /// No word in time. Returns how long to wait before the write is sent again.
    pub(crate) fn unanswered(&mut self, chance: &mut Chance) -> Duration {
        self.ledger.unanswered();
        self.errand = Errand::Backoff;
        let wait = chance.between(self.retry / 2, self.retry);
        self.retry = (self.retry * 2).min(LEDGER_RETRY.1);
        wait
    }

    /// The moment since which a refusal from memory may have been true.
    pub(crate) fn remembers_since(&self, now: Duration) -> Duration {
        let recent = self.refused.as_ref().filter(|refused| now < refused.answered + KNOWN_FULL);
        recent.map_or(now, |refused| refused.sent)
    }
}
