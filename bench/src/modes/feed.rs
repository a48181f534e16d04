//! A history of edits, written by one session as fast as what another has read of it allows.

use crate::latency::Latencies;
use crate::wire::connection::{Connection, DEADLINE, Failure};
use crate::wire::frames::binary;
use crate::wire::protocol::{Message, update_message};
use crate::yjs::coverage::{Progress, carried};
use crate::yjs::recording::{Recording, RecordingError};
use crate::yjs::session::Session;
use std::collections::VecDeque;
use std::path::Path;
use tokio::time::{Instant, timeout};

/// The seed of made-up histories: every server and every run gets the same bytes.
const SEED: u64 = 1;

/// A document's history, encoded before anything is measured.
#[derive(Debug)]
pub(crate) struct History {
    steps: Vec<Step>,
    /// How far all of it reaches.
    pub(crate) end: Progress,
}

/// One update as a frame, and how far a reader is once it has it.
#[derive(Debug)]
struct Step {
    frame: Vec<u8>,
    reached: Progress,
}

impl History {
    /// `edits` edits: the first of a recording's, or made up.
    ///
    /// # Errors
    /// The recording can't be read.
    pub(crate) fn load(recording: Option<&Path>, edits: usize) -> Result<Self, RecordingError> {
        let updates = match recording {
            Some(path) => Recording::open(path)?.updates(edits)?,
            None => {
                let mut session = Session::new(SEED);
                (0..edits).map(|_| session.next_update()).collect()
            }
        };
        let mut end = Progress::default();
        let step = |update: Vec<u8>| {
            end.take(&carried(&update).unwrap_or_default());
            Step { frame: binary(&update_message(&update)), reached: end }
        };
        Ok(Self { steps: updates.into_iter().map(step).collect(), end })
    }

    /// How many edits there are.
    pub(crate) fn edits(&self) -> usize {
        self.steps.len()
    }
}

/// What came of writing a history.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    /// How far the reader has come.
    pub(crate) progress: Progress,
    /// From the writer's send to the reader's read, an edit.
    pub(crate) latency: Latencies,
}

/// Writes a history with at most `window` edits that `reader` has not read. Ends when it has read all.
///
/// # Errors
/// One of the sessions is no more, or nothing moved within the deadline.
pub(crate) async fn feed(
    writer: &mut Connection,
    reader: &mut Connection,
    history: &History,
    window: usize,
) -> Result<Fed, Failure> {
    let mut fed = Fed::default();
    let mut waiting: VecDeque<(Progress, Instant)> = VecDeque::with_capacity(window);
    let mut steps = history.steps.iter();
    loop {
        for step in steps.by_ref().take(window - waiting.len()) {
            writer.queue(&step.frame);
            waiting.push_back((step.reached, Instant::now()));
        }
        if waiting.is_empty() {
            return Ok(fed);
        }
        let moved = read_either(writer, reader, &mut fed.progress);
        let at = timeout(DEADLINE, moved).await.unwrap_or(Err(Failure::Deadline))?;
        while let Some((_, sent)) = waiting.pop_front_if(|(reached, _)| fed.progress.covers(*reached)) {
            fed.latency.add(at - sent);
        }
    }
}

/// Reads whichever session has something, and tells when that was read.
async fn read_either(
    writer: &mut Connection,
    reader: &mut Connection,
    progress: &mut Progress,
) -> Result<Instant, Failure> {
    let mut moment = Instant::now();
    let mut readable = true;
    tokio::select! {
        received = reader.receive(|message, at| {
            moment = at;
            if let Message::Update(update) = message {
                readable &= carried(update).map(|carried| progress.take(&carried)).is_some();
            }
        }) => received?,
        received = writer.receive(|_, _| {}) => received?,
    }
    if readable { Ok(moment) } else { Err(Failure::Unreadable("update".to_owned())) }
}
