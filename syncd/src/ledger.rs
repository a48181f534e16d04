//! Drives each app's [`AppLedger`] against the ledger's store: one write in flight per app, retried until its
//! outcome is known. Requests wait for verdicts; places that were admitted are given back when dropped.

use crate::caps::{LEDGER_RETRY, LEDGER_WAIT, STORE_DEADLINE};
use crate::health::Answers;
use crate::metrics::Metrics;
use domain::clock::{Clock, Entropy};
use domain::ids::{AppKey, NodeId};
use domain::ledger::{AppLedger, Demand, ShareWrite, Ticket, Totals, Verdict, WriteOutcome};
use domain::ports::{Ledger, Unavailable};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// The node's side of the ledger, for all apps.
pub struct LedgerDesk {
    node: NodeId,
    store: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: Arc<Metrics>,
    apps: Mutex<HashMap<AppKey, Arc<AppDesk>>>,
    tickets: AtomicU64,
    answers: Answers,
}

struct AppDesk {
    app: AppKey,
    books: Mutex<Books>,
}

struct Books {
    ledger: AppLedger,
    waiting: HashMap<Ticket, oneshot::Sender<Verdict>>,
    /// A task is driving this app's writes.
    driven: bool,
}

/// Places in an app's ledger. Dropping them gives them back.
#[must_use]
pub struct Places {
    desk: Arc<LedgerDesk>,
    app: Arc<AppDesk>,
    held: Totals,
}

impl LedgerDesk {
    /// A desk for one life of a node.
    #[must_use]
    pub fn new(
        node: NodeId,
        store: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let (apps, tickets, answers) = (Mutex::default(), AtomicU64::new(0), Answers::default());
        Arc::new(Self { node, store, clock, entropy, metrics, apps, tickets, answers })
    }

    /// Asks for places, and waits for the verdict for at most [`LEDGER_WAIT`].
    ///
    /// # Errors
    /// The verdict, where it is not [`Verdict::Admitted`].
    pub async fn ask(self: &Arc<Self>, app: &AppKey, demand: Demand) -> Result<Places, Verdict> {
        let desk = self.app(app);
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        let (answer, verdict) = oneshot::channel();
        {
            let mut books = desk.books.lock();
            books.waiting.insert(ticket, answer);
            books.ledger.ask(ticket, demand, self.clock.monotonic());
            books.hand_out();
            self.drive(&desk, &mut books);
        }
        let request = Request { desk: self, app: &desk, ticket, demand, verdict };
        request.verdict().await
    }

    /// The app's totals, from the store.
    ///
    /// # Errors
    /// [`Unavailable`] where the store does not answer in time.
    pub async fn totals(&self, app: &AppKey) -> Result<Totals, Unavailable> {
        match tokio::time::timeout(STORE_DEADLINE, self.store.read(app)).await {
            Ok(record) => record.map(|record| record.totals),
            Err(_) => Err(Unavailable::new("ledger", "no answer in time")),
        }
    }

