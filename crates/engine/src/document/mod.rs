mod content;
mod waiting;

use crate::awareness::Roster;
use crate::protocol::{self, Message};
use crate::update::StateVector;
use crate::{Broadcast, Caps, OpsBudget, Poisoned, Refused, SessionId, Turn};
use bytes::Bytes;
use content::{Content, Settled};
use std::time::Duration;
use waiting::Waiting;

/// One open document: its content, its sessions and what they show of themselves.
///
/// It does no I/O and reads no clock. Moments (`now`) are monotonic, from any zero that stays the same.
///
/// An update with missing dependencies is neither stored nor shown to anyone: the document asks its sender for
/// what is missing, which any Yjs client has and sends back, and takes the update up as soon as it can. So what
/// is stored, encoded and sent never has gaps, and what a session leaves behind unresolved it sends again when it
/// returns.
#[derive(Debug)]
pub struct Document {
    caps: Caps,
    content: Content,
    waiting: Waiting,
    roster: Roster,
}

impl Document {
    /// Opens a document from what is stored: updates (encoding v1) that were appended in this order.
    ///
    /// # Errors
    /// [`Poisoned`] where an update is malformed, or lacks what another must have brought.
    pub fn open(updates: &[Bytes], caps: Caps) -> Result<Self, Poisoned> {
        let content = Content::open(updates, &caps)?;
        Ok(Self { caps, content, waiting: Waiting::default(), roster: Roster::default() })
    }

    /// Takes a session in. Joining twice is joining once.
    pub fn join(&mut self, session: SessionId, now: Duration) {
        self.roster.join(session, now);
        self.waiting.join(session);
    }

    /// Lets a session go. Its awareness clients are removed, which the next awareness frame tells; what it sent
    /// ahead of its dependencies is forgotten. When the last session leaves, all awareness is.
    pub fn leave(&mut self, session: SessionId, now: Duration) {
        self.roster.leave(session, now);
        self.waiting.leave(session);
    }

    /// Takes one whole y-websocket message of a session. A session that has not joined is not listened to.
    ///
    /// # Errors
    /// [`Refused`]; then nothing of the message reached the document or `out`.
    pub fn receive(
        &mut self,
        session: SessionId,
        message: &Bytes,
        now: Duration,
        ops: &mut OpsBudget,
        out: &mut Turn,
    ) -> Result<(), Refused> {
        if self.content.is_poisoned() {
            return Err(Poisoned.into());
        }
        if !self.roster.hear(session, now) {
            return Ok(());
        }
        if message.len() > self.caps.message_bytes_max {
            return Err(crate::Malformed::TooLong.into());
        }
        match Message::read(message)? {
            Message::Step1(state_vector) => self.answer_step_1(session, &state_vector, out),
            Message::Update { update, is_step_2 } => {
                let relay = if is_step_2 { Relay::Anew } else { Relay::AsIs(message) };
                self.take_update(session, &update, &relay, ops, out)
            }
            Message::Awareness(update) => {
                if let Some(removed) = self.roster.take(session, &update, now, &self.caps)? {
                    out.replies.push((session, protocol::awareness(&removed)));
                }
                Ok(())
            }
            Message::QueryAwareness => {
                let states = self.roster.everything();
                let reply =
                    states.map_or(Bytes::from_static(protocol::SILENCE_FRAME), |s| protocol::awareness(&s));
                out.replies.push((session, reply));
                Ok(())
            }
            Message::Auth => Ok(()),
        }
    }

    /// Takes an update in that no session has sent: others' part of a document that a store has kept. What it changes is
    /// sent to every session. What depends on updates that are not there is refused.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was changed.
    pub fn take_in(&mut self, update: &Bytes, out: &mut Turn) -> Result<(), Refused> {
        let no_room = waiting::Room { bytes: 0, updates: 0 };
        let settled = self.content.settle(update, no_room, &mut OpsBudget::unlimited(), &self.caps)?;
        let Some(applied) = settled.applied else { return Ok(()) };
        out.broadcasts.push(Broadcast { except: None, message: protocol::update(&applied) });
        out.appends.push(applied);
        self.take_up_waiting(out)
    }

