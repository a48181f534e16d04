//! Drives each app's books against the ledger's store: one write in flight per app, retried until its outcome is
//! known. Requests wait for verdicts; places that were admitted are given back when dropped.

use super::books::{Books, OnLost, Step};
use super::lease::Lease;
use crate::caps::{LEDGER_RETRY, LEDGER_WAIT, STORE_DEADLINE};
use crate::health::Answers;
use crate::metrics::Metrics;
use domain::clock::{Clock, Entropy};
use domain::ids::{AppKey, NodeId, Region};
use domain::lease::seal_share;
use domain::ledger::{Demand, LedgerRecord, ShareWrite, Ticket, Verdict, WriteOutcome};
use domain::ports::{Beat, HeldKey, HomePorts, Unavailable};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// The node's side of the ledger of one home region, for all its apps.
pub struct LedgerDesk {
    lease: Arc<Lease>,
    region: Region,
    ports: HomePorts,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: Arc<Metrics>,
    apps: Mutex<BTreeMap<AppKey, Arc<AppDesk>>>,
    tickets: AtomicU64,
    answers: Answers,
}

struct AppDesk {
    app: AppKey,
    books: Mutex<Books>,
    /// Something was asked for or given back.
    changed: Notify,
}

/// Places in an app's ledger. Dropping them gives them back.
#[must_use]
pub struct Places {
    desk: Arc<LedgerDesk>,
    app: Arc<AppDesk>,
    ticket: Ticket,
}

impl LedgerDesk {
    /// A desk for a node of `region` that holds `lease`.
    #[must_use]
    pub fn new(
        lease: Arc<Lease>,
        region: Region,
        ports: HomePorts,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let (apps, tickets, answers) = (Mutex::default(), AtomicU64::new(0), Answers::default());
        Arc::new(Self { lease, region, ports, clock, entropy, metrics, apps, tickets, answers })
    }

    /// Asks for places, and waits for the verdict for at most [`LEDGER_WAIT`].
    ///
    /// # Errors
    /// The verdict, where it is not [`Verdict::Admitted`].
    pub async fn ask(self: &Arc<Self>, app: &AppKey, demand: Demand) -> Result<Places, Verdict> {
        let desk = self.app(app);
        let ticket = self.ticket();
        let (answer, verdict) = oneshot::channel();
        self.with_books(&desk, |books, now| books.ask(ticket, demand, answer, now));
        Request { desk: self, app: &desk, ticket, verdict: Some(verdict) }.verdict().await
    }

    /// What a demand is refused with before anything is done for it: it could never be met, a moment ago the store had
    /// no room for the like, or, where the app was full when it was last asked for, its record still shows none.
    pub async fn known_refusal(&self, app: &AppKey, demand: Demand) -> Option<Verdict> {
        if let Some(verdict) = demand.impossible() {
            return Some(verdict);
        }
        let desk = self.apps.lock().get(app).cloned()?;
        {
            let books = desk.books.lock();
            let known = books.known_refusal(demand, self.clock.monotonic());
            if known.is_some() || !books.was_full() {
                return known;
            }
        }
        let totals = self.record(app).await.ok()?.totals;
        let verdict = demand.refusal(totals)?;
        let mut books = desk.books.lock();
        // A place given back here since says more than what was read before it.
        if books.was_full() {
            books.found_full(totals, self.clock.monotonic());
        }
        Some(verdict)
    }

    /// The app's record, from the store.
    ///
    /// # Errors
    /// [`Unavailable`] where the store does not answer in time.
    pub async fn record(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable> {
        in_time("ledger", self.ports.ledger.read(app)).await
    }

    /// Whether places of the app were ever asked for here.
    pub(crate) fn has_books_of(&self, app: &AppKey) -> bool {
        self.apps.lock().contains_key(app)
    }

    /// Asks the store again for the next request of the app, though it was full a moment ago.
    pub fn look_again(self: &Arc<Self>, app: &AppKey) {
        let desk = self.app(app);
        self.with_books(&desk, |books, _| books.look_again());
    }

    /// Waits until everything of the app that was given back has left the store's books, for at most `wait`.
    pub async fn given_back(&self, app: &AppKey, wait: Duration) {
        const LOOK_EVERY: Duration = Duration::from_millis(2);
        let Some(desk) = self.apps.lock().get(app).cloned() else { return };
        let given_back = async {
            while !desk.books.lock().owes_nothing() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        // Past it, whoever waits finds out from the store.
        let _ = tokio::time::timeout(wait, given_back).await;
    }

    /// Whether the store is believed to answer.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.answers.answers(self.clock.monotonic())
    }

    /// Whether the store's books are as this node wants them.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.desks().iter().all(|desk| !desk.books.lock().has_work())
    }

