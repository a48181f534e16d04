//! What is written to: the memory store, and stores with a bug planted in them.

use crate::violation::Violation;
use domain::ids::{AppId, AppKey, TenantId};
use domain::ledger::{LedgerRecord, Share, ShareWrite, Totals, WriteOutcome};
use domain::ports::Ledger;
use futures_util::FutureExt;
use stores::memory::MemoryLedger;

/// Which store a schedule runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The true one.
    Memory,
    /// Adds what a write changes without a look at what it replaces.
    PlainAdd,
    /// Compares counts only, as if shares had no sequence numbers.
    NoSequence,
    /// Deletes the share of a dead node where a reaper seals it.
    Deleting,
}

pub(crate) trait Store {
    fn write(&mut self, app: usize, write: &ShareWrite) -> Result<WriteOutcome, Violation>;

    fn record(&self, app: usize) -> LedgerRecord;
}

impl Kind {
    pub(crate) fn store(self, apps: usize) -> Box<dyn Store> {
        let records = vec![LedgerRecord::default(); apps];
        match self {
            Self::Memory => Box::new(Memory::new(apps)),
            Self::PlainAdd => Box::new(PlainAdd { records }),
            Self::NoSequence => Box::new(NoSequence { records }),
            Self::Deleting => Box::new(Deleting { records }),
        }
    }
}

/// The store of the real service. It answers at once; the delays are the network's.
struct Memory {
    ledger: MemoryLedger,
    apps: Vec<AppKey>,
}

impl Memory {
    fn new(apps: usize) -> Self {
        let tenant = TenantId::parse("tenant").expect("it is plain");
        let app_id = |app| AppId::parse(&format!("app-{app}")).expect("it is plain");
        let key = |app| AppKey { tenant: tenant.clone(), app: app_id(app) };
        Self { ledger: MemoryLedger::new(), apps: (0..apps).map(key).collect() }
    }
}

impl Store for Memory {
    fn write(&mut self, app: usize, write: &ShareWrite) -> Result<WriteOutcome, Violation> {
        let answer = self.ledger.write(&self.apps[app], write).now_or_never();
        Ok(answer.expect("memory does not wait").expect("memory does not fail"))
    }

    fn record(&self, app: usize) -> LedgerRecord {
        let answer = self.ledger.read(&self.apps[app]).now_or_never();
        answer.expect("memory does not wait").expect("memory does not fail")
    }
}

struct PlainAdd {
    records: Vec<LedgerRecord>,
}

impl Store for PlainAdd {
    fn write(&mut self, app: usize, write: &ShareWrite) -> Result<WriteOutcome, Violation> {
        let record = &mut self.records[app];
        if !fits(record.totals, write) {
            return Ok(WriteOutcome::Refused { totals: record.totals, share: write.old });
        }
        let old = write.old.unwrap_or_default();
        let share = record.shares.entry(write.node.clone()).or_default();
        let add = |count: u64, old: u64, new: u64| {
            (count + new).checked_sub(old).ok_or(Violation::Negative { app })
        };
        share.connections = add(share.connections, old.connections, write.new.connections)?;
        share.documents = add(share.documents, old.documents, write.new.documents)?;
        share.sealed = write.new.sealed;
        record.totals.connections = add(record.totals.connections, old.connections, write.new.connections)?;
        record.totals.documents = add(record.totals.documents, old.documents, write.new.documents)?;
        Ok(WriteOutcome::Written(record.totals))
    }

    fn record(&self, app: usize) -> LedgerRecord {
        self.records[app].clone()
    }
}

struct NoSequence {
    records: Vec<LedgerRecord>,
}

impl Store for NoSequence {
    fn write(&mut self, app: usize, write: &ShareWrite) -> Result<WriteOutcome, Violation> {
        let stripped = |share: Share| Share { sequence: 0, ..share };
        let bare = ShareWrite {
            old: write.old.map(stripped),
            new: stripped(write.new),
            node: write.node.clone(),
            bounds: write.bounds,
        };
        let outcome = self.records[app].apply(&bare);
        Ok(match outcome {
            // The writer compares without sequence numbers too.
            WriteOutcome::Refused { totals, share } if share == Some(bare.new) => {
                WriteOutcome::Refused { totals, share: Some(write.new) }
            }
            WriteOutcome::Refused { totals, share } if share == bare.old => {
                WriteOutcome::Refused { totals, share: write.old }
            }
            other => other,
        })
    }

    fn record(&self, app: usize) -> LedgerRecord {
        self.records[app].clone()
    }
}

struct Deleting {
    records: Vec<LedgerRecord>,
}

impl Store for Deleting {
    fn write(&mut self, app: usize, write: &ShareWrite) -> Result<WriteOutcome, Violation> {
        let record = &mut self.records[app];
        let outcome = record.apply(write);
        if write.new.sealed && matches!(outcome, WriteOutcome::Written(_)) {
            record.shares.remove(&write.node);
        }
        Ok(outcome)
    }

    fn record(&self, app: usize) -> LedgerRecord {
        self.records[app].clone()
    }
}

fn fits(totals: Totals, write: &ShareWrite) -> bool {
    write.bounds.connections.is_none_or(|most| totals.connections <= most)
        && write.bounds.documents.is_none_or(|most| totals.documents <= most)
}
