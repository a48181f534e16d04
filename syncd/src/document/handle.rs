use crate::caps::{BATCH_BYTES_MIN, INBOX_BYTES_MAX};
use crate::home::{Home, Pinning};
use crate::link::Link;
use bytes::Bytes;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::ports::DocumentsError;
use engine::SessionId;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// What a document's task is told. The inbox has no bound in messages; messages of clients have one in bytes,
/// which their permit holds until they are worked off, and each session joins and leaves once.
pub(crate) enum Inbound {
    Join {
        session: SessionId,
        joining: Joining,
        ops_per_minute: u64,
    },
    Messages {
        session: SessionId,
        messages: Vec<Bytes>,
        _room: OwnedSemaphorePermit,
    },
    Leave {
        session: SessionId,
    },
    /// The store may have lost something.
    CheckSoon,
    /// What came of archiving the document.
    Archived(Result<(), DocumentsError>),
    /// The node has begun another life: the document must be pinned again.
    Renew,
    /// What came of asking for a pin in another life.
    Renewed(Pinning),
    /// End the document, and close its sessions with this reason.
    Evict(CloseReason),
    /// Release the document if it has no users; the sender is dropped when that is done.
    GiveUp(oneshot::Sender<()>),
}

/// The link of a session that is about to join. Dropped by a document that ended before, it is closed: nobody
/// else would look after it.
pub(crate) struct Joining(Option<Arc<Link>>);

impl Joining {
    /// The session has joined.
    pub(crate) fn joined(mut self) -> Arc<Link> {
        self.0.take().expect("only this takes it, and consumes it")
    }

    /// Closes the session for a better reason than the one that dropping gives.
    pub(crate) fn close(&self, reason: CloseReason) {
        if let Some(link) = &self.0 {
            link.close(reason);
        }
    }
}

impl Drop for Joining {
    fn drop(&mut self) {
        self.close(CloseReason::DocumentUnavailable);
    }
}

/// An open document as others see it.
#[derive(Clone)]
pub(crate) struct DocumentHandle {
    pub(crate) key: Arc<DocumentKey>,
    home: Arc<Home>,
    inbox: mpsc::UnboundedSender<Inbound>,
    room: Arc<Semaphore>,
}

/// The document's task has ended.
#[derive(Debug)]
pub(crate) struct Gone;

impl DocumentHandle {
    pub(crate) fn new(key: DocumentKey, home: Arc<Home>) -> (Self, mpsc::UnboundedReceiver<Inbound>) {
        let (inbox, receiver) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(INBOX_BYTES_MAX as usize));
        (Self { key: Arc::new(key), home, inbox, room }, receiver)
    }

    /// Whether both are the same opening of the same document.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.inbox.same_channel(&other.inbox)
    }

    /// The home region of the document's app.
    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Whether the document's app is at home there.
    pub(crate) fn is_of(&self, home: &Arc<Home>) -> bool {
        Arc::ptr_eq(&self.home, home)
    }

    pub(crate) fn join(&self, session: SessionId, link: &Arc<Link>, ops_per_minute: u64) -> Result<(), Gone> {
        let joining = Joining(Some(Arc::clone(link)));
        self.tell(Inbound::Join { session, joining, ops_per_minute })
    }

    pub(crate) fn leave(&self, session: SessionId) {
        // A task that has ended has no sessions.
        let _ = self.tell(Inbound::Leave { session });
    }

    /// Hands messages over, once there is room for them.
    pub(crate) async fn hand_over(&self, session: SessionId, messages: Vec<Bytes>) -> Result<(), Gone> {
        let bytes = messages.iter().map(Bytes::len).sum::<usize>();
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(BATCH_BYTES_MIN, INBOX_BYTES_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| Gone)?;
        self.tell(Inbound::Messages { session, messages, _room: room })
    }

    /// Asks for the release of a document without users, and waits until that is done or refused.
    pub(crate) async fn give_up(&self) {
        let (done, released) = oneshot::channel();
        if self.tell(Inbound::GiveUp(done)).is_ok() {
            // The sender is only ever dropped.
            let _ = released.await;
        }
    }

    /// Has the document ask its store whether it still has all of it.
    pub(crate) fn check_soon(&self) {
        // A task that has ended has nothing to lose.
        let _ = self.tell(Inbound::CheckSoon);
    }

    /// Tells the document what came of archiving it.
    pub(super) fn archived(&self, outcome: Result<(), DocumentsError>) {
        let _ = self.tell(Inbound::Archived(outcome));
    }

    /// Has the document pinned again, in the life that the node has begun.
    pub(crate) fn renew(&self) {
        // A task that has ended has no pin.
        let _ = self.tell(Inbound::Renew);
    }

    /// Tells the document what came of asking for a pin in another life. One that has ended meanwhile leaves it to be
    /// removed.
    pub(crate) fn renewed(&self, pinning: Pinning) {
        let has_pin = matches!(pinning, Pinning::Ours(_));
        if self.tell(Inbound::Renewed(pinning)).is_err() && has_pin {
            self.home.leave_pin(&self.key);
        }
    }

    /// Ends the document, whoever uses it.
    pub(crate) fn evict(&self, reason: CloseReason) {
        let _ = self.tell(Inbound::Evict(reason));
    }

    fn tell(&self, inbound: Inbound) -> Result<(), Gone> {
        self.inbox.send(inbound).map_err(|_| Gone)
    }
}