    /// Asks for all places again that are held, in the life that the lease names.
    pub(super) fn renew(self: &Arc<Self>) {
        let life = self.lease.life();
        for desk in self.desks() {
            self.with_books(&desk, |books, _| books.begin_life(&life));
        }
    }

    fn desks(&self) -> Vec<Arc<AppDesk>> {
        self.apps.lock().values().cloned().collect()
    }

    fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    fn app(&self, app: &AppKey) -> Arc<AppDesk> {
        let mut apps = self.apps.lock();
        if let Some(desk) = apps.get(app) {
            return Arc::clone(desk);
        }
        let books = Mutex::new(Books::new(self.lease.life()));
        let desk = Arc::new(AppDesk { app: app.clone(), books, changed: Notify::new() });
        apps.insert(app.clone(), Arc::clone(&desk));
        desk
    }

    /// Changes the books, hands out what that decides, and sees that somebody drives what is to be written.
    fn with_books<T>(
        self: &Arc<Self>,
        desk: &Arc<AppDesk>,
        change: impl FnOnce(&mut Books, Duration) -> T,
    ) -> T {
        let mut books = desk.books.lock();
        let changed = change(&mut books, self.clock.monotonic());
        let lost = books.hand_out();
        self.drive(desk, &mut books);
        unlock_and_tell(books, &lost);
        changed
    }

    /// Starts a task for the app's writes, unless one is at work. Outside of a runtime, as at the very end of
    /// the process, nothing can be written; a reaper gives the places back then.
    fn drive(self: &Arc<Self>, desk: &Arc<AppDesk>, books: &mut Books) {
        if books.is_driven {
            desk.changed.notify_one();
        }
        if books.is_driven || !books.has_work() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            books.is_driven = true;
            runtime.spawn(Arc::clone(self).drive_app(Arc::clone(desk)));
        }
    }

    async fn drive_app(self: Arc<Self>, desk: Arc<AppDesk>) {
        let mut retry = LEDGER_RETRY.0;
        loop {
            let answered = match self.next_step(&desk) {
                Some(Step::Rest) => return,
                Some(Step::Pace { until }) => {
                    tokio::time::sleep(self.wait_until(until)).await;
                    continue;
                }
                Some(Step::Settle { until }) => {
                    // Woken too early, the driver comes back here.
                    let _ = tokio::time::timeout(self.wait_until(until), desk.changed.notified()).await;
                    continue;
                }
                Some(Step::Prepare { life, formers }) => self.prepare(&desk, &life, &formers).await,
                Some(Step::Look { life }) => self.look(&desk, &life).await,
                Some(Step::Write { life, write, requests }) => {
                    self.metrics.ledger_batch(requests);
                    self.send(&desk, &life, &write).await
                }
                None => false,
            };
            if answered {
                retry = LEDGER_RETRY.0;
            } else {
                tokio::time::sleep(self.entropy.between(retry / 2, retry)).await;
                retry = (retry * 2).min(LEDGER_RETRY.1);
            }
        }
    }

    fn wait_until(&self, until: Duration) -> Duration {
        until.saturating_sub(self.clock.monotonic())
    }

    /// What to do next; nothing may be written without a lease.
    fn next_step(&self, desk: &AppDesk) -> Option<Step> {
        let now = self.clock.monotonic();
        let mut books = desk.books.lock();
        let step = match self.lease.holds(now) {
            Some(life) => {
                books.begin_life(&life);
                Some(books.next_step(now, || self.ticket()))
            }
            None if books.has_work() => {
                books.cut_off();
                None
            }
            None => {
                books.is_driven = false;
                Some(Step::Rest)
            }
        };
        let lost = books.hand_out();
        unlock_and_tell(books, &lost);
        step
    }

    /// Sees that nothing of former lives counts, and that whoever reaps this one finds its share.
    async fn prepare(&self, desk: &AppDesk, life: &NodeId, formers: &[NodeId]) -> bool {
        let outcome = in_time("ledger", async {
            for former in formers {
                seal_share(&*self.ports.ledger, &desk.app, former).await?;
            }
            self.ports.cluster.hold(&self.region, life, &HeldKey::Share(desk.app.clone())).await
        });
        let outcome = outcome.await;
        self.answers.note(outcome.is_ok(), self.clock.monotonic());
        let mut books = desk.books.lock();
        match &outcome {
            Ok(Beat::Alive) => books.prepared(life),
            Ok(Beat::Fenced) => self.lease.fenced(life),
            Err(error) => {
                books.cut_off();
                tracing::warn!(app = %desk.app, %error, "a first write to a ledger could not be prepared");
            }
        }
        let lost = books.hand_out();
        unlock_and_tell(books, &lost);
        matches!(outcome, Ok(Beat::Alive))
    }

    /// Reads the record of an app that was full. Returns whether the store answered.
    async fn look(&self, desk: &AppDesk, life: &NodeId) -> bool {
        let outcome = self.record(&desk.app).await;
        self.answers.note(outcome.is_ok(), self.clock.monotonic());
        let mut books = desk.books.lock();
        match &outcome {
            Ok(record) => books.looked(life, record.totals, self.clock.monotonic()),
            Err(_) => books.cut_off(),
        }
        let lost = books.hand_out();
        unlock_and_tell(books, &lost);
        outcome.is_ok()
    }

    /// Sends a write. Returns whether it was answered.
    async fn send(&self, desk: &AppDesk, life: &NodeId, write: &ShareWrite) -> bool {
        let outcome = self.write(&desk.app, write).await;
        let mut books = desk.books.lock();
        books.report(life, outcome.as_ref().ok().copied(), self.clock.monotonic());
        if books.life() == life && books.is_fenced() {
            self.lease.fenced(life);
        }
        let lost = books.hand_out();
        unlock_and_tell(books, &lost);
        outcome.is_ok()
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        let began = self.clock.monotonic();
        let outcome = in_time("ledger", self.ports.ledger.write(app, write)).await;
        self.metrics.ledger_write(self.clock.monotonic().saturating_sub(began), outcome.is_ok());
        self.answers.note(outcome.is_ok(), self.clock.monotonic());
        if let Err(error) = &outcome {
            tracing::warn!(%app, %error, "a ledger write was not answered; it will be sent again");
        }
        outcome
    }
}

