use super::report::HomeReport;
use crate::plane::answered;
use domain::bounds::LOOK_EVERY;
use domain::clock::Clock;
use domain::ids::{HomeRegion, NodeId, Region};
use domain::lease::{self, Finding, Reaping, Watch};
use domain::ports::{HomePorts, NodeRecord, NodeState, Sighting, Unavailable};
use std::collections::HashMap;
use std::time::Duration;

/// What is left of a run for its counts: a look at a table that takes its time, and the pause before it.
const COUNTING_TIME: Duration = Duration::from_secs(8);

/// Nodes that may be dead, by the beat at which they stood when they came to be suspected.
type Suspects = HashMap<(Region, NodeId), u64>;

/// One run in one home region.
pub(super) struct HomeSweep<'r> {
    home: &'r HomePorts,
    clock: &'r dyn Clock,
    /// When the run ends, on that clock.
    ends: Duration,
    watch: Watch,
    report: HomeReport,
}

impl<'r> HomeSweep<'r> {
    pub(super) fn new(name: &HomeRegion, home: &'r HomePorts, clock: &'r dyn Clock, ends: Duration) -> Self {
        Self { home, clock, ends, watch: Watch::default(), report: HomeReport::new(name) }
    }

    pub(super) async fn run(mut self) -> HomeReport {
        let ended = tokio::time::timeout(self.remaining(), self.sweep()).await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.failed(failure),
            Err(_) => self.failed(Unavailable::new("cluster", "the run is over before its end")),
        }
        self.report.log();
        self.report
    }

    async fn sweep(&mut self) -> Result<(), Unavailable> {
        let (_, nodes) = self.nodes().await?;
        let mut suspects = self.suspects(&nodes).await?;
        while !suspects.is_empty() && !self.watching_time().is_zero() {
            self.look(&mut suspects).await;
            if !suspects.is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        let (regions, nodes) = self.nodes().await?;
        self.report.count(regions, &nodes);
        Ok(())
    }

    /// Who has not beaten since an earlier run, and who was declared dead and is still on the books. Everybody else's
    /// beat is noted.
    async fn suspects(&self, nodes: &[NodeRecord]) -> Result<Suspects, Unavailable> {
        let mut suspects = Suspects::new();
        for record in nodes {
            let is_suspect = match record.state {
                NodeState::Up | NodeState::Draining => {
                    let sight = self.home.cluster.sight(&record.region, &record.node, record.beat);
                    answered("cluster", sight).await? == Sighting::Again
                }
                NodeState::Fenced => true,
                NodeState::Reaped => false,
            };
            if is_suspect {
                suspects.insert(key(record), record.beat);
            }
        }
        Ok(suspects)
    }

    /// Looks at the suspects once more. Who has beaten, or was reaped by somebody else, is none any longer; who has stood
    /// still for long enough is reaped.
    async fn look(&mut self, suspects: &mut Suspects) {
        let nodes = match self.nodes().await {
            Ok((_, nodes)) => nodes,
            Err(failure) => {
                self.watch.blind();
                return self.failed(failure);
            }
        };
        let suspected: Vec<NodeRecord> =
            nodes.into_iter().filter(|record| is_still(suspects, record)).collect();
        suspects.retain(|suspect, _| suspected.iter().any(|record| key(record) == *suspect));
        for finding in self.watch.look(self.clock.monotonic(), &suspected) {
            let (Finding::Silent { record } | Finding::HalfReaped { record }) = finding else { continue };
            match self.reap(&record).await {
                Ok(()) => drop(suspects.remove(&key(&record))),
                Err(failure) => self.failed(failure),
            }
        }
    }

    async fn reap(&mut self, record: &NodeRecord) -> Result<(), Unavailable> {
        let reaped = tokio::time::timeout(self.watching_time(), lease::reap(self.home, record)).await;
        let reaped = reaped
            .unwrap_or_else(|_| Err(Unavailable::new("cluster", "the run ends before a reaping does")))?;
        if let Reaping::Done(struck) = reaped {
            tracing::info!(home = %self.report.home, region = %record.region, node = %record.node, "a dead node was reaped");
            self.report.reaped(record, struck);
        }
        Ok(())
    }

    /// Every region with every node that was ever announced there.
    async fn nodes(&self) -> Result<(Vec<Region>, Vec<NodeRecord>), Unavailable> {
        let cluster = &self.home.cluster;
        let regions = answered("cluster", cluster.regions()).await?;
        let mut nodes = Vec::new();
        for region in &regions {
            nodes.extend(answered("cluster", cluster.nodes(region)).await?);
        }
        Ok((regions, nodes))
    }

    fn failed(&mut self, failure: Unavailable) {
        self.report.failure = Some(failure);
    }

    /// How long it may still be watched and reaped.
    fn watching_time(&self) -> Duration {
        self.remaining().saturating_sub(COUNTING_TIME)
    }

    fn remaining(&self) -> Duration {
        self.ends.saturating_sub(self.clock.monotonic())
    }
}

fn key(record: &NodeRecord) -> (Region, NodeId) {
    (record.region.clone(), record.node.clone())
}

/// Whether a node is a suspect as before: it has not beaten, or was declared dead and is not reaped yet.
fn is_still(suspects: &Suspects, record: &NodeRecord) -> bool {
    let Some(beat) = suspects.get(&key(record)) else { return false };
    match record.state {
        NodeState::Up | NodeState::Draining => record.beat == *beat,
        NodeState::Fenced => true,
        NodeState::Reaped => false,
    }
}
