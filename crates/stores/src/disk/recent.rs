use super::head::Head;
use super::key::StoredKey;
use super::pending::{Pending, PendingDocument};
use super::record::Record;
use super::request::Opening;
use super::table::Table;
use domain::ports::Unavailable;
use std::collections::HashMap;
use std::sync::Arc;

/// Heads of documents in use that are kept in memory, of some 150 bytes each; others are looked up.
const HEADS_MAX: usize = 65_536;

/// The documents as the writer sees them: the table, and above it what the table does not have yet.
pub(super) struct Recent {
    table: Arc<Table>,
    heads: HashMap<StoredKey, Head>,
    /// On its way into the table.
    sealed: Option<Arc<Pending>>,
    active: Pending,
}

impl Recent {
    pub(super) fn new(table: Arc<Table>) -> Self {
        Self { table, heads: HashMap::new(), sealed: None, active: Pending::default() }
    }

    /// The head of a document; `None` where there is no such document.
    pub(super) fn head(&self, key: &StoredKey) -> Result<Option<Head>, Unavailable> {
        if let Some(head) = self.heads.get(key) {
            return Ok(Some(*head));
        }
        match self.layers(key).last() {
            Some(newest) => Ok(newest.head),
            None => self.table.head(key),
        }
    }

    /// Changes a document.
    pub(super) fn apply(&mut self, record: Record) {
        if self.heads.len() >= HEADS_MAX {
            self.heads.clear();
        }
        self.heads.insert(record.key.clone(), record.head);
        let key = record.key.clone();
        self.active.apply(record);
        if self.active.get(&key).is_some_and(|document| document.head.is_none()) {
            self.forget(&key);
        }
    }

    /// Keeps the head of a document that is released no longer.
    pub(super) fn forget(&mut self, key: &StoredKey) {
        self.heads.remove(key);
    }

    /// All of a document, for a reader on another thread.
    pub(super) fn opening(&self, key: &StoredKey) -> Result<Opening, Unavailable> {
        let layers: Vec<PendingDocument> = self.layers(key).cloned().collect();
        let is_covered = layers.iter().any(|layer| layer.erased);
        let reading = if is_covered { None } else { Some(self.table.begin_reading()?) };
        Ok(Opening { reading, layers })
    }

    /// Changes that the table does not have, and that are on no way into it.
    pub(super) fn active(&self) -> &Pending {
        &self.active
    }

    /// Sends the active changes on their way.
    pub(super) fn seal(&mut self) -> Arc<Pending> {
        let sealed = Arc::new(std::mem::take(&mut self.active));
        self.sealed = Some(sealed.clone());
        sealed
    }

    /// What was on its way has arrived.
    pub(super) fn arrived(&mut self) {
        self.sealed = None;
    }

    /// What is known of a document above the table, oldest first.
    fn layers(&self, key: &StoredKey) -> impl Iterator<Item = &PendingDocument> {
        self.sealed.iter().map(|sealed| &**sealed).chain([&self.active]).filter_map(|layer| layer.get(key))
    }
}
