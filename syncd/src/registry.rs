//! The documents that this node holds, and how many users each has.
//!
//! Exact by construction: a user is counted, under one lock, before anything else is asked for it, and a
//! document is released only while it has none.

use crate::document::DocumentHandle;
use domain::ids::{AppKey, DocumentKey};
use domain::ledger::Verdict;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// All documents of a node.
#[derive(Default)]
pub(crate) struct Registry {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    documents: HashMap<DocumentKey, Entry>,
    /// Documents without users, by app: those in grace, and those that are being released.
    unused: HashMap<AppKey, HashSet<DocumentKey>>,
}

enum Entry {
    /// Somebody opens or releases it; the sender's end says when that is over.
    Busy(watch::Receiver<Option<Verdict>>),
    Open {
        handle: DocumentHandle,
        users: u64,
    },
    Quarantined {
        until: Duration,
    },
}

/// What a handshake finds.
pub(crate) enum Look {
    /// The document is open, and the user is counted.
    Seat(Seat),
    /// It has as many users as the asker's limit allows.
    Full,
    /// Somebody else opens or releases it.
    Wait(watch::Receiver<Option<Verdict>>),
    /// It is not open; the asker is to open it.
    Open(Busy),
    /// It can't be opened for now.
    Quarantined,
}

/// A document without users.
pub(crate) enum Unused {
    /// It can be asked to end.
    InGrace(DocumentHandle),
    /// It ends; the sender's end says when that is over.
    Ending(watch::Receiver<Option<Verdict>>),
}

/// One user of an open document. Counts until it is dropped.
pub(crate) struct Seat {
    registry: Arc<Registry>,
    pub(crate) handle: DocumentHandle,
}

/// The right to open or release a document. Dropped, the document is closed, and others may open it.
pub(crate) struct Busy {
    registry: Arc<Registry>,
    pub(crate) key: DocumentKey,
    outcome: watch::Sender<Option<Verdict>>,
    done: bool,
}

impl Registry {
    /// Looks a document up for one more user, at most `users_max` of them.
    pub(crate) fn look(self: &Arc<Self>, key: &DocumentKey, users_max: u64, now: Duration) -> Look {
        let mut entries = self.entries.lock();
        let entries = &mut *entries;
        match entries.documents.get_mut(key) {
            Some(Entry::Busy(outcome)) => Look::Wait(outcome.clone()),
            Some(Entry::Quarantined { until }) if *until > now => Look::Quarantined,
            Some(Entry::Open { users, .. }) if *users >= users_max => Look::Full,
            Some(Entry::Open { handle, users }) => {
                *users += 1;
                if *users == 1 {
                    entries.unused.remove_document(key);
                }
                Look::Seat(Seat { registry: Arc::clone(self), handle: handle.clone() })
            }
            None | Some(Entry::Quarantined { .. }) if users_max == 0 => Look::Full,
            None | Some(Entry::Quarantined { .. }) => Look::Open(self.busy(entries, key)),
        }
    }

    /// Whether the document is open here, or being opened or released.
    pub(crate) fn is_here(&self, key: &DocumentKey) -> bool {
        matches!(self.entries.lock().documents.get(key), Some(Entry::Open { .. } | Entry::Busy(_)))
    }

    /// Whether the document is open here.
    pub(crate) fn is_open(&self, key: &DocumentKey) -> bool {
        matches!(self.entries.lock().documents.get(key), Some(Entry::Open { .. }))
    }

    /// Begins to release a document, unless it has users.
    pub(crate) fn release_unused(self: &Arc<Self>, handle: &DocumentHandle) -> Option<Busy> {
        let mut entries = self.entries.lock();
        match entries.documents.get(&handle.key) {
            Some(Entry::Open { handle: open, users: 0 }) if open.same(handle) => {
                let busy = self.busy(&mut entries, &handle.key);
                entries.unused.insert_document(&handle.key);
                Some(busy)
            }
            _ => None,
        }
    }

