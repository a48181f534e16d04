//! The ledger of what was really sent: kept request by request, and summed up only when it is asked.

use crate::calendar::HOURS;
use crate::traffic::{APPS, HOUR_MS, Happening, Held, Moment, Sent};
use domain::metering::{Endpoint, Histogram};
use std::collections::BTreeMap;
use std::ops::Range;

/// All that happened, by app and hour.
pub(crate) struct Ledger {
    sent: [Vec<Vec<Sent>>; APPS],
    levels: [Vec<HourLevels>; APPS],
}

/// What an app held in one hour.
#[derive(Debug, Clone, Copy, Default)]
struct HourLevels {
    connections_peak: u64,
    documents_peak: u64,
    connections_ms: u64,
    documents_ms: u64,
}

/// What was sent and held in some hours.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) took_us: Vec<u64>,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) connections_peak: u64,
    pub(crate) documents_peak: u64,
    pub(crate) connections_mean: f64,
    pub(crate) documents_mean: f64,
}

impl Ledger {
    pub(crate) fn of(moments: &[Moment]) -> Self {
        let mut sent = std::array::from_fn(|_| vec![Vec::new(); HOURS as usize]);
        let mut held: [Vec<(u64, Held)>; APPS] = std::array::from_fn(|_| Vec::new());
        for Moment { at_ms, what, .. } in moments {
            match what {
                Happening::Sent(request) => {
                    sent[request.app][(at_ms / HOUR_MS) as usize].push(request.clone());
                }
                Happening::Held(change) => held[change.app].push((*at_ms, *change)),
                Happening::Flush => {}
            }
        }
        Self { sent, levels: held.map(|changes| levels(&changes)) }
    }

    /// What an app did in some hours, of one endpoint or of all.
    pub(crate) fn sum(&self, app: usize, hours: Range<u64>, endpoint: Option<Endpoint>) -> Sum {
        let mut sum = Sum::default();
        let of_ms = ((hours.end - hours.start) * HOUR_MS) as f64;
        for hour in hours {
            let hour = hour as usize;
            let wanted = self.sent[app][hour].iter();
            wanted.filter(|sent| endpoint.is_none_or(|endpoint| endpoint == sent.endpoint)).for_each(
                |sent| {
                    sum.took_us.push(sent.took_us);
                    sent.refused
                        .iter()
                        .for_each(|reason| *sum.refused.entry((*reason).to_owned()).or_default() += 1);
                },
            );
            let levels = &self.levels[app][hour];
            sum.connections_peak = sum.connections_peak.max(levels.connections_peak);
            sum.documents_peak = sum.documents_peak.max(levels.documents_peak);
            sum.connections_mean += levels.connections_ms as f64 / of_ms;
            sum.documents_mean += levels.documents_ms as f64 / of_ms;
        }
        sum
    }
}

impl Sum {
    pub(crate) fn requests(&self) -> u64 {
        self.took_us.len() as u64
    }

    pub(crate) fn errors(&self) -> u64 {
        self.refused.values().sum()
    }

    /// In milliseconds; 0 where nothing was asked.
    pub(crate) fn latency_mean_ms(&self) -> f64 {
        self.took_us.iter().sum::<u64>() as f64 / self.requests().max(1) as f64 / 1000.0
    }

    /// The bound of the histogram that 99 of 100 answers kept, in milliseconds.
    pub(crate) fn latency_p99_ms(&self) -> f64 {
        let mut sorted = self.took_us.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * 99).div_ceil(100).max(1);
        let Some(took_us) = sorted.get(rank - 1) else { return 0.0 };
        let bounds = Histogram::BOUNDS_US;
        let bound = bounds.into_iter().find(|bound| took_us <= bound).unwrap_or(bounds[bounds.len() - 1]);
        bound as f64 / 1000.0
    }
}

/// Hour by hour, from changes in their order.
fn levels(changes: &[(u64, Held)]) -> Vec<HourLevels> {
    let mut changes = changes.iter().peekable();
    let (mut connections, mut documents) = (0_u64, 0_u64);
    let mut of_hour = |hour: u64| {
        let mut levels =
            HourLevels { connections_peak: connections, documents_peak: documents, ..HourLevels::default() };
        let (mut at, end) = (hour * HOUR_MS, (hour + 1) * HOUR_MS);
        while let Some((then, change)) = changes.next_if(|(then, _)| *then < end) {
            levels.connections_ms += connections * (then - at);
            levels.documents_ms += documents * (then - at);
            at = *then;
            connections = connections.checked_add_signed(change.connections).expect("nothing closes twice");
            documents = documents.checked_add_signed(change.documents).expect("nothing closes twice");
            levels.connections_peak = levels.connections_peak.max(connections);
            levels.documents_peak = levels.documents_peak.max(documents);
        }
        levels.connections_ms += connections * (end - at);
        levels.documents_ms += documents * (end - at);
        levels
    };
    (0..HOURS).map(&mut of_hour).collect()
}
