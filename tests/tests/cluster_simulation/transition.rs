//! What can happen next. The same transition moves the nodes and the model of what is true.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Transition {
    /// A client comes to a node for a document.
    Connects { client: u64, node: usize, document: usize },
    /// Two clients come at once for a document whose owner is dead, each to another node.
    Races { clients: [u64; 2], nodes: [usize; 2], document: usize },
    /// A client hangs up.
    Leaves { client: u64 },
    /// A client hangs up that waits for its answer.
    GivesUp { client: u64 },
    /// A document that nobody uses is given up.
    Releases { node: usize, document: usize },
    /// A client changes its document.
    Edits { client: u64 },
    /// A process ends without a word.
    Dies { node: usize },
    /// A process ends without a word before its store is called so many times more.
    DiesSoon { node: usize, calls: u32 },
    /// A process stands still just before it sends whatever it sends next.
    Stops { node: usize, clock: Hands },
    /// The same, before its store is called so many times more.
    StopsSoon { node: usize, clock: Hands, calls: u32 },
    /// It goes on, and all that it was about to send is sent.
    GoesOn { node: usize },
    /// What a process was about to send when it died reaches the stores late.
    Arrives { node: usize },
    /// A node reaches the stores no more.
    IsCutOff { node: usize },
    /// It reaches them again.
    IsMended { node: usize },
    /// A node ends in order.
    Drains { node: usize },
    /// A process of the same name begins where one has ended.
    Begins { node: usize },
    /// Nothing happens for a while.
    Passes { time: Duration },
}

/// What becomes of a machine's clock while a process on it stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hands {
    GoOn,
    /// The whole machine sleeps.
    StandStill,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connects { client, node, document } => {
                write!(f, "client {client} comes to n{node} for d{document}")
            }
            Self::Races { clients: [a, b], nodes: [n, m], document } => {
                write!(f, "clients {a} and {b} come to n{n} and n{m} for d{document}, whose owner is dead")
            }
            Self::Leaves { client } => write!(f, "client {client} hangs up"),
            Self::GivesUp { client } => write!(f, "client {client} waits no longer"),
            Self::Releases { node, document } => write!(f, "n{node} gives d{document} up"),
            Self::Edits { client } => write!(f, "client {client} edits"),
            Self::Dies { node } => write!(f, "n{node} dies"),
            Self::DiesSoon { node, calls } => write!(f, "n{node} will die after {calls} calls"),
            Self::Stops { node, clock } => {
                write!(f, "n{node} stands still, and the hands of its clock {clock:?}")
            }
            Self::StopsSoon { node, clock, calls } => {
                write!(
                    f,
                    "n{node} will stand still after {calls} calls, and the hands of its clock {clock:?}"
                )
            }
            Self::Arrives { node } => write!(f, "what n{node} was about to send when it died arrives"),
            Self::GoesOn { node } => write!(f, "n{node} goes on"),
            Self::IsCutOff { node } => write!(f, "n{node} is cut off"),
            Self::IsMended { node } => write!(f, "n{node} reaches the stores again"),
            Self::Drains { node } => write!(f, "n{node} drains"),
            Self::Begins { node } => write!(f, "n{node} begins again"),
            Self::Passes { time } => write!(f, "{time:?} pass"),
        }
    }
}
