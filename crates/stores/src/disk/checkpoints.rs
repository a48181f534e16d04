use super::journal;
use super::pending::Pending;
use super::request::Request;
use super::table::Table;
use domain::ports::Unavailable;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::WeakSender;

/// What the writer asks of the checkpoint thread.
pub(super) enum Command {
    /// Wakes the writer after this time.
    WakeIn(Duration),
    /// Puts the changes of sealed journals into the table, and then deletes the journals.
    Checkpoint {
        /// All changes in them.
        pending: Arc<Pending>,
        /// The last of them.
        last_journal: u64,
    },
}

/// Moves changes from journals to the table, beside the writer, so that no append waits for the device.
pub(super) struct Checkpoints {
    pub(super) folder: PathBuf,
    pub(super) table: Arc<Table>,
    pub(super) commands: Receiver<Command>,
    pub(super) outcomes: Sender<Result<(), Unavailable>>,
    pub(super) writer: WeakSender<Request>,
}

impl Checkpoints {
    /// Runs until the writer has hung up.
    pub(super) fn run(self) {
        let mut wake_at = None;
        loop {
            match self.next_command(wake_at) {
                Ok(Command::WakeIn(time)) => wake_at = Some(Instant::now() + time),
                Ok(Command::Checkpoint { pending, last_journal }) => self.checkpoint(&pending, last_journal),
                Err(RecvTimeoutError::Timeout) => {
                    wake_at = None;
                    self.wake_writer();
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn next_command(&self, wake_at: Option<Instant>) -> Result<Command, RecvTimeoutError> {
        match wake_at {
            None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => self.commands.recv_timeout(at.saturating_duration_since(Instant::now())),
        }
    }

    fn checkpoint(&self, pending: &Pending, last_journal: u64) {
        let outcome = self.table.write(pending);
        if outcome.is_ok() {
            remove_journals(&self.folder, last_journal);
        }
        // The writer may have ended; then nobody waits.
        let _ = self.outcomes.send(outcome);
        self.wake_writer();
    }

    /// A writer whose queue is full is awake.
    fn wake_writer(&self) {
        if let Some(writer) = self.writer.upgrade() {
            let _ = writer.try_send(Request::Wake);
        }
    }
}

/// A journal that stays is read again at the next start, which changes nothing.
pub(super) fn remove_journals(folder: &Path, last: u64) {
    if let Err(error) = journal::remove_through(folder, last) {
        tracing::warn!(%error, last, "cannot remove journals that are in the table");
    }
}
