//! Sessions that read one writer's typing, and the board that they count on.

use crate::latency::Latencies;
use crate::report::Refusals;
use crate::wire::connection::{Connection, Failure};
use crate::wire::frames::binary;
use crate::wire::protocol::{Message, update_message};
use crate::yjs::coverage::{Progress, carried};
use crate::yjs::edit::typed;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long deliveries may be outstanding once the writer has stopped.
const OUTSTANDING_MAX: Duration = Duration::from_secs(20);
/// How often outstanding deliveries are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What all readers count together. The clock of an update is its number.
#[derive(Debug, Default)]
pub(crate) struct Board {
    sent_at: RefCell<Vec<Instant>>,
    deliveries: Cell<u64>,
    deliveries_before: Cell<u64>,
    lost: Cell<u64>,
    latency: RefCell<Latencies>,
    refusals: RefCell<Refusals>,
    first_seen: Cell<u64>,
    first_moved: Notify,
}

/// What was counted.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Updates that reached a reader since the last reset, counted by clocks: a merged message counts for each
    /// update in it.
    pub(crate) deliveries: u64,
    /// Updates that a reader never got although later ones came, since the beginning.
    pub(crate) lost: u64,
    /// Updates that have not reached a reader, lost ones included, since the beginning.
    pub(crate) missing: u64,
    /// From the writer's send to the reader's read, since the last reset.
    pub(crate) latency: Latencies,
    /// Sessions that ended, since the beginning.
    pub(crate) refusals: Refusals,
}

/// Readers at work.
#[derive(Debug)]
pub(crate) struct Audience {
    board: Rc<Board>,
    readers: JoinSet<()>,
}

impl Audience {
    /// Lets these sessions read. The first of them is the one that a window follows.
    pub(crate) fn seat(sessions: Vec<Connection>) -> Self {
        let board = Rc::new(Board::default());
        let mut readers = JoinSet::new();
        for (n, session) in sessions.into_iter().enumerate() {
            readers.spawn_local(read(session, Rc::clone(&board), n == 0));
        }
        Self { board, readers }
    }

    /// Queues the writer's next update and notes the time.
    pub(crate) fn send(&self, writer: &mut Connection) {
        let mut sent_at = self.board.sent_at.borrow_mut();
        writer.queue(&binary(&update_message(&typed(sent_at.len() as u64))));
        sent_at.push(Instant::now());
    }

    /// Updates sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.board.sent_at.borrow().len() as u64
    }

    /// Updates that the first reader has not seen yet.
    pub(crate) fn in_flight(&self) -> u64 {
        self.sent() - self.board.first_seen.get()
    }

    /// Waits until the first reader has seen more.
    pub(crate) async fn first_moved(&self) {
        self.board.first_moved.notified().await;
    }

    /// Waits until every update has reached every reader, or no longer can.
    ///
    /// # Errors
    /// The writer's session is no more.
    pub(crate) async fn settle(&self, writer: &mut Connection) -> Result<(), Failure> {
        let deadline = Instant::now() + OUTSTANDING_MAX;
        while self.missing() > self.board.lost.get() && Instant::now() < deadline {
            attend(writer, Instant::now() + LOOK_EVERY).await?;
        }
        Ok(())
    }

    fn missing(&self) -> u64 {
        self.sent() * self.readers.len() as u64 - self.board.deliveries.get()
    }

    /// Begins a new count.
    pub(crate) fn reset(&self) {
        self.board.deliveries_before.set(self.board.deliveries.get());
        self.board.latency.replace(Latencies::default());
    }

    /// What was counted.
    pub(crate) fn tally(&self) -> Tally {
        Tally {
            deliveries: self.board.deliveries.get() - self.board.deliveries_before.get(),
            lost: self.board.lost.get(),
            missing: self.missing(),
            latency: self.board.latency.borrow().clone(),
            refusals: self.board.refusals.borrow().clone(),
        }
    }
}

/// Keeps a writer's session alive until a moment: its echoes are read, its frames sent.
///
/// # Errors
/// The session is no more.
pub(crate) async fn attend(writer: &mut Connection, until: Instant) -> Result<(), Failure> {
    loop {
        tokio::select! {
            biased;
            () = sleep_until(until) => return Ok(()),
            received = writer.receive(|_, _| {}) => received?,
        }
    }
}

async fn read(mut session: Connection, board: Rc<Board>, is_first: bool) {
    let mut progress = Progress::default();
    let failure = loop {
        let received = session.receive(|message, at| {
            if let Message::Update(update) = message {
                board.count(&mut progress, update, at);
            }
        });
        if let Err(failure) = received.await {
            break failure;
        }
        if is_first && progress.clock_end > board.first_seen.get() {
            board.first_seen.set(progress.clock_end);
            board.first_moved.notify_one();
        }
    };
    board.refusals.borrow_mut().add(failure);
    board.first_moved.notify_one();
}

impl Board {
    fn count(&self, progress: &mut Progress, update: &[u8], at: Instant) {
        let Some(carried) = carried(update) else {
            return self.refusals.borrow_mut().add(Failure::Unreadable("update".to_owned()));
        };
        let lost_before = progress.lost;
        let new = progress.take(&carried);
        self.lost.set(self.lost.get() + progress.lost - lost_before);
        self.deliveries.set(self.deliveries.get() + new.end - new.start);
        let (sent_at, mut latency) = (self.sent_at.borrow(), self.latency.borrow_mut());
        let sent = sent_at.get(new.start as usize..new.end as usize).unwrap_or_default();
        sent.iter().for_each(|sent| latency.add(at - *sent));
    }
}
