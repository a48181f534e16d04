use super::codec::{self, Checked, Entry, NULL};
use crate::{Caps, Malformed, SessionId};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// The awareness clients of a document: their states, and which session speaks for each.
///
/// Beyond what a message may hold (which is malformed), bounds are kept by ignoring: a client that no place is left
/// for, or whose state would pass the bytes of the document. Stock clients echo what others show, so a message
/// with a state that is not taken is nothing unusual.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    clients: HashMap<u64, Client>,
    sessions: HashMap<SessionId, Session>,
    /// Bytes of all states.
    state_bytes: usize,
    /// Clients whose newest state has not gone out. Sorted, so that equal turns give equal frames.
    changed: BTreeSet<u64>,
    /// When the oldest of these changes came.
    changed_at: Duration,
    flushed_at: Option<Duration>,
    /// All states as one awareness update, until one changes.
    everything: Option<Bytes>,
}

#[derive(Debug)]
struct Client {
    clock: u64,
    /// `None` where the client was removed. It keeps its place until it is forgotten, so that places bound those too.
    state: Option<Box<str>>,
    /// The session that speaks for it; `None` where that session has left.
    owner: Option<SessionId>,
    changed_at: Duration,
}

#[derive(Debug)]
struct Session {
    heard_at: Duration,
    clients: usize,
}

impl Roster {
    pub(crate) fn join(&mut self, session: SessionId, now: Duration) {
        self.sessions.entry(session).or_insert(Session { heard_at: now, clients: 0 });
    }

    /// Notes that the session is alive. Returns whether it has joined.
    pub(crate) fn hear(&mut self, session: SessionId, now: Duration) -> bool {
        self.sessions.get_mut(&session).map(|heard| heard.heard_at = now).is_some()
    }

    /// Removes a session and its clients. Without sessions, nothing is remembered.
    pub(crate) fn leave(&mut self, session: SessionId, now: Duration) {
        if self.sessions.remove(&session).is_none() {
            return;
        }
        if self.sessions.is_empty() {
            *self = Self::default();
            return;
        }
        let owned: Vec<u64> =
            self.clients.iter().filter(|(_, c)| c.owner == Some(session)).map(|(id, _)| *id).collect();
        for id in owned {
            let clock = self.clients.get(&id).map_or(0, |client| client.clock + 1);
            self.set(Entry { client: id, clock, state: NULL }, None, now);
        }
    }

    /// Takes the states of an awareness update that `session` may speak for. Returns an awareness update for the
    /// session alone where it shows a client that was removed since: the client then raises its clock at once,
    /// and does not stay invisible until its next renewal.
    pub(crate) fn take(
        &mut self,
        session: SessionId,
        update: &[u8],
        now: Duration,
        caps: &Caps,
    ) -> Result<Option<Vec<u8>>, Malformed> {
        let mut removed = BTreeMap::new();
        for entry in Checked::new(update, caps)? {
            match self.verdict(session, &entry, now, caps) {
                Verdict::Taken => self.set(entry, Some(session), now),
                Verdict::Removed(clock) => drop(removed.insert(entry.client, clock)),
                Verdict::Ignored => {}
            }
        }
        let entries =
            removed.iter().map(|(client, clock)| Entry { client: *client, clock: *clock, state: NULL });
        Ok((!removed.is_empty()).then(|| codec::write(entries)))
    }

    /// All present states as one awareness update; `None` where nobody shows anything.
    pub(crate) fn everything(&mut self) -> Option<Bytes> {
        if self.everything.is_none() {
            let mut present: Vec<_> =
                self.clients.iter().filter_map(|(id, c)| Some((*id, c.clock, c.state.as_deref()?))).collect();
            present.sort_unstable_by_key(|(id, ..)| *id);
            let entries = present.into_iter().map(|(client, clock, state)| Entry { client, clock, state });
            self.everything = Some(codec::write(entries).into());
        }
        self.everything.clone().filter(|update| update[..] != [0])
    }

    /// When the changes that wait should go out.
    pub(crate) fn due(&self, caps: &Caps) -> Option<Duration> {
        let earliest = self.flushed_at.map_or(Duration::ZERO, |at| at + caps.awareness_tick);
        (!self.changed.is_empty()).then(|| self.changed_at.max(earliest))
    }

