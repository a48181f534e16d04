use crate::Malformed;
use bytes::Bytes;

/// One session of a document. Unique among the sessions that the document has at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// What has to be done for the messages received: first store, then send.
#[derive(Debug, Default)]
pub struct Turn {
    /// Updates (encoding v1), in order, to store before anything below is sent.
    pub appends: Vec<Bytes>,
    /// Whole messages to single sessions, in order.
    pub replies: Vec<(SessionId, Bytes)>,
    /// Whole messages to many sessions, in order.
    pub broadcasts: Vec<Broadcast>,
}

impl Turn {
    /// Forgets everything, and keeps the room for the next turn.
    pub fn clear(&mut self) {
        self.appends.clear();
        self.replies.clear();
        self.broadcasts.clear();
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.replies.is_empty() && self.broadcasts.is_empty()
    }
}

/// A message to every session that has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broadcast {
    /// The one session that does not get it: its sender.
    pub except: Option<SessionId>,
    /// A whole message.
    pub message: Bytes,
}

/// How many ops may still be applied. An op is an incoming update frame (update, or step 2) that changes the
/// document, or that waits for updates that it depends on.
#[derive(Debug, Clone)]
pub struct OpsBudget {
    left: u64,
    used: u64,
}

impl OpsBudget {
    /// A budget of `left` ops.
    #[must_use]
    pub fn new(left: u64) -> Self {
        Self { left, used: 0 }
    }

    /// A budget that never ends.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Ops spent so far.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }

    pub(crate) fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.used += 1;
    }
}

/// Why a message was not taken. Nothing of it reached the document or another session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The message is no valid protocol message, or carries no valid update.
    #[error("malformed message: {0}")]
    Malformed(#[from] Malformed),
    /// The message is an op, and the budget of ops is spent.
    #[error("the budget of ops is spent")]
    OpsExceeded,
    /// The document is quarantined.
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
}

/// The document is quarantined: yrs panicked on it, or its stored state can't be loaded. What the store has is
/// untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document is quarantined")]
pub struct Poisoned;