    /// Begins to release a document that can't go on.
    pub(crate) fn release(self: &Arc<Self>, handle: &DocumentHandle) -> Busy {
        self.busy(&mut self.entries.lock(), &handle.key)
    }

    /// A document of the app that has no users, and whose place in the ledger will be free.
    pub(crate) fn unused(&self, app: &AppKey) -> Option<Unused> {
        let entries = self.entries.lock();
        let key = entries.unused.get(app)?.iter().next()?;
        match entries.documents.get(key) {
            Some(Entry::Open { handle, .. }) => Some(Unused::InGrace(handle.clone())),
            Some(Entry::Busy(end)) => Some(Unused::Ending(end.clone())),
            _ => None,
        }
    }

    /// Every open document.
    pub(crate) fn open(&self) -> Vec<DocumentHandle> {
        let open = |entry: &Entry| match entry {
            Entry::Open { handle, .. } => Some(handle.clone()),
            _ => None,
        };
        self.entries.lock().documents.values().filter_map(open).collect()
    }

    /// Whether no document is open, being opened or being released.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.lock().documents.values().all(|entry| matches!(entry, Entry::Quarantined { .. }))
    }

    /// Forgets quarantines that are over at `now`. Returns how many last.
    pub(crate) fn sweep_quarantine(&self, now: Duration) -> usize {
        let mut entries = self.entries.lock();
        let over = |entry: &Entry| matches!(entry, Entry::Quarantined { until } if *until <= now);
        entries.documents.retain(|_, entry| !over(entry));
        entries.documents.values().filter(|entry| matches!(entry, Entry::Quarantined { .. })).count()
    }

    fn busy(self: &Arc<Self>, entries: &mut Entries, key: &DocumentKey) -> Busy {
        let (outcome, waiting) = watch::channel(None);
        entries.unused.remove_document(key);
        entries.documents.insert(key.clone(), Entry::Busy(waiting));
        Busy { registry: Arc::clone(self), key: key.clone(), outcome, done: false }
    }
}

impl Busy {
    /// The document is open, with the opener as its first user.
    pub(crate) fn opened(mut self, handle: DocumentHandle) -> Seat {
        let entry = Entry::Open { handle: handle.clone(), users: 1 };
        self.registry.entries.lock().documents.insert(self.key.clone(), entry);
        self.done = true;
        Seat { registry: Arc::clone(&self.registry), handle }
    }

    /// The ledger refused it. Those who wait with no better limits need not ask again.
    pub(crate) fn refused(self, verdict: Verdict) {
        self.outcome.send_replace(Some(verdict));
    }

    /// Nobody may open the document until then.
    pub(crate) fn quarantine(mut self, until: Duration) {
        let entry = Entry::Quarantined { until };
        self.registry.entries.lock().documents.insert(self.key.clone(), entry);
        self.done = true;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if !self.done {
            let mut entries = self.registry.entries.lock();
            entries.documents.remove(&self.key);
            entries.unused.remove_document(&self.key);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut entries = self.registry.entries.lock();
        let key = &self.handle.key;
        if let Some(Entry::Open { handle, users }) = entries.documents.get_mut(key)
            && handle.same(&self.handle)
        {
            *users -= 1;
            if *users == 0 {
                entries.unused.insert_document(key);
            }
        }
    }
}

trait ByApp {
    fn insert_document(&mut self, key: &DocumentKey);
    fn remove_document(&mut self, key: &DocumentKey);
}

impl ByApp for HashMap<AppKey, HashSet<DocumentKey>> {
    fn insert_document(&mut self, key: &DocumentKey) {
        self.entry(key.app.clone()).or_default().insert(key.clone());
    }

    fn remove_document(&mut self, key: &DocumentKey) {
        if let Some(documents) = self.get_mut(&key.app) {
            documents.remove(key);
            if documents.is_empty() {
                self.remove(&key.app);
            }
        }
    }
}
