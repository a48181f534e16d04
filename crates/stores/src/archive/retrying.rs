//! Putting states: at once, and again in the background where that failed.

use super::given_up::{GivenUpStates, Why};
use super::late::{Attempt, Ended, LateStates, NotBegun, Then};
use super::lost::LostOwners;
use super::objects::{Archive, Replaced};
use super::{
    NAME, PUT_TRIES_MAX, PUTS_AT_ONCE_MAX, ROUND_FAILURES_MAX, ROUND_KEPT_MAX, ROUND_PAUSE, ROUND_PUTS_MAX,
};
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Position, Unavailable};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// A document store and its archive.
pub(super) struct Stores {
    pub(super) inner: Arc<dyn Documents>,
    pub(super) archive: Archive,
    pub(super) late: Mutex<LateStates>,
    pub(super) lost: LostOwners,
    pub(super) given_up: GivenUpStates,
    puts: Semaphore,
    /// Whether a task tries late states again. It ends when there are none.
    retrying: Mutex<Retrying>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retrying {
    Idle,
    Busy,
}

impl Stores {
    pub(super) fn new(inner: Arc<dyn Documents>, archive: Archive) -> Self {
        Self {
            inner,
            archive,
            late: Mutex::default(),
            lost: LostOwners::default(),
            given_up: GivenUpStates::default(),
            puts: Semaphore::new(PUTS_AT_ONCE_MAX),
            retrying: Mutex::new(Retrying::Idle),
        }
    }

    /// Puts a state of the document. What fails, or is dropped half-way or before its turn, is tried again in the
    /// background, and what follows an earlier state is put there.
    pub(super) async fn archive(
        self: &Arc<Self>,
        document: &DocumentKey,
        generation: Generation,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let begun = self.late.lock().begin(document, generation, state);
        match begun {
            Ok(attempt) => Underway::new(self, attempt).finish().await,
            Err(NotBegun::Stale(stored)) => Err(DocumentsError::Stale { stored, asked: generation }),
            Err(NotBegun::Follows) => Ok(()),
        }
    }

    /// Puts the state, if the asker owns the document. Whoever takes the document over between the check and the put
    /// changes the object before he releases it, or finds in the inner store all that this state holds.
    async fn put(&self, attempt: &Attempt) -> Result<(), DocumentsError> {
        let Attempt { document, generation, state, .. } = attempt;
        let _turn = self.puts.acquire().await.expect("it is never closed");
        for _ in 0..PUT_TRIES_MAX {
            let seen = self.archive.look(document).await?;
            self.inner.check(document, *generation, Position(0)).await?;
            if seen.is(state) {
                return Ok(());
            }
            if self.archive.replace(document, seen, *generation, state.clone()).await? == Replaced::Done {
                return Ok(());
            }
        }
        Err(Unavailable::new(NAME, "the object changed each time that it was looked at").into())
    }

    /// Does what the owner would who is no more: writes the document down again in an inner store that lost it. That store
    /// does not know a later owner any more; what such a one has archived does.
    async fn write_down(&self, attempt: &Attempt) -> Result<(), DocumentsError> {
        let Attempt { document, generation, state, .. } = attempt;
        let put_by = self.archive.look(document).await?.generation;
        if let Some(stored) = put_by.filter(|put_by| put_by > generation) {
            return Err(DocumentsError::Stale { stored, asked: *generation });
        }
        let opened = self.inner.open(document, *generation).await?;
        if opened.updates.is_empty() {
            self.inner.restore(document, *generation, opened.position, state.clone()).await?;
        }
        Ok(())
    }

    fn try_again_later(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut retrying = self.retrying.lock();
        if *retrying == Retrying::Idle {
            *retrying = Retrying::Busy;
            runtime.spawn(Arc::clone(self).retry());
        }
    }

    async fn retry(self: Arc<Self>) {
        let (first, most) = ROUND_PAUSE;
        let mut pause = first;
        while self.has_work() {
            tokio::time::sleep(jittered(pause)).await;
            self.keep_waiting().await;
            pause = if self.round().await { first } else { most.min(pause * 2) };
        }
    }

