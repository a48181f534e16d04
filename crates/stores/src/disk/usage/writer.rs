use super::change::{Change, Tables};
use super::database::UsageDatabase;
use super::tables::begin_write;
use domain::calendar::Day;
use domain::ports::Unavailable;
use redb::Database;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Changes that go to the device together.
const BATCH_MAX: usize = 256;

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
    /// The last day for which what is too old was deleted.
    pub(super) expired: Option<Day>,
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
            for Request { store, done, .. } in batch {
                // Whoever waits for it no longer does not hear the answer.
                drop(done.send(made.clone().map_err(|cause| Unavailable::new(store, cause))));
            }
        }
    }

    fn make(&mut self, batch: &[Request]) -> Result<(), String> {
        let database = self.database.get().map_err(|error| error.to_string())?;
        let today = batch.iter().filter_map(|request| day(&request.change)).max();
        let expires = today.filter(|today| self.expired < Some(*today));
        let made = make(&database, batch, expires);
        drop(database);
        match made {
            Ok(()) => self.expired = self.expired.max(expires),
            Err(_) => self.database.reopen(),
        }
        made.map_err(|error| error.to_string())
    }
}

/// Makes all changes, or none.
fn make(database: &Database, batch: &[Request], expires: Option<Day>) -> Result<(), redb::Error> {
    let transaction = begin_write(database)?;
    let mut tables = Tables::open(&transaction)?;
    for request in batch {
        tables.apply(&request.change)?;
    }
    if let Some(today) = expires {
        tables.expire(today)?;
    }
    drop(tables);
    Ok(transaction.commit()?)
}

fn day(change: &Change) -> Option<Day> {
    match change {
        Change::Add { add, .. } => Some(add.hour.day()),
        Change::RollUp { .. } | Change::Note(_) => None,
    }
}
