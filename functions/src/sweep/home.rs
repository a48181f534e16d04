use super::report::HomeReport;
use super::suspects::{NodeKey, Suspects, Suspicion, key};
use crate::plane::answered;
use domain::bounds::{LEASE, LOOK_EVERY};
use domain::clock::{Clock, Entropy};
use domain::ids::{HomeRegion, Region};
use domain::lease::{self, Finding, Progress, Reaping, Watch};
use domain::ports::{HomePorts, NodeRecord, NodeState, Sighting, Unavailable};
use futures_util::stream::{self, StreamExt};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// What is left of a run for its counts: a look at a table that takes its time, and the pause before it.
const COUNTING_TIME: Duration = Duration::from_secs(8);
/// How often a run asks who there is, before it gives up.
const FIRST_LOOKS_MAX: u32 = 3;
/// Beats that are noted at once.
const SIGHTS_AT_ONCE: usize = 32;
/// How long beats are noted. Whose beat is not noted by then is watched all the same.
const SIGHTING_TIME: Duration = Duration::from_secs(8);
/// Nodes that are reaped at once, so that one who holds much does not hold up all others.
const REAPED_AT_ONCE: usize = 4;
/// A watch that does not end within the run is in vain: this is how long one takes, with the looks at both of its ends.
const WATCH_TIME: Duration = LEASE.saturating_add(LOOK_EVERY).saturating_add(LOOK_EVERY);

/// Reapings that earlier runs of this process had to leave off.
pub(super) type Unfinished = HashMap<NodeKey, Progress>;

/// One run in one home region.
pub(super) struct HomeSweep<'r> {
    home: &'r HomePorts,
    clock: &'r dyn Clock,
    entropy: &'r dyn Entropy,
    /// When the run ends, on that clock.
    ends: Duration,
    watch: Watch,
    unfinished: Unfinished,
    report: HomeReport,
}

impl<'r> HomeSweep<'r> {
    /// A run that ends at `ends`, and goes on with what is `unfinished`.
    pub(super) fn new(
        (name, home): (&HomeRegion, &'r HomePorts),
        (clock, entropy): (&'r dyn Clock, &'r dyn Entropy),
        ends: Duration,
        unfinished: Unfinished,
    ) -> Self {
        let report = HomeReport::new(name);
        Self { home, clock, entropy, ends, watch: Watch::default(), unfinished, report }
    }

    /// Returns what came of it, and what it had to leave off in turn.
    pub(super) async fn run(mut self) -> (HomeReport, Unfinished) {
        let ended = timeout(self.remaining(), self.sweep()).await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.failed(failure),
            Err(_) => self.failed(Unavailable::new("cluster", "the run is over before its end")),
        }
        self.report.log();
        (self.report, self.unfinished)
    }

    async fn sweep(&mut self) -> Result<(), Unavailable> {
        let nodes = self.first_look().await?;
        let is_left = |key: &NodeKey| {
            nodes.iter().any(|node| node.state != NodeState::Reaped && *key == self::key(node))
        };
        self.unfinished.retain(|key, _| is_left(key));
        let mut suspects = self.suspects(&nodes).await;
        while !suspects.is_empty() && !self.watching_time().is_zero() {
            self.look(&mut suspects).await;
            if !suspects.is_empty() {
                sleep(LOOK_EVERY).await;
            }
        }
        let (regions, nodes) = self.nodes().await?;
        self.report.count(regions, &nodes);
        Ok(())
    }

