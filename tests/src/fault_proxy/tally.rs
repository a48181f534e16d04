use super::request::{Asked, is_write};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Who writes a share: an app, as its key spells it, and a node in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerWriter {
    /// The partition key of the app's record.
    pub app: String,
    /// `name#epoch`.
    pub node: String,
}

/// Writes of one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LedgerWrites {
    /// That were asked for, refused ones and repeats included.
    pub asked: u64,
    /// Under way now.
    pub in_flight: u64,
    /// The most that were ever under way at once.
    pub in_flight_max: u64,
}

/// What has been asked of DynamoDB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests by operation.
    pub operations: BTreeMap<String, u64>,
    /// Writes by the kind of item: `LEDGER`, `NODE`, `HELD`, `DOC`, …
    pub written: BTreeMap<String, u64>,
    /// Writes of shares by who writes.
    pub ledger: BTreeMap<LedgerWriter, LedgerWrites>,
}

impl Counts {
    /// Requests that change items.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.operations.iter().filter(|(operation, _)| is_write(operation)).map(|(_, count)| count).sum()
    }

    /// Writes to items of this kind.
    #[must_use]
    pub fn writes_of(&self, kind: &str) -> u64 {
        self.written.get(kind).copied().unwrap_or_default()
    }

    /// The most writes of one share that were ever under way at once.
    #[must_use]
    pub fn ledger_in_flight_max(&self) -> u64 {
        self.ledger.values().map(|writes| writes.in_flight_max).max().unwrap_or_default()
    }
}

/// Counts what goes through one or several proxies.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

impl Tally {
    /// What was counted so far.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.lock().expect("no holder panics").clone()
    }

    /// Begins at nothing. What is under way stays so.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    pub fn reset(&self) {
        let mut counts = self.0.lock().expect("no holder panics");
        let under_way = std::mem::take(&mut counts.ledger).into_iter();
        let under_way = under_way.filter(|(_, writes)| writes.in_flight > 0).map(|(writer, writes)| {
            (writer, LedgerWrites { asked: 0, in_flight_max: writes.in_flight, ..writes })
        });
        *counts = Counts { ledger: under_way.collect(), ..Counts::default() };
    }

    /// Counts a request, which is under way until what is returned is dropped.
    pub(super) fn count(self: &Arc<Self>, asked: Asked) -> UnderWay {
        let mut counts = self.0.lock().expect("no holder panics");
        *counts.operations.entry(asked.operation).or_default() += 1;
        if let Some(item) = asked.item {
            *counts.written.entry(item).or_default() += 1;
        }
        if let Some(writer) = &asked.ledger {
            let writes = counts.ledger.entry(writer.clone()).or_default();
            writes.asked += 1;
            writes.in_flight += 1;
            writes.in_flight_max = writes.in_flight_max.max(writes.in_flight);
        }
        drop(counts);
        UnderWay { tally: Arc::clone(self), writer: asked.ledger }
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    tally: Arc<Tally>,
    writer: Option<LedgerWriter>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(writer) = &self.writer else { return };
        let mut counts = self.tally.0.lock().expect("no holder panics");
        if let Some(writes) = counts.ledger.get_mut(writer) {
            writes.in_flight -= 1;
        }
    }
}
