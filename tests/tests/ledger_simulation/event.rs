//! What can happen next.

use crate::node::Life;
use domain::ledger::{ShareWrite, WriteOutcome};
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A user does something: arrives, leaves, or hangs up.
    Acts,
    /// A client has waited for its verdict for as long as it may.
    GivesUp(u64),
    /// A message reaches the store; its answer takes so long, where it is not lost.
    Reaches(Message, Option<Duration>),
    /// The answer to the message of this number reaches its sender.
    Answers(Sender, u64, WriteOutcome),
    /// The message of this number should have been answered.
    Deadline(Sender, u64),
    /// A desk's wait between two tries is over.
    SendsAgain(Life, usize),
    /// A reaper begins.
    Reaps(Life),
    /// A node that lives learns from its beat that it was declared dead.
    Learns(Life),
    /// A node that crashed comes back.
    Returns(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) sender: Sender,
    pub(crate) number: u64,
    pub(crate) app: usize,
    pub(crate) write: ShareWrite,
    /// The number of the node's write, which all messages that carry it have in common.
    pub(crate) flight: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A life of a node, for an app.
    Desk(Life, usize),
    /// The reaper of this number.
    Reaper(u64),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acts => write!(f, "a user acts"),
            Self::GivesUp(ticket) => write!(f, "client {ticket} has waited long enough"),
            Self::Reaches(message, _) => write!(f, "the store gets {message}"),
            Self::Answers(sender, number, outcome) => write!(f, "{sender} gets on {number}: {outcome:?}"),
            Self::Deadline(sender, number) => write!(f, "the deadline of {sender} for {number}"),
            Self::SendsAgain(life, app) => write!(f, "{life} may send again to app {app}"),
            Self::Reaps(life) => write!(f, "a reaper begins with {life}"),
            Self::Learns(life) => write!(f, "{life} learns whether it was declared dead"),
            Self::Returns(node) => write!(f, "n{node} comes back"),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, number, app, write, .. } = self;
        write!(f, "{number} of {sender} to app {app}: {} from {:?} to {:?}", write.node, write.old, write.new)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Desk(life, app) => write!(f, "{life} (app {app})"),
            Self::Reaper(reaper) => write!(f, "reaper {reaper}"),
        }
    }
}