    /// The newest state of every changed client as one awareness update.
    pub(crate) fn flush(&mut self, now: Duration, caps: &Caps) -> Option<Vec<u8>> {
        if self.changed.is_empty() {
            return None;
        }
        let changed: Vec<u64> = std::mem::take(&mut self.changed).into_iter().collect();
        let newest: Vec<Entry<'_>> = changed.iter().filter_map(|id| self.entry(*id)).collect();
        let update = codec::write(newest.into_iter());
        self.flushed_at = Some(now);
        self.forget(now, caps);
        Some(update)
    }

    /// Forgets clients that were removed long ago.
    fn forget(&mut self, now: Duration, caps: &Caps) {
        let is_remembered = |c: &Client| c.state.is_some() || c.changed_at + caps.awareness_memory > now;
        for (_, client) in self.clients.extract_if(|_, c| !is_remembered(c)) {
            if let Some(session) = client.owner.and_then(|owner| self.sessions.get_mut(&owner)) {
                session.clients -= 1;
            }
        }
    }

    fn entry(&self, id: u64) -> Option<Entry<'_>> {
        let client = self.clients.get(&id)?;
        Some(Entry { client: id, clock: client.clock, state: client.state.as_deref().unwrap_or(NULL) })
    }

    fn set(&mut self, entry: Entry<'_>, owner: Option<SessionId>, now: Duration) {
        let state: Option<Box<str>> = (entry.state != NULL).then(|| entry.state.into());
        self.state_bytes += state.as_ref().map_or(0, |state| state.len());
        if let Some(session) = owner.and_then(|owner| self.sessions.get_mut(&owner)) {
            session.clients += 1;
        }
        let set = Client { clock: entry.clock, state, owner, changed_at: now };
        if let Some(before) = self.clients.insert(entry.client, set) {
            self.state_bytes -= before.state.map_or(0, |state| state.len());
            if let Some(session) = before.owner.and_then(|owner| self.sessions.get_mut(&owner)) {
                session.clients -= 1;
            }
        }
        if self.changed.is_empty() {
            self.changed_at = now;
        }
        self.changed.insert(entry.client);
        self.everything = None;
    }
}

/// What becomes of a state that was sent.
enum Verdict {
    Taken,
    Ignored,
    /// It is of a client that was removed with this clock.
    Removed(u64),
}

impl Roster {
    /// The rules of y-protocols (a newer clock wins, and at the same clock a removal), for the client's owner.
    fn verdict(&self, session: SessionId, entry: &Entry<'_>, now: Duration, caps: &Caps) -> Verdict {
        let is_removal = entry.state == NULL;
        let Some(client) = self.clients.get(&entry.client) else {
            return if is_removal || !self.has_room(session, None, entry, caps) {
                Verdict::Ignored
            } else {
                Verdict::Taken
            };
        };
        let is_newer = entry.clock > client.clock;
        let is_present = client.state.is_some();
        let is_taken = match client.owner {
            Some(owner) if owner == session => is_newer || (is_removal && entry.clock == client.clock),
            Some(owner) => is_newer && self.is_silent(owner, now, caps),
            None if is_removal => false,
            None if is_newer => true,
            None => return Verdict::Removed(client.clock),
        };
        let fits = is_removal || self.has_room(session, Some(client), entry, caps);
        if is_taken && fits && (is_present || !is_removal) { Verdict::Taken } else { Verdict::Ignored }
    }

    fn has_room(&self, session: SessionId, before: Option<&Client>, entry: &Entry<'_>, caps: &Caps) -> bool {
        let replaced = before.and_then(|client| client.state.as_ref()).map_or(0, |state| state.len());
        let bytes = self.state_bytes - replaced + entry.state.len();
        let is_its_own = before.is_some_and(|client| client.owner == Some(session));
        let has_place =
            is_its_own || self.sessions.get(&session).is_some_and(|s| s.clients < caps.awareness_clients_max);
        bytes <= caps.awareness_bytes_max && has_place
    }

    fn is_silent(&self, owner: SessionId, now: Duration, caps: &Caps) -> bool {
        self.sessions.get(&owner).is_none_or(|s| s.heard_at + caps.awareness_silence <= now)
    }
}

#[cfg(test)]
mod tests;
