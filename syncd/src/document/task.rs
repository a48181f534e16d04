//! The task that owns an open document: takes what its sessions send, stores what they changed, and only then
//! sends it on.

use super::handle::{DocumentHandle, Inbound};
use super::log::Log;
use super::members::Members;
use super::ops::Ops;
use super::release::PanicGuard;
use super::renewal::Renewal;
use super::unstored::Care;
use crate::caps::{GRACE_RETRY, HEAVY_BYTES, SILENCE_LOOK_EVERY, TURN_BATCHES_MAX, TURN_REPLY_BYTES_MAX};
use crate::frames::SharedFrames;
use crate::home::{Pinning, Places};
use crate::metering::{Held, Tally};
use crate::node::Node;
use crate::ops::Taken;
use crate::registry::Busy;
use bytes::Bytes;
use domain::bounds::GRACE;
use domain::close::CloseReason;
use domain::ops::Token;
use domain::ports::Pin;
use engine::{Document, OpsBudget, Refused, SessionId, Turn};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep};

pub(super) struct DocumentTask {
    pub(super) node: Arc<Node>,
    pub(super) handle: DocumentHandle,
    pub(super) document: Document,
    pub(super) pin: Pin,
    /// The document's place in the ledger.
    pub(super) place: Places,
    pub(super) log: Log,
    pub(super) care: Care,
    pub(super) members: Members,
    ops: Ops,
    pub(super) tally: Tally,
    pub(super) turn: Turn,
    /// When the last session left, or the document was opened.
    pub(super) unused_since: Option<Duration>,
    look_at: Duration,
    /// When a document in grace that a handshake was looking at is looked at again.
    look_again_at: Duration,
    giving_up: Vec<oneshot::Sender<()>>,
    /// When the document is pinned again, in another life of the node.
    pub(super) renew_at: Option<Duration>,
    pub(super) renewal: Renewal,
    /// What came of asking for a pin in another life.
    pub(super) renewed: Option<Pinning>,
    /// Somebody wants the document to end, with this reason for its sessions.
    evicted: Option<CloseReason>,
    _held: Option<Held>,
}

/// Why a document's task ends.
pub(super) enum End {
    /// Nobody uses it any more.
    Unused(Busy),
    /// Its content can't be stored.
    StoreLost,
    /// A later owner has opened it.
    Moved,
    /// It is given up, and its sessions are told this.
    Evicted(CloseReason),
    /// Its content can't be worked on.
    Poisoned,
}

