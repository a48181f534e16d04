//! The loop that keeps a lease: announce, beat, look at the others, and begin another life when declared dead.

use super::Home;
use super::desk::in_time;
use domain::bounds::{BEAT_EVERY, LOOK_EVERY};
use domain::ids::NodeId;
use domain::lease::Watch;
use domain::ports::{Beat, NodeRecord, Unavailable};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How soon an announcement or a beat that was not answered is sent again, at most.
const RETRY: Duration = Duration::from_secs(1);

impl Home {
    /// Makes the node known, once; [`Home::run`] goes on trying where that fails.
    pub async fn announce(&self) {
        self.announce_as(self.lease.life(), None).await;
    }

    /// Keeps the lease for as long as it is polled.
    pub async fn run(self: &Arc<Self>) {
        let mut watch = Watch::default();
        let (mut beat_at, mut look_at) = (Duration::ZERO, Duration::ZERO);
        loop {
            let now = self.clock.monotonic();
            if self.lease.is_fenced() {
                watch.blind();
                self.begin_another_life().await;
            } else if now >= beat_at {
                let answered = self.beat().await;
                if !answered {
                    watch.blind();
                }
                beat_at = now + if answered { BEAT_EVERY } else { self.entropy.between(RETRY / 2, RETRY) };
            }
            if now >= look_at {
                self.look(&mut watch).await;
                self.clear_leftovers();
                look_at = now + LOOK_EVERY;
            }
            let wait = beat_at.min(look_at).saturating_sub(self.clock.monotonic());
            tokio::select! {
                biased;
                () = self.lease.until_fenced() => {}
                () = self.beat_at_once.notified() => beat_at = Duration::ZERO,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Raises the beat, or announces a life that is not known yet. Returns whether the table answered.
    async fn beat(&self) -> bool {
        let life = self.lease.life();
        if !self.is_announced() {
            return self.announce_as(life, None).await;
        }
        let (sent_at, record) = (self.clock.monotonic(), self.record(life.clone()));
        let outcome = in_time("cluster", self.ports.cluster.beat(&record)).await;
        match self.answered(outcome) {
            Some(Beat::Alive) => self.lease.alive(&life, sent_at),
            Some(Beat::Fenced) => self.lease.fenced(&life),
            None => return false,
        }
        true
    }

    /// Announces `life`, which follows `former`. Returns whether the table answered.
    async fn announce_as(&self, life: NodeId, former: Option<&NodeId>) -> bool {
        let (sent_at, record) = (self.clock.monotonic(), self.record(life.clone()));
        let outcome = in_time("cluster", self.ports.cluster.announce(&record)).await;
        match self.answered(outcome) {
            Some(Beat::Alive) if former.is_some() => self.lease.begin(life, sent_at),
            Some(Beat::Alive) => {
                self.lease.alive(&life, sent_at);
                self.announced.store(true, Ordering::Relaxed);
            }
            Some(Beat::Fenced) => self.lease.fenced(&life),
            None => return false,
        }
        true
    }

    /// This life was declared dead: another one begins, and asks for all that the node still holds.
    async fn begin_another_life(self: &Arc<Self>) {
        let former = self.lease.life();
        let epoch = self.clock.unix_ms().max(former.epoch.saturating_add(1));
        let life = NodeId { name: former.name.clone(), epoch };
        tracing::warn!(home = %self.name, %former, %life, "this node was declared dead; it begins another life");
        self.metrics.fenced.inc();
        while !self.announce_as(life.clone(), Some(&former)).await {
            tokio::time::sleep(self.entropy.between(RETRY / 2, RETRY)).await;
        }
        self.desk.renew();
        self.lives.send_modify(|lives| *lives += 1);
        self.reap_former(former);
    }

    async fn look(self: &Arc<Self>, watch: &mut Watch) {
        match self.answered(in_time("cluster", self.all_nodes()).await) {
            Some(nodes) => {
                for finding in watch.look(self.clock.monotonic(), &nodes) {
                    self.act_on(finding);
                }
                self.seen(nodes);
            }
            None => watch.blind(),
        }
    }

    async fn all_nodes(&self) -> Result<Vec<NodeRecord>, Unavailable> {
        let mut nodes = Vec::new();
        for region in self.ports.cluster.regions().await? {
            nodes.extend(self.ports.cluster.nodes(&region).await?);
        }
        Ok(nodes)
    }

    fn answered<T>(&self, outcome: Result<T, Unavailable>) -> Option<T> {
        self.answers.note(outcome.is_ok(), self.clock.monotonic());
        outcome
            .inspect_err(|error| {
                self.metrics.store_error("cluster");
                tracing::warn!(home = %self.name, %error, "the home table did not answer");
            })
            .ok()
    }
}