    /// Who there is. A table that fails once is asked again: a minute is too long to wait for that.
    async fn first_look(&self) -> Result<Vec<NodeRecord>, Unavailable> {
        let mut looks = 1;
        loop {
            match self.nodes().await {
                Ok((_, nodes)) => return Ok(nodes),
                Err(_) if looks < FIRST_LOOKS_MAX => looks += 1,
                Err(failure) => return Err(failure),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Notes everybody's beat, and suspects who was declared dead and is still on the books, who has not beaten since an
    /// earlier run, and, where there is time to watch them, all others: a run may be lost, and a node that dies just
    /// after one is to be reaped by the next but one at the latest.
    async fn suspects(&mut self, nodes: &[NodeRecord]) -> Suspects {
        let mut suspects = Suspects::default();
        for node in nodes.iter().filter(|node| node.state == NodeState::Fenced) {
            suspects.add(node, Suspicion::Earlier);
        }
        let living: Vec<_> = nodes.iter().filter(|node| !node.state.is_dead()).collect();
        for node in &living {
            suspects.add(node, Suspicion::ThisRun);
        }
        if let Err(failure) = self.sight_all(living, &mut suspects).await {
            self.failed(failure);
        }
        if self.watching_time() < WATCH_TIME {
            suspects.keep_earlier();
        }
        suspects
    }

    /// Notes the beats of the living. A sight that fails says nothing of its node, which stays suspected. Returns the
    /// last failure.
    async fn sight_all(&self, living: Vec<&NodeRecord>, suspects: &mut Suspects) -> Result<(), Unavailable> {
        let until = Instant::now() + SIGHTING_TIME;
        let mut last = Ok(());
        let mut sights = stream::iter(living).map(|node| self.sight(node)).buffer_unordered(SIGHTS_AT_ONCE);
        loop {
            let Ok(next) = timeout_at(until, sights.next()).await else {
                return Err(Unavailable::new("cluster", "noting all beats takes too long"));
            };
            match next {
                Some((node, Ok(Sighting::Again))) => suspects.add(node, Suspicion::Earlier),
                Some((node, Ok(Sighting::Moved))) => suspects.remove(node),
                Some((_, Ok(Sighting::First))) => {}
                Some((_, Err(failure))) => last = Err(failure),
                None => return last,
            }
        }
    }

    async fn sight<'n>(&self, node: &'n NodeRecord) -> (&'n NodeRecord, Result<Sighting, Unavailable>) {
        let sight = self.home.cluster.sight(&node.region, &node.node, node.beat);
        (node, answered("cluster", sight).await)
    }

    /// Looks at the suspects once more; who has stood still for long enough is reaped. What failed before is of no
    /// account once nobody is left to be looked at.
    async fn look(&mut self, suspects: &mut Suspects) {
        let nodes = match self.nodes().await {
            Ok((_, nodes)) => nodes,
            Err(failure) => {
                self.watch.blind();
                return self.failed(failure);
            }
        };
        let suspected = suspects.seen(nodes);
        let findings = self.watch.look(self.clock.monotonic(), &suspected);
        let mut dead: Vec<_> = findings.into_iter().filter_map(dead).collect();
        dead.sort_by_key(|node| suspects.suspicion(node));
        self.reap_all(dead, suspects).await;
        if suspects.is_empty() {
            self.report.failure = None;
        }
    }

    async fn reap_all(&mut self, dead: Vec<NodeRecord>, suspects: &mut Suspects) {
        let left: Vec<_> = dead
            .into_iter()
            .map(|node| (self.unfinished.remove(&key(&node)).unwrap_or_default(), node))
            .collect();
        let reaping = stream::iter(left)
            .map(|(progress, node)| self.reap(node, progress))
            .buffer_unordered(REAPED_AT_ONCE);
        for (node, progress, reaped) in reaping.collect::<Vec<_>>().await {
            match reaped {
                Ok(Reaping::Done(struck)) => {
                    self.report.reaped(&node, struck);
                    suspects.remove(&node);
                }
                Ok(Reaping::Alive) => suspects.remove(&node),
                Err(failure) => {
                    self.unfinished.insert(key(&node), progress);
                    self.failed(failure);
                }
            }
        }
    }

    async fn reap(
        &self,
        node: NodeRecord,
        mut progress: Progress,
    ) -> (NodeRecord, Progress, Result<Reaping, Unavailable>) {
        let reaping = lease::reap_further(self.home, &node, &mut progress, self.entropy);
        let reaped = timeout(self.watching_time(), reaping).await;
        let reaped =
            reaped.unwrap_or_else(|_| Err(Unavailable::new("cluster", "the run ends before a reaping does")));
        (node, progress, reaped)
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

fn dead(finding: Finding) -> Option<NodeRecord> {
    match finding {
        Finding::Silent { record } | Finding::HalfReaped { record } => Some(record),
        Finding::LongDead { .. } => None,
    }
}