impl DocumentTask {
    pub(super) fn new(
        node: Arc<Node>,
        handle: DocumentHandle,
        document: Document,
        pin: Pin,
        place: Places,
        log: Log,
    ) -> Self {
        let (metrics, now) = (Arc::clone(&node.metrics), node.now());
        let purse = node.purses.of(&handle.key.app);
        let ops = Ops::new(purse, Arc::clone(handle.home()), Arc::clone(&metrics));
        let (tally, held) = (node.meter.tally(&handle.key), node.meter.hold_document(&handle.key.app));
        Self {
            node,
            handle,
            document,
            pin,
            place,
            log,
            care: Care::of(now),
            members: Members::new(metrics),
            ops,
            tally,
            turn: Turn::default(),
            unused_since: Some(now),
            look_at: now + SILENCE_LOOK_EVERY,
            look_again_at: now,
            giving_up: Vec::new(),
            // A life may have begun between pinning and here.
            renew_at: Some(now),
            renewal: Renewal::Done,
            renewed: None,
            evicted: None,
            _held: held,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Inbound>) {
        let guard = PanicGuard::new(&self.node, &self.handle);
        self.archive_what_was_loaded();
        let end = self.work(&mut inbox).await;
        guard.disarm();
        // Boxed, so that an open document does not keep the room that its end needs.
        Box::pin(self.end(end, inbox)).await;
    }

    async fn work(&mut self, inbox: &mut mpsc::UnboundedReceiver<Inbound>) -> End {
        let mut batch = Vec::new();
        let mut timer = Box::pin(tokio::time::sleep_until(Instant::now()));
        loop {
            self.wind(timer.as_mut());
            tokio::select! {
                biased;
                _ = inbox.recv_many(&mut batch, TURN_BATCHES_MAX) => {}
                () = timer.as_mut() => {}
            }
            if let Err(end) = self.turn(&mut batch).await {
                return end;
            }
            match self.is_over().await {
                Ok(None) => {}
                Ok(Some(busy)) => return End::Unused(busy),
                Err(end) => return end,
            }
        }
    }

    /// Sets the timer to the next moment at which there is something to do.
    fn wind(&self, timer: std::pin::Pin<&mut Sleep>) {
        let awareness = self.document.awareness_due();
        let released = self.unused_since.filter(|_| !self.care.is_unstored());
        let grace = released.map(|since| (since + GRACE).max(self.look_again_at));
        let silence = (!self.members.is_empty()).then_some(self.look_at);
        let stores = Some(self.care.next());
        let next =
            [awareness, grace, silence, self.renew_at, stores, self.tally.due()].into_iter().flatten().min();
        let wait = next.map_or(GRACE, |next| next.saturating_sub(self.node.now()));
        let deadline = Instant::now() + wait;
        timer.reset(deadline);
    }

    /// Works off a batch: everything is applied, then stored, then sent.
    async fn turn(&mut self, batch: &mut Vec<Inbound>) -> Result<(), End> {
        let mut poisoned = false;
        for inbound in batch.drain(..) {
            // What a poisoned document is told is dropped; a session that joins is closed by that.
            if !poisoned {
                poisoned = self.take(inbound).await?.is_err();
            }
        }
        let now = self.node.now();
        if self.document.awareness_due().is_some_and(|due| due <= now) {
            self.document.flush_awareness(now, &mut self.turn);
        }
        self.flush().await?;
        self.tally.turn_ends(now);
        if poisoned || self.document.is_poisoned() {
            return Err(End::Poisoned);
        }
        if let Some(pinning) = self.renewed.take() {
            self.renewed(pinning).await?;
        }
        if let Some(reason) = self.evicted.take() {
            return Err(End::Evicted(reason));
        }
        if self.renew_at.is_some_and(|at| at <= now) {
            self.renew();
        }
        if now >= self.look_at {
            self.members.look_after_the_silent(now, self.node.now_s());
            self.look_at = now + SILENCE_LOOK_EVERY;
        }
        self.look_after_stores().await?;
        if !self.turn.is_empty() {
            // What a store had that nobody here knew, and has still.
            self.send().await;
        }
        Ok(())
    }

    async fn take(&mut self, inbound: Inbound) -> Result<Result<(), Poison>, End> {
        let now = self.node.now();
        match inbound {
            Inbound::Join { joining, .. } if self.care.is_unstored() => {
                joining.close(CloseReason::TryAgainLater);
                joining.joined();
            }
            Inbound::Join { session, joining, ops_per_minute } => {
                self.document.join(session, now);
                self.members.join(session, joining.joined(), ops_per_minute, now);
                self.unused_since = None;
            }
            Inbound::Messages { session, messages, _room } => return self.receive(session, messages).await,
            Inbound::Leave { session } => self.leave(session),
            Inbound::GiveUp(done) => self.giving_up.push(done),
            Inbound::CheckSoon => self.check_soon(),
            Inbound::Archived(outcome) => self.archived(outcome)?,
            Inbound::Renew => self.renew_at = Some(now),
            Inbound::Renewed(pinning) => self.renewed = Some(pinning),
            Inbound::Evict(reason) => self.evicted = Some(reason),
        }
        Ok(Ok(()))
    }

    fn leave(&mut self, session: SessionId) {
        let now = self.node.now();
        if self.members.leave(session).is_some() {
            self.document.leave(session, now);
        }
        if self.members.is_empty() && self.unused_since.is_none() {
            self.unused_since = Some(now);
        }
    }

    async fn receive(&mut self, session: SessionId, messages: Vec<Bytes>) -> Result<Result<(), Poison>, End> {
        let member = self.members.get(session).filter(|member| !member.link.is_overrun());
        let Some(member) = member else { return Ok(Ok(())) };
        let (link, limit) = (Arc::clone(&member.link), member.ops_per_minute);
        self.node.metrics.messages_received.inc_by(messages.len() as u64);
        self.node.metrics.bytes_received.inc_by(messages.iter().map(|m| m.len() as u64).sum());
        let mut outcome = Ok(());
        for (i, message) in messages.iter().enumerate() {
            outcome = self.receive_one(session, limit, message, &messages[i + 1..]).await;
            // A few bytes may ask for megabytes: what is to be sent is sent before more is asked for.
            if self.turn.replies.iter().map(|(_, reply)| reply.len()).sum::<usize>() > TURN_REPLY_BYTES_MAX {
                // Boxed, as waiting for an op is: an open document keeps no room for what is rare.
                Box::pin(self.flush()).await?;
            }
            if outcome.is_err() || link.is_overrun() {
                break;
            }
        }
        Ok(self.judge(session, limit, outcome))
    }

    /// Takes one message, and an op of the app's for it where it is one.
    async fn receive_one(
        &mut self,
        session: SessionId,
        limit: u64,
        message: &Bytes,
        following: &[Bytes],
    ) -> Result<(), Refused> {
        let now = self.node.now();
        self.tally.taken(now);
        let taken = if engine::may_be_op(message) { self.ops.take(limit, now) } else { Taken::Full };
        let token = if let Taken::Token(token) = taken { Some(token) } else { None };
        let outcome = self.apply_with(session, message, now, token);
        if outcome != Err(Refused::OpsExceeded) || taken != Taken::Empty {
            return outcome;
        }
        let token = Box::pin(self.ops.wait(limit, following)).await;
        self.apply_with(session, message, self.node.now(), token)
    }

    /// Applies one message. Without a token only what is no op is applied.
    fn apply_with(
        &mut self,
        session: SessionId,
        message: &Bytes,
        now: Duration,
        token: Option<Token>,
    ) -> Result<(), Refused> {
        let mut budget = OpsBudget::new(u64::from(token.is_some()));
        // A heavy one on a thread that serves nobody else meanwhile.
        let receive = || self.document.receive(session, message, now, &mut budget, &mut self.turn);
        let outcome = heavy(message.len(), receive);
        if let Some(token) = token {
            self.settle(token, &budget);
        }
        outcome
    }

    /// Notes that a token was used, or puts it back.
    fn settle(&mut self, token: Token, budget: &OpsBudget) {
        if budget.used() > 0 {
            self.tally.applied();
        }
        self.ops.settle(token, budget);
    }

    fn judge(&mut self, session: SessionId, limit: u64, outcome: Result<(), Refused>) -> Result<(), Poison> {
        match outcome {
            Ok(()) => Ok(()),
            Err(Refused::Malformed(what)) => {
                tracing::info!(document = %self.handle.key, session = session.0, %what, "malformed message");
                self.expel(session, CloseReason::MalformedMessage);
                Ok(())
            }
            Err(Refused::OpsExceeded) => {
                let reason = CloseReason::OpsExceeded { limit };
                self.tally.refused(&reason, self.node.now());
                self.expel(session, reason);
                Ok(())
            }
            Err(Refused::Poisoned(_)) => Err(Poison),
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        self.store().await?;
        self.send().await;
        Ok(())
    }

    fn expel(&mut self, session: SessionId, reason: CloseReason) {
        if let Some(member) = self.members.get(session) {
            member.link.close(reason);
        }
        self.leave(session);
    }

    async fn send(&mut self) {
        let now = self.node.now();
        self.members.reply(&mut self.turn.replies, now);
        self.members.broadcast(&SharedFrames::new(&self.turn.broadcasts), now).await;
        self.turn.clear();
    }

    /// Whether the document is to be released: its grace is over, or somebody asks for it early. It is not while its store
    /// does not have it.
    async fn is_over(&mut self) -> Result<Option<Busy>, End> {
        // Those who ask are told that this is over when their sender is dropped.
        let asked: Vec<oneshot::Sender<()>> = std::mem::take(&mut self.giving_up);
        let Some(since) = self.unused_since.filter(|_| !self.care.is_unstored()) else { return Ok(None) };
        let now = self.node.now();
        let graced = now >= since + GRACE && now >= self.look_again_at;
        if asked.is_empty() && !graced {
            return Ok(None);
        }
        if !self.log.is_empty() && !Box::pin(self.is_stored()).await? {
            self.keep_unstored();
            return Ok(None);
        }
        let busy = self.node.registry.release_unused(&self.handle);
        if busy.is_some() {
            self.giving_up = asked;
        } else {
            // A handshake has taken a seat and is about to join, or to be refused.
            self.look_again_at = now + GRACE_RETRY;
        }
        Ok(busy)
    }
}

/// The engine gave the document up.
struct Poison;

/// Does work on `bytes` of something. Where that is heavy, others move off this thread first.
pub(super) fn heavy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_other_threads = || Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if bytes > HEAVY_BYTES && has_other_threads() { tokio::task::block_in_place(work) } else { work() }
}
