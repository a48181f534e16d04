use super::plan::{Copied, Fate, Faults};
use domain::ports::Unavailable;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Late copies that are under way at once; beyond it no new ones set out.
const LATE_COPIES_MAX: usize = 256;

/// A store whose calls meet faults. Made by [`Faults::wrap`].
pub struct Faulty<T: ?Sized> {
    store: Arc<T>,
    faults: Arc<Faults>,
    late: Mutex<Vec<LateCopy>>,
}

struct LateCopy {
    /// Later calls that it still lets pass.
    calls: u32,
    call: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<T: ?Sized> Faulty<T> {
    pub(super) fn new(store: Arc<T>, faults: Arc<Faults>) -> Self {
        Self { store, faults, late: Mutex::default() }
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
        R: Send,
        E: From<Unavailable> + Send,
    {
        let fate = self.faults.draw();
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
    fn late_copies_due(&self) -> Vec<Pin<Box<dyn Future<Output = ()> + Send>>> {
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
