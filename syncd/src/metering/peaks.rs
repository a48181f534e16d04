use domain::calendar::Hour;
use domain::clock::Clock;
use domain::ids::{AppKey, NodeId};
use domain::ledger::{LedgerRecord, ShareWrite, Totals, WriteOutcome};
use domain::metering::Recorder;
use domain::ports::{Ledger, Unavailable};
use std::sync::Arc;

/// A ledger whose totals are noted whenever they are seen: the highest of an hour are its peaks.
pub(super) struct PeaksLedger {
    ledger: Arc<dyn Ledger>,
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
}

impl PeaksLedger {
    pub(super) fn new(ledger: Arc<dyn Ledger>, recorder: Arc<Recorder>, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, recorder, clock }
    }

    fn saw(&self, app: &AppKey, totals: impl IntoIterator<Item = Totals>) {
        let hour = Hour::of_unix_ms(self.clock.unix_ms());
        totals.into_iter().for_each(|totals| self.recorder.meter().saw(app, hour, totals));
    }
}

#[async_trait::async_trait]
impl Ledger for PeaksLedger {
    async fn read(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable> {
        let record = self.ledger.read(app).await?;
        self.saw(app, [record.totals]);
        Ok(record)
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        let outcome = self.ledger.write(app, write).await?;
        match outcome {
            WriteOutcome::Written(after) => self.saw(app, [before(write, after), after]),
            WriteOutcome::Refused { totals, .. } => self.saw(app, [totals]),
        }
        Ok(outcome)
    }

    async fn forget_sealed(&self, app: &AppKey, share: &NodeId) -> Result<(), Unavailable> {
        self.ledger.forget_sealed(app, share).await
    }
}

/// The totals that a write found: they stood since the last one, maybe from another hour.
fn before(write: &ShareWrite, after: Totals) -> Totals {
    let (old, new) = (write.old.unwrap_or_default(), write.new);
    let changed_back = |after: u64, old: u64, new: u64| after.saturating_add(old).saturating_sub(new);
    Totals {
        connections: changed_back(after.connections, old.connections, new.connections),
        documents: changed_back(after.documents, old.documents, new.documents),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{AppId, NodeName, TenantId};
    use domain::ledger::{Bounds, Share};
    use domain::ports::{Resolution, UsageLog, Writer};
    use std::time::Duration;
    use stores::memory::{MemoryLedger, MemoryUsageLog};
    use stores::system::TurnedClock;

    fn write(old: Option<u64>, new: u64, sequence: u64) -> ShareWrite {
        let share = |connections, sequence| Share { connections, documents: 1, sequence, sealed: false };
        ShareWrite {
            node: NodeId { name: NodeName::parse("n").unwrap(), epoch: 1 },
            old: old.map(|old| share(old, sequence - 1)),
            new: share(new, sequence),
            bounds: Bounds::default(),
        }
    }

    struct Watched {
        log: Arc<MemoryUsageLog>,
        recorder: Arc<Recorder>,
        clock: Arc<TurnedClock>,
    }

    impl Watched {
        /// The peaks of connections that are written down, by hours.
        async fn peaks(&self) -> Vec<u64> {
            self.recorder.flush(self.clock.unix_ms()).await;
            let logged = self.log.read(&app(), Hour(0), Hour(u64::MAX), Resolution::Hours).await.unwrap();
            logged.iter().map(|(_, usage)| usage.levels.connections_peak).collect()
        }
    }

    fn app() -> AppKey {
        AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
    }

    #[tokio::test]
    async fn an_hour_that_begins_with_a_departure_had_its_peak_before() {
        let (log, clock) = (Arc::new(MemoryUsageLog::new()), Arc::new(TurnedClock::default()));
        let recorder = Arc::new(Recorder::new(Writer(1), log.clone()));
        let ledger = PeaksLedger::new(Arc::new(MemoryLedger::new()), Arc::clone(&recorder), clock.clone());
        let (app, watched) = (app(), Watched { log, recorder, clock: clock.clone() });
        for step in [write(None, 5, 1), write(Some(5), 7, 2), write(Some(7), 6, 3)] {
            ledger.write(&app, &step).await.unwrap();
        }
        assert_eq!(watched.peaks().await, [7]);
        clock.advance(Duration::from_secs(3600));
        ledger.write(&app, &write(Some(6), 2, 4)).await.unwrap();
        assert_eq!(watched.peaks().await, [7, 6]);
        clock.advance(Duration::from_secs(3600));
        let late_copy = ledger.write(&app, &write(Some(7), 6, 3)).await.unwrap();
        assert!(matches!(late_copy, WriteOutcome::Refused { .. }));
        assert_eq!(watched.peaks().await, [7, 6, 2], "a refusal tells the totals too");
    }
}
