use super::held::{Held, Of};
use super::minutes::Minutes;
use super::peaks::PeaksLedger;
use super::{Metering, Tallied, Tally};
use crate::metrics::Metrics;
use domain::clock::Clock;
use domain::ids::{AppKey, DocumentKey};
use domain::metering::{Endpoint, Reason};
use domain::ports::HomePorts;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// What the parts of a node count with. Where the node has no usage log it counts nothing.
pub(crate) struct NodeMeter {
    metering: Option<Metering>,
    tallied: Option<Arc<Tallied>>,
    clock: Arc<dyn Clock>,
    minutes: Mutex<Minutes>,
}

impl NodeMeter {
    pub(crate) fn new(metering: Option<Metering>, clock: Arc<dyn Clock>) -> Self {
        let minutes = metering.as_ref().map(|metering| Minutes::new(metering.recorder.writer()));
        let recorder = metering.as_ref().map(|metering| Arc::clone(&metering.recorder));
        let tallied = recorder.map(Tallied::into_recorder);
        Self { metering, tallied, clock, minutes: Mutex::new(minutes.unwrap_or_default()) }
    }

    /// Where it is written down, if anywhere.
    pub(super) fn metering(&self) -> Option<&Metering> {
        self.metering.as_ref()
    }

    pub(super) fn minutes(&self) -> &Mutex<Minutes> {
        &self.minutes
    }

    /// Counts a handshake that arrived at this moment of the monotonic clock, and has its verdict.
    pub(crate) fn handshake(&self, app: &AppKey, refused: Option<Reason>, arrived: Duration) {
        if let Some(Metering { recorder, .. }) = &self.metering {
            let took = self.clock.monotonic().saturating_sub(arrived);
            recorder.count(app, Endpoint::Connect, refused, took, self.clock.unix_ms());
        }
    }

    /// Counts a client's connection among those that are open.
    pub(crate) fn hold_connection(&self, app: &AppKey) -> Option<Held> {
        self.hold(app, Of::Connection)
    }

    /// Counts a document among those that are active.
    pub(crate) fn hold_document(&self, app: &AppKey) -> Option<Held> {
        self.hold(app, Of::Document)
    }

    fn hold(&self, app: &AppKey, of: Of) -> Option<Held> {
        self.metering.as_ref().map(|metering| Held::new(&metering.recorder, &self.clock, app, of))
    }

    /// What a document counts its ops in.
    pub(crate) fn tally(&self, document: &Arc<DocumentKey>) -> Tally {
        Tally::new(self.tallied.clone(), Arc::clone(&self.clock), Arc::clone(document))
    }

    /// Documents that have counted ops and not handed them over.
    pub(super) fn tallying(&self) -> usize {
        self.tallied.as_ref().map_or(0, |tallied| tallied.tallying())
    }

    /// Tells how much is counted at this moment and not written down.
    pub(crate) fn tell(&self, metrics: &Metrics) {
        if let Some(Metering { recorder, .. }) = &self.metering {
            metrics.usage_waits(recorder.meter().unwritten(), recorder.behind(self.clock.unix_ms()));
            metrics.usage_lost(recorder.meter().lost());
        }
    }

    /// The same stores, with a ledger whose totals are noted whenever they are seen.
    pub(crate) fn noting_peaks(&self, home: &HomePorts) -> HomePorts {
        let Some(Metering { recorder, .. }) = &self.metering else { return home.clone() };
        let ledger =
            PeaksLedger::new(Arc::clone(&home.ledger), Arc::clone(recorder), Arc::clone(&self.clock));
        HomePorts { ledger: Arc::new(ledger), ..home.clone() }
    }
}
