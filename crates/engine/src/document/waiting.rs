use crate::update::{Id, Known};
use crate::{Caps, SessionId};
use bytes::Bytes;
use std::collections::BTreeMap;

/// An update that refers to an element which is missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) update: Bytes,
    pub(super) missing: Id,
}

/// Room that a session has left for updates that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) updates: usize,
}

/// Updates that came ahead of what they depend on, by the session that sent them. Each session has a room of its
/// own, so that none can fill another's.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    sessions: BTreeMap<SessionId, Session>,
    updates: usize,
}

#[derive(Debug, Default)]
struct Session {
    updates: Vec<Waits>,
    bytes: usize,
    /// Whether it was asked for what is missing and has not answered.
    is_asked: bool,
}

impl Waiting {
    pub(super) fn join(&mut self, session: SessionId) {
        self.sessions.entry(session).or_default();
    }

    pub(super) fn leave(&mut self, session: SessionId) {
        if let Some(left) = self.sessions.remove(&session) {
            self.updates -= left.updates.len();
        }
    }

    /// Notes that the session has sent all it has.
    pub(super) fn answered(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.is_asked = false;
        }
    }

    pub(super) fn room(&self, session: SessionId, caps: &Caps) -> Room {
        let (bytes, updates) = self.sessions.get(&session).map_or((0, 0), |s| (s.bytes, s.updates.len()));
        Room {
            bytes: caps.waiting_bytes_max.saturating_sub(bytes),
            updates: caps.waiting_updates_max.saturating_sub(updates),
        }
    }

    /// Keeps an update for which there is room. Returns whether its sender should be asked for what is missing.
    pub(super) fn keep(&mut self, session: SessionId, waits: Waits) -> bool {
        let Some(session) = self.sessions.get_mut(&session) else { return false };
        session.bytes += waits.update.len();
        session.updates.push(waits);
        self.updates += 1;
        !std::mem::replace(&mut session.is_asked, true)
    }

    /// An update that waits for nothing any more, or for something else.
    pub(super) fn take_ready(&mut self, known: &Known) -> Option<(SessionId, Bytes)> {
        if self.updates == 0 {
            return None;
        }
        self.sessions.iter_mut().find_map(|(id, session)| {
            let is_ready = |waits: &Waits| known.clock(waits.missing.client) > waits.missing.clock;
            let ready = session.updates.iter().position(is_ready)?;
            let update = session.updates.remove(ready).update;
            session.bytes -= update.len();
            self.updates -= 1;
            Some((*id, update))
        })
    }
}
