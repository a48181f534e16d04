use super::plan::{Copied, Fate, Faults};
use domain::ports::Unavailable;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Late copies that are under way at once; beyond it no new ones set out.
const LATE_COPIES_MAX: usize = 256;
/// Calls that wait for the end of a stall at once; beyond it, further ones never happen.
const STALLED_MAX: usize = 1024;

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A store whose calls meet faults. Made by [`Faults::wrap`].
pub struct Faulty<T: ?Sized> {
    store: Arc<T>,
    faults: Arc<Faults>,
    late: Mutex<Vec<LateCopy>>,
    /// In the order in which they were made.
    stalled: Mutex<Vec<Call>>,
}

struct LateCopy {
    /// Later calls that it still lets pass.
    calls: u32,
    call: Call,
}

impl<T: ?Sized> Faulty<T> {
    pub(super) fn new(store: Arc<T>, faults: Arc<Faults>) -> Self {
        Self { store, faults, late: Mutex::default(), stalled: Mutex::default() }
    }

    /// The store itself, which meets no faults: to see what is really in it.
    #[must_use]
    pub fn store(&self) -> &Arc<T> {
        &self.store
    }

    /// Performs a call of the store named `name` as its fate wills.
    pub(super) async fn meet<R, E, Call>(
        &self,
        name: &'static str,
        call: impl Fn(Arc<T>) -> Call + Send,
    ) -> Result<R, E>
    where
        Call: Future<Output = Result<R, E>> + Send + 'static,
        R: Send + 'static,
        E: From<Unavailable> + Send + 'static,
    {
        let fate = self.faults.draw();
        if fate.is_stalled {
            return self.meet_stall(name, call(self.store.clone())).await;
        }
        self.perform_stalled().await;
        if fate.is_cut {
            return Err(Unavailable::new(name, "it is cut off").into());
        }
        for late in self.late_copies_due() {
            late.await;
        }
        wait(fate.delay_before).await;
        if let Some(calls) = fate.late_after {
            self.send_late(calls, call(self.store.clone()));
        }
        if fate.loses_request {
            return Err(Unavailable::new(name, "the request was lost").into());
        }
        let answer = self.perform(fate, call).await;
        wait(fate.delay_after).await;
        if fate.loses_reply { Err(Unavailable::new(name, "the reply was lost").into()) } else { answer }
    }

    /// Makes a call that waits for the end of the stall, and happens then, even where nobody waits for it.
    async fn meet_stall<R, E>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<R, E>> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Unavailable> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        {
            let mut stalled = self.stalled.lock();
            if stalled.len() < STALLED_MAX {
                // Whoever waits for it no longer does not hear the answer.
                stalled.push(Box::pin(async move { drop(answer.send(call.await)) }));
            }
        }
        self.faults.until_no_stall().await;
        self.perform_stalled().await;
        answered.await.unwrap_or_else(|_| Err(Unavailable::new(name, "the stall has lost the call").into()))
    }

    async fn perform_stalled(&self) {
        let stalled = std::mem::take(&mut *self.stalled.lock());
        for call in stalled {
            call.await;
        }
    }

    async fn perform<R, E, Call>(&self, fate: Fate, call: impl Fn(Arc<T>) -> Call + Send) -> Result<R, E>
    where
        Call: Future<Output = Result<R, E>> + Send + 'static,
        R: Send,
        E: Send,
    {
        let first = call(self.store.clone()).await;
        let Some(copied) = fate.duplicate else { return first };
        let second = call(self.store.clone()).await;
        match copied {
            Copied::AnswersFirst => first,
            Copied::AnswersSecond => second,
        }
    }

    fn send_late<R>(&self, calls: u32, call: impl Future<Output = R> + Send + 'static) {
        let mut late = self.late.lock();
        if late.len() < LATE_COPIES_MAX {
            let call = Box::pin(async move { drop(call.await) });
            late.push(LateCopy { calls, call });
        }
    }

    /// Counts one more call against the late copies, and takes out those that arrive before it.
    fn late_copies_due(&self) -> Vec<Call> {
        let mut late = self.late.lock();
        let due = late.extract_if(.., |copy| {
            let is_due = copy.calls == 0;
            copy.calls = copy.calls.saturating_sub(1);
            is_due
        });
        due.map(|copy| copy.call).collect()
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
