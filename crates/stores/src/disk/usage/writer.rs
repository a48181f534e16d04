use super::change::{Change, Failure, Tables};
use super::database::UsageDatabase;
use super::tables::begin_write;
use domain::calendar::Day;
use domain::ports::Unavailable;
use redb::Database;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Changes that go to the device together.
const BATCH_MAX: usize = 256;
/// Days that are remembered; past it the earliest are forgotten, and looked at once more.
const DAYS_MAX: usize = 64;

/// A change, and who waits for it.
pub(super) struct Request {
    pub(super) change: Change,
    /// As the port is called that it was asked of.
    pub(super) store: &'static str,
    pub(super) done: oneshot::Sender<Result<(), Unavailable>>,
}

/// Makes changes one after the other, all that wait at a moment in one transaction.
pub(super) struct Writer {
    pub(super) database: Arc<UsageDatabase>,
    pub(super) queue: mpsc::Receiver<Request>,
    /// Days that something was added to since the start; at each new one, what is too old is deleted.
    pub(super) days: BTreeSet<Day>,
}

impl Writer {
    /// Ends when the queue is closed and empty.
    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX
                && let Ok(next) = self.queue.try_recv()
            {
                batch.push(next);
            }
            let made = self.make(&batch);
            for (nth, Request { store, done, .. }) in batch.into_iter().enumerate() {
                let made = made.as_ref().map_err(String::clone).and_then(|made| made[nth].clone());
                // Whoever waits for it no longer does not hear the answer.
                drop(done.send(made.map_err(|cause| Unavailable::new(store, cause))));
            }
        }
    }

    fn make(&mut self, batch: &[Request]) -> Result<Vec<Made>, String> {
        let database = self.database.get().map_err(|error| error.to_string())?;
        let new: Vec<Day> = batch.iter().filter_map(|request| day(&request.change)).collect();
        let is_new_day = new.iter().any(|day| !self.days.contains(day));
        let made = make(&database, batch, if is_new_day { Expiry::Due } else { Expiry::Done });
        drop(database);
        match &made {
            Ok(_) => self.remember(new),
            Err(_) => self.database.reopen(),
        }
        made.map_err(|error| error.to_string())
    }

    fn remember(&mut self, days: Vec<Day>) {
        self.days.extend(days);
        while self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
    }
}

/// What came of one change.
type Made = Result<(), String>;

/// Whether what is too old is deleted along with a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expiry {
    Due,
    Done,
}

/// Makes all changes but those that concern what can't be read, or none.
fn make(database: &Database, batch: &[Request], expiry: Expiry) -> Result<Vec<Made>, redb::Error> {
    let transaction = begin_write(database)?;
    let mut tables = Tables::open(&transaction)?;
    let mut made = Vec::with_capacity(batch.len());
    for request in batch {
        made.push(match tables.apply(&request.change) {
            Ok(()) => Ok(()),
            Err(Failure::Unreadable(cause)) => Err(cause.to_string()),
            Err(Failure::Database(error)) => return Err(error),
        });
    }
    if expiry == Expiry::Due {
        tables.expire()?;
    }
    drop(tables);
    transaction.commit()?;
    Ok(made)
}

fn day(change: &Change) -> Option<Day> {
    match change {
        Change::Add { add, .. } => Some(add.hour.day()),
        Change::RollUp { .. } | Change::Note(_) => None,
    }
}