    /// Under the lock that [`Self::try_again_later`] takes, so that no state begins to wait unseen.
    fn has_work(&self) -> bool {
        let mut retrying = self.retrying.lock();
        let mut late = self.late.lock();
        if late.waiting() > 0 {
            return true;
        }
        late.forget_the_forgotten();
        *retrying = Retrying::Idle;
        false
    }

    /// Asks the inner store to keep documents that wait: their owners, who did so, may have released them. What else it
    /// says the next put hears.
    async fn keep_waiting(&self) {
        let unkept = self.late.lock().unkept(ROUND_KEPT_MAX);
        for (document, generation) in unkept {
            let answer = self.inner.check(&document, generation, Position(0)).await;
            if let Err(error @ DocumentsError::Unavailable(_)) = answer {
                tracing::warn!(%error, "the document store was not asked to keep what waits to be archived");
                return;
            }
            self.late.lock().kept(&document);
        }
    }

    /// Tries waiting states once, until several fail in a row. Returns whether the last of them did not.
    async fn round(self: &Arc<Self>) -> bool {
        let mut failures = 0;
        let waiting = self.late.lock().waiting();
        for _ in 0..waiting.min(ROUND_PUTS_MAX) {
            let Some(attempt) = self.late.lock().begin_again() else { break };
            let outcome = Underway::new(self, attempt).finish_late().await;
            failures = if outcome.is_ok() { 0 } else { failures + 1 };
            if failures >= ROUND_FAILURES_MAX {
                break;
            }
        }
        failures == 0
    }
}

/// An attempt, which ends as failed where it is dropped before it ended.
struct Underway<'s> {
    stores: &'s Arc<Stores>,
    attempt: Attempt,
    ended: Option<Ended>,
}

impl<'s> Underway<'s> {
    fn new(stores: &'s Arc<Stores>, attempt: Attempt) -> Self {
        Self { stores, attempt, ended: None }
    }

    /// Puts the state for its owner, who hears what came of it.
    async fn finish(self) -> Result<(), DocumentsError> {
        let outcome = self.stores.put(&self.attempt).await;
        self.end(outcome).await
    }

    /// Puts a state whose owner waits no more.
    async fn finish_late(self) -> Result<(), DocumentsError> {
        let mut outcome = self.stores.put(&self.attempt).await;
        if self.attempt.released && outcome == Err(DocumentsError::Lost) {
            outcome = self.stores.write_down(&self.attempt).await;
            if outcome.is_ok() {
                outcome = self.stores.put(&self.attempt).await;
            }
        }
        self.end(outcome).await
    }

    async fn end(mut self, outcome: Result<(), DocumentsError>) -> Result<(), DocumentsError> {
        let ended = match &outcome {
            Ok(()) => Ended::Archived,
            Err(DocumentsError::Stale { .. }) => Ended::Superseded,
            Err(DocumentsError::Lost | DocumentsError::Unavailable(_)) => Ended::Failed,
        };
        if self.note(ended, outcome.as_ref().err()) == Then::TellRelease {
            let Attempt { document, generation, .. } = &self.attempt;
            if let Err(error) = self.stores.inner.expire(document, *generation).await {
                tracing::warn!(%document, %error, "the store was not told of the release");
            }
        }
        outcome
    }

    fn note(&mut self, ended: Ended, cause: Option<&DocumentsError>) -> Then {
        self.ended = Some(ended);
        let then = self.stores.late.lock().end(&self.attempt, ended);
        let given_up = |why| self.stores.given_up.note(&self.attempt.document, why, cause);
        match then {
            Then::TryLater => self.stores.try_again_later(),
            Then::NoRoom => given_up(Why::NoRoom),
            Then::GiveUp => given_up(Why::TooLate),
            Then::Nothing | Then::TellRelease => {}
        }
        then
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.note(Ended::Failed, None);
        }
    }
}

/// Between half and one and a half of it.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + rand::random::<f64>())
}
