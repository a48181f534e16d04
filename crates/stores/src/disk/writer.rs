use super::batch::Batch;
use super::checkpoints::{Command, remove_journals};
use super::journal::Journal;
use super::pending::Pending;
use super::recent::Recent;
use super::request::Request;
use super::table::Table;
use crate::AtRelease;
use domain::ports::Unavailable;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a change may wait for the device.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Bytes of changes that go to the table without waiting so long: few enough for a slow device.
const CHECKPOINT_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of changes that wait in memory at most, while the device is slower than the clients.
const PENDING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes after which a journal write takes no more requests.
const BATCH_BYTES: usize = 1024 * 1024;

/// The one thread that changes documents. All requests that wait become one write to the journal, and are
/// then answered.
pub(super) struct Writer {
    pub(super) folder: PathBuf,
    pub(super) retention: AtRelease,
    pub(super) table: Arc<Table>,
    pub(super) journal: Journal,
    pub(super) recent: Recent,
    pub(super) queue: mpsc::Receiver<Request>,
    pub(super) commands: Sender<Command>,
    pub(super) outcomes: Receiver<Result<(), Unavailable>>,
    pub(super) timing: Timing,
    pub(super) checkpoint: Option<Checkpoint>,
}

/// When something is due.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// Since when the active changes wait.
    active_since: Option<Instant>,
    /// When the checkpoint thread was asked to wake this one.
    wake_at: Option<Instant>,
    /// Whether the last journal write failed: it is logged once, and once when it is over.
    is_failing: bool,
}

/// Changes on their way into the table.
pub(super) struct Checkpoint {
    pending: Arc<Pending>,
    last_journal: u64,
    /// When it failed, if it waits to be tried again.
    failed: Option<Instant>,
}

impl Writer {
    /// Runs until no request can come any more; then everything is in the table.
    pub(super) fn run(mut self) {
        while let Some(request) = self.queue.blocking_recv() {
            while let Ok(outcome) = self.outcomes.try_recv() {
                self.settle(outcome);
            }
            let batch = self.collect(request);
            self.commit(batch);
            self.checkpoint_if_due();
            self.ask_to_be_woken();
        }
        self.finish();
    }

    fn collect(&mut self, first: Request) -> Batch {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(request) = next.take() {
            batch.decide(request, &mut self.recent, self.retention);
            if batch.journal.len() < BATCH_BYTES {
                next = self.queue.try_recv().ok();
            }
        }
        batch
    }

    fn commit(&mut self, batch: Batch) {
        let written = if batch.records.is_empty() { Ok(()) } else { self.write_to_journal(&batch.journal) };
        match written {
            Ok(()) => {
                for record in batch.records {
                    self.timing.active_since.get_or_insert_with(Instant::now);
                    self.recent.apply(record);
                }
                batch.answers.into_iter().for_each(|answer| answer.give(&self.recent));
            }
            Err(cause) => batch.answers.into_iter().for_each(|answer| answer.fail(&cause)),
        }
    }

    fn write_to_journal(&mut self, records: &[u8]) -> Result<(), Unavailable> {
        let written = self.make_room().and_then(|()| {
            self.journal.append(records).map_err(|error| Unavailable::new("documents", error))
        });
        match &written {
            Err(cause) if !self.timing.is_failing => tracing::error!(%cause, "documents take no changes"),
            Ok(()) if self.timing.is_failing => tracing::info!("documents take changes again"),
            _ => {}
        }
        self.timing.is_failing = written.is_err();
        written
    }

    /// Where too much waits in memory, waits for the device; refuses where the device takes nothing.
    fn make_room(&mut self) -> Result<(), Unavailable> {
        if self.recent.active().bytes() < PENDING_BYTES_MAX {
            return Ok(());
        }
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.failed.is_none()) {
            let ended = || Err(Unavailable::new("documents", "the checkpoint thread has ended"));
            let outcome = self.outcomes.recv().unwrap_or_else(|_| ended());
            self.settle(outcome);
        }
        self.checkpoint_if_due();
        if self.recent.active().bytes() < PENDING_BYTES_MAX {
            Ok(())
        } else {
            Err(Unavailable::new("documents", "too many changes wait for a device that takes none"))
        }
    }

    fn settle(&mut self, outcome: Result<(), Unavailable>) {
        match outcome {
            Ok(()) => {
                self.checkpoint = None;
                self.recent.arrived();
            }
            Err(cause) => {
                tracing::error!(%cause, "changes are not synced to the device");
                if let Some(checkpoint) = &mut self.checkpoint {
                    checkpoint.failed = Some(Instant::now());
                }
            }
        }
    }

    fn checkpoint_if_due(&mut self) {
        match &mut self.checkpoint {
            None => {
                if self.is_checkpoint_due() {
                    self.seal();
                }
            }
            Some(checkpoint) => {
                if checkpoint.failed.take_if(|at| at.elapsed() >= SYNC_EVERY).is_some() {
                    self.send_checkpoint();
                }
            }
        }
    }

    fn is_checkpoint_due(&self) -> bool {
        let waited = self.timing.active_since.is_some_and(|since| since.elapsed() >= SYNC_EVERY);
        waited || self.recent.active().bytes() >= CHECKPOINT_BYTES
    }

    fn seal(&mut self) {
        match self.journal.seal() {
            Ok(last_journal) => {
                self.timing.active_since = None;
                let pending = self.recent.seal();
                self.checkpoint = Some(Checkpoint { pending, last_journal, failed: None });
                self.send_checkpoint();
            }
            Err(error) => tracing::warn!(%error, "cannot begin a journal; the last one goes on"),
        }
    }

    fn send_checkpoint(&self) {
        if let Some(Checkpoint { pending, last_journal, .. }) = &self.checkpoint {
            let command = Command::Checkpoint { pending: pending.clone(), last_journal: *last_journal };
            // The thread ends only after this one; if it panicked, nothing gets into the table any more, and
            // `make_room` refuses when memory is full.
            let _ = self.commands.send(command);
        }
    }

    fn ask_to_be_woken(&mut self) {
        let retry = self.checkpoint.as_ref().and_then(|checkpoint| checkpoint.failed);
        let Some(due) = retry.or(self.timing.active_since).map(|since| since + SYNC_EVERY) else { return };
        let now = Instant::now();
        if self.timing.wake_at.is_none_or(|at| at <= now || at > due) {
            self.timing.wake_at = Some(due.max(now));
            let _ = self.commands.send(Command::WakeIn(due.saturating_duration_since(now)));
        }
    }

    fn finish(mut self) {
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.failed.is_none())
            && let Ok(outcome) = self.outcomes.recv()
        {
            self.settle(outcome);
        }
        let on_the_way = self.checkpoint.take().map(|c| (c.pending, c.last_journal));
        let active = (self.recent.seal(), self.journal.number());
        for (pending, last_journal) in on_the_way.into_iter().chain([active]) {
            if let Err(cause) = self.table.write(&pending) {
                tracing::error!(%cause, "the last changes stay in the journal");
                return;
            }
            remove_journals(&self.folder, last_journal);
        }
    }
}