/// Waits for a store for at most [`STORE_DEADLINE`].
pub(crate) async fn in_time<T>(
    store: &'static str,
    call: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    match tokio::time::timeout(STORE_DEADLINE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Unavailable::new(store, "no answer in time")),
    }
}

fn unlock_and_tell(books: MutexGuard<'_, Books>, lost: &[OnLost]) {
    drop(books);
    lost.iter().for_each(|on_lost| on_lost());
}

/// A request that waits for its verdict. Dropped before that, it is abandoned.
struct Request<'a> {
    desk: &'a Arc<LedgerDesk>,
    app: &'a Arc<AppDesk>,
    ticket: Ticket,
    verdict: Option<oneshot::Receiver<Verdict>>,
}

impl Request<'_> {
    async fn verdict(mut self) -> Result<Places, Verdict> {
        let Some(verdict) = self.verdict.as_mut() else { return Err(Verdict::Unavailable) };
        let verdict = match tokio::time::timeout(LEDGER_WAIT, verdict).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) | Err(_) => return Err(Verdict::Unavailable),
        };
        self.verdict = None;
        match verdict {
            Verdict::Admitted => {
                Ok(Places { desk: Arc::clone(self.desk), app: Arc::clone(self.app), ticket: self.ticket })
            }
            refused => Err(refused),
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if self.verdict.is_some() {
            self.desk.with_books(self.app, |books, _| books.abandon(self.ticket));
        }
    }
}

impl Places {
    /// Splits the documents off, to be given back on their own.
    pub fn split_documents(self) -> (Self, Self) {
        let ticket = self.desk.ticket();
        self.desk.with_books(&self.app, |books, _| books.split_documents(self.ticket, ticket));
        let split = Self { desk: Arc::clone(&self.desk), app: Arc::clone(&self.app), ticket };
        (self, split)
    }

    /// Says whom to tell if the place is lost: another life of this node asked for it again, and it did not fit.
    pub fn on_lost(&self, on_lost: OnLost) {
        let lost = self.desk.with_books(&self.app, |books, _| books.on_lost(self.ticket, on_lost));
        if let Some(on_lost) = lost {
            on_lost();
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.desk.with_books(&self.app, |books, _| books.leave(self.ticket));
    }
}