    /// The moment when the next awareness frame should go out: at once after quiet, at most one for each tick.
    /// `None` where no change waits.
    #[must_use]
    pub fn awareness_due(&self) -> Option<Duration> {
        self.roster.due(&self.caps)
    }

    /// Sends the newest state of each awareness client that changed, in one frame, to every session. Senders get
    /// theirs back: stock clients take the frame for a sign of life.
    pub fn flush_awareness(&mut self, now: Duration, out: &mut Turn) {
        if let Some(update) = self.roster.flush(now, &self.caps) {
            out.broadcasts.push(Broadcast { except: None, message: protocol::awareness(&update) });
        }
    }

    /// The whole document as one update (encoding v1). Encoded once, and kept until the next change.
    ///
    /// # Errors
    /// [`Poisoned`].
    pub fn encoded_state(&mut self) -> Result<Bytes, Poisoned> {
        self.content.encoded_state()
    }

    /// Whether the document is quarantined. It stays so.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.content.is_poisoned()
    }
}

/// How an update is passed on.
enum Relay<'a> {
    /// The message that brought it is what others are sent.
    AsIs(&'a Bytes),
    /// In a message of its own.
    Anew,
}

impl Document {
    /// Sends what the session lacks, the document's own step 1, and who is there.
    fn answer_step_1(
        &mut self,
        session: SessionId,
        state_vector: &[u8],
        out: &mut Turn,
    ) -> Result<(), Refused> {
        let theirs = StateVector::read(state_vector, self.content.known())?;
        out.replies.push((session, self.content.step_2(&theirs)?));
        out.replies.push((session, self.content.step_1()));
        if let Some(states) = self.roster.everything() {
            out.replies.push((session, protocol::awareness(&states)));
        }
        Ok(())
    }

    fn take_update(
        &mut self,
        session: SessionId,
        update: &Bytes,
        relay: &Relay<'_>,
        ops: &mut OpsBudget,
        out: &mut Turn,
    ) -> Result<(), Refused> {
        if matches!(relay, Relay::Anew) {
            self.waiting.answered(session);
        }
        let room = self.waiting.room(session, &self.caps);
        let settled = self.content.settle(update, room, ops, &self.caps)?;
        let is_changed = settled.applied.is_some();
        if let Some(applied) = settled.applied {
            let message = match relay {
                Relay::AsIs(message) if settled.waiting.is_none() => (*message).clone(),
                _ => protocol::update(&applied),
            };
            pass_on(session, applied, message, out);
        }
        if let Some(waits) = settled.waiting
            && self.waiting.keep(session, waits)
        {
            out.replies.push((session, self.content.step_1()));
        }
        if is_changed { self.take_up_waiting(out) } else { Ok(()) }
    }

    /// Applies what has waited for the latest changes.
    fn take_up_waiting(&mut self, out: &mut Turn) -> Result<(), Refused> {
        while let Some((session, update)) = self.waiting.take_ready(self.content.known()) {
            let room = self.waiting.room(session, &self.caps);
            // It was an op when it came.
            let settled = self.content.settle(&update, room, &mut OpsBudget::unlimited(), &self.caps);
            match settled {
                Ok(Settled { applied, waiting }) => {
                    if let Some(applied) = applied {
                        let message = protocol::update(&applied);
                        pass_on(session, applied, message, out);
                    }
                    if let Some(waits) = waiting {
                        self.waiting.keep(session, waits);
                    }
                }
                // What could not be told before its dependencies were there. The message that is being received
                // has no part in it.
                Err(Refused::Malformed(_) | Refused::OpsExceeded) => {}
                Err(Refused::Poisoned(poisoned)) => return Err(poisoned.into()),
            }
        }
        Ok(())
    }
}

fn pass_on(from: SessionId, update: Bytes, message: Bytes, out: &mut Turn) {
    out.appends.push(update);
    out.broadcasts.push(Broadcast { except: Some(from), message });
}
