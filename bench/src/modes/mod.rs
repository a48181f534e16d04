//! The modes: each answers one question about a server.

mod audience;
mod awareness;
mod churn;
mod crowd;
#[cfg(test)]
mod fake;
mod fanout;
mod feed;
#[cfg(test)]
mod honesty;
mod idle;
mod join;
mod pace;
mod refused;
mod saturation;
mod spread;
mod trace;

use crate::report::{Refusals, Run};
use crate::server::{Plan, Server, StartError};
use crate::table::Table;
use crate::wire::connection::Failure;
use crate::yjs::recording::RecordingError;
use clap::Subcommand;
use serde_json::Value;
use std::future::Future;
use std::io;
use std::pin::Pin;

/// What to measure.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Mode {
    /// Memory of connections that say nothing
    Idle(idle::Idle),
    /// One paced writer, many readers: latency and cost of a delivery
    Fanout(fanout::Fanout),
    /// One writer as fast as its window allows: deliveries a second
    Saturation(saturation::Saturation),
    /// Many documents, each with a paced writer and a reader: what storing before showing costs
    Spread(spread::Spread),
    /// Everybody moves a cursor: latency and cost of an awareness state
    Awareness(awareness::Awareness),
    /// Many sessions join a large document at once
    Join(join::Join),
    /// A long history of single edits, written by one and read by another
    Trace(trace::Trace),
    /// Open, sync, close, over and over
    Churn(churn::Churn),
    /// Handshakes of an app that is full (wiresocket only)
    Refused(refused::Refused),
    /// Every mode with its defaults, and a table on standard error
    All,
    /// A markdown table of the last line of each mode and server in these files
    Table(Table),
}

/// Why a run gave no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModeError {
    /// No server to measure.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server's counters can't be read: it has probably ended.
    #[error("cannot measure: {0}")]
    Measure(#[from] io::Error),
    /// Every session was refused.
    #[error("no session could be opened: {0}")]
    NoSession(Refusals),
    /// A session that the run can't do without is gone.
    #[error("a session of the run's own failed: {0}")]
    Session(#[from] Failure),
    /// No recording to replay.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// A run on its way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<Run, ModeError>> + 'a>>;

/// A mode with its parameters.
pub(crate) trait Task {
    /// The mode's name in the output.
    fn name(&self) -> &'static str;
    /// What else tells this task from another of its mode.
    fn parameters(&self) -> Value;
    /// What the run's token must allow.
    fn plan(&self) -> Plan {
        Plan::Ample
    }
    /// Measures a server that has just been started.
    fn run<'a>(&'a self, server: &'a Server) -> Running<'a>;
}

impl Mode {
    /// The tasks to do, in order. Only a server that knows limits can refuse.
    pub(crate) fn tasks(&self, server_has_limits: bool) -> Vec<Box<dyn Task>> {
        match self.clone() {
            Self::Idle(task) => vec![Box::new(task)],
            Self::Fanout(task) => vec![Box::new(task)],
            Self::Saturation(task) => vec![Box::new(task)],
            Self::Spread(task) => vec![Box::new(task)],
            Self::Awareness(task) => vec![Box::new(task)],
            Self::Join(task) => vec![Box::new(task)],
            Self::Trace(task) => vec![Box::new(task)],
            Self::Churn(task) => vec![Box::new(task)],
            Self::Refused(task) => vec![Box::new(task)],
            Self::All => all(server_has_limits),
            Self::Table(_) => Vec::new(),
        }
    }
}

fn all(server_has_limits: bool) -> Vec<Box<dyn Task>> {
    let mut tasks: Vec<Box<dyn Task>> = vec![
        Box::new(idle::Idle::default()),
        Box::new(idle::Idle { connections: 5000, documents: 500, ..idle::Idle::default() }),
        Box::new(fanout::Fanout::default()),
        Box::new(saturation::Saturation::default()),
        Box::new(spread::Spread::default()),
        Box::new(awareness::Awareness::default()),
        Box::new(join::Join::default()),
        Box::new(trace::Trace::default()),
        Box::new(churn::Churn::default()),
    ];
    if server_has_limits {
        tasks.push(Box::new(refused::Refused::default()));
    }
    tasks
}