    /// Whether the store is believed to answer.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.answers.answers(self.clock.monotonic())
    }

    /// Whether everything that was given back has left the store's books.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let desks: Vec<Arc<AppDesk>> = self.apps.lock().values().cloned().collect();
        desks.iter().all(|desk| desk.books.lock().ledger.is_quiet())
    }

    fn app(&self, app: &AppKey) -> Arc<AppDesk> {
        let mut apps = self.apps.lock();
        if let Some(desk) = apps.get(app) {
            return Arc::clone(desk);
        }
        let books =
            Books { ledger: AppLedger::new(self.node.clone()), waiting: HashMap::new(), driven: false };
        let desk = Arc::new(AppDesk { app: app.clone(), books: Mutex::new(books) });
        apps.insert(app.clone(), Arc::clone(&desk));
        desk
    }

    fn release(self: &Arc<Self>, desk: &Arc<AppDesk>, places: Totals) {
        let mut books = desk.books.lock();
        books.ledger.release(places);
        self.drive(desk, &mut books);
    }

    /// Starts a task for the app's writes, unless one is at work. Outside of a runtime, as at the very end of
    /// the process, nothing can be written; a reaper gives the places back then.
    fn drive(self: &Arc<Self>, desk: &Arc<AppDesk>, books: &mut Books) {
        if books.driven || books.ledger.is_quiet() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            books.driven = true;
            runtime.spawn(Arc::clone(self).drive_app(Arc::clone(desk)));
        }
    }

    async fn drive_app(self: Arc<Self>, desk: Arc<AppDesk>) {
        let mut retry = LEDGER_RETRY.0;
        while let Some(write) = desk.next_write() {
            let outcome = self.write(&desk.app, &write).await;
            desk.report(outcome.as_ref().ok().copied(), self.clock.monotonic());
            if outcome.is_err() {
                tokio::time::sleep(self.entropy.between(retry / 2, retry)).await;
                retry = (retry * 2).min(LEDGER_RETRY.1);
            } else {
                retry = LEDGER_RETRY.0;
            }
        }
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        let began = self.clock.monotonic();
        let outcome = match tokio::time::timeout(STORE_DEADLINE, self.store.write(app, write)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Unavailable::new("ledger", "no answer in time")),
        };
        self.metrics.ledger_write(self.clock.monotonic().saturating_sub(began), outcome.is_ok());
        self.answers.note(outcome.is_ok(), self.clock.monotonic());
        if let Err(error) = &outcome {
            tracing::warn!(%app, %error, "a ledger write was not answered; it will be sent again");
        }
        outcome
    }
}

/// A request that waits for its verdict. Dropped before that, it is abandoned.
struct Request<'a> {
    desk: &'a Arc<LedgerDesk>,
    app: &'a Arc<AppDesk>,
    ticket: Ticket,
    demand: Demand,
    verdict: oneshot::Receiver<Verdict>,
}

impl Request<'_> {
    async fn verdict(mut self) -> Result<Places, Verdict> {
        let verdict = match tokio::time::timeout(LEDGER_WAIT, &mut self.verdict).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) | Err(_) => return Err(Verdict::Unavailable),
        };
        match verdict {
            Verdict::Admitted => Ok(self.places()),
            refused => Err(refused),
        }
    }

    fn places(&self) -> Places {
        let held = Totals { connections: self.demand.connections, documents: self.demand.documents };
        Places { desk: Arc::clone(self.desk), app: Arc::clone(self.app), held }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let mut books = self.app.books.lock();
        if books.waiting.remove(&self.ticket).is_some() {
            books.ledger.abandon(self.ticket);
            return;
        }
        drop(books);
        // Verdicts are sent under the lock. One that came between the end of the wait and here lies in the
        // channel, and nobody else will give its places back.
        if let Ok(Verdict::Admitted) = self.verdict.try_recv() {
            drop(self.places());
        }
    }
}

impl AppDesk {
    fn next_write(&self) -> Option<ShareWrite> {
        let mut books = self.books.lock();
        let write = books.ledger.next_write();
        books.hand_out();
        books.driven = write.is_some();
        write
    }

    fn report(&self, answer: Option<WriteOutcome>, now: Duration) {
        let mut books = self.books.lock();
        match answer {
            Some(outcome) => books.ledger.completed(outcome, now),
            None => books.ledger.unanswered(),
        }
        books.hand_out();
    }
}

impl Books {
    fn hand_out(&mut self) {
        while let Some((ticket, verdict)) = self.ledger.next_verdict() {
            if let Some(answer) = self.waiting.remove(&ticket) {
                // Whoever asked and has gone finds the verdict when it drops its request.
                let _ = answer.send(verdict);
            }
        }
    }
}

impl Places {
    /// Splits the documents off, to be given back on their own.
    pub fn split_documents(mut self) -> (Self, Self) {
        let documents = Totals { connections: 0, documents: std::mem::take(&mut self.held.documents) };
        let split = Self { desk: Arc::clone(&self.desk), app: Arc::clone(&self.app), held: documents };
        (self, split)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if self.held != Totals::default() {
            self.desk.release(&self.app, self.held);
        }
    }
}
