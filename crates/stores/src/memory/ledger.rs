use super::shards::Shards;
use domain::ids::{AppKey, NodeId};
use domain::ledger::{LedgerRecord, ShareWrite, WriteOutcome};
use domain::ports::{Ledger, Unavailable};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The ledger of each app, in memory. Grows by one small record an app.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    records: Shards<HashMap<AppKey, LedgerRecord>>,
    reads: AtomicU64,
    writes: AtomicU64,
}

impl MemoryLedger {
    /// A ledger in which no app counts anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads that were asked for so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Writes that were asked for so far, refused ones included.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl Ledger for MemoryLedger {
    async fn read(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.records.of(app).get(app).cloned().unwrap_or_default())
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let mut records = self.records.of(app);
        Ok(match records.get_mut(app) {
            Some(record) => record.apply(write),
            None => {
                let mut record = LedgerRecord::default();
                let outcome = record.apply(write);
                if !record.shares.is_empty() {
                    records.insert(app.clone(), record);
                }
                outcome
            }
        })
    }

    async fn forget_sealed(&self, app: &AppKey, share: &NodeId) -> Result<(), Unavailable> {
        let mut records = self.records.of(app);
        let Some(record) = records.get_mut(app) else { return Ok(()) };
        if record.shares.get(share).is_some_and(|stored| stored.sealed) {
            record.shares.remove(share);
        }
        if record.shares.is_empty() {
            records.remove(app);
        }
        Ok(())
    }
}
