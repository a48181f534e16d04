//! Declaring others dead, and taking what they held off the books.

use super::Home;
use super::desk::in_time;
use crate::caps::DECLARED_LOOK;
use domain::ids::{AppKey, NodeId, Region};
use domain::lease::{self, Finding, Reaping};
use domain::ports::{NodeRecord, NodeState, Owner, Unavailable};
use std::sync::Arc;
use std::time::Duration;

/// Watchers see a death at about the same time; the first of them reaps, and the others find that.
const HESITATION: Duration = Duration::from_secs(1);

impl Home {
    pub(super) fn act_on(self: &Arc<Self>, finding: Finding) {
        let (Finding::Silent { record } | Finding::HalfReaped { record } | Finding::LongDead { record }) =
            &finding;
        if record.node == self.lease.life() {
            return;
        }
        let Some(turn) = Turn::take(self, Errand::Reaping, &record.node) else { return };
        tokio::spawn(async move {
            let home = &turn.home;
            tokio::time::sleep(home.entropy.between(Duration::ZERO, HESITATION)).await;
            if let Err(error) = home.finish(&finding).await {
                tracing::warn!(home = %home.name, %error, "a reaping did not come to its end");
            }
        });
    }

    async fn finish(&self, finding: &Finding) -> Result<(), Unavailable> {
        match finding {
            Finding::Silent { record } if self.is_reaped_by_another(record).await? => Ok(()),
            Finding::Silent { record } | Finding::HalfReaped { record } => self.reap(record).await,
            Finding::LongDead { record } => lease::bury(&self.ports, record).await,
        }
    }

    async fn is_reaped_by_another(&self, silent: &NodeRecord) -> Result<bool, Unavailable> {
        let nodes = in_time("cluster", self.ports.cluster.nodes(&silent.region)).await?;
        let stored = nodes.into_iter().find(|record| record.node == silent.node);
        Ok(stored.is_none_or(|record| record.state.is_dead()))
    }

    async fn reap(&self, record: &NodeRecord) -> Result<(), Unavailable> {
        match lease::reap(&self.ports, record).await? {
            Reaping::Alive => tracing::info!(home = %self.name, node = %record.node, "a silent node lives"),
            Reaping::Done(struck) => {
                self.metrics.reaped.inc();
                tracing::info!(
                    home = %self.name,
                    node = %record.node,
                    connections = struck.connections,
                    documents = struck.documents,
                    pins = struck.pins,
                    "a dead node was reaped"
                );
            }
        }
        Ok(())
    }

    /// Takes what a former life of this node held off the books; what cannot be done now, others do.
    pub(super) fn reap_former(self: &Arc<Self>, former: NodeId) {
        let Some(turn) = Turn::take(self, Errand::Reaping, &former) else { return };
        let region = self.introduction.region.clone();
        tokio::spawn(async move {
            if let Err(error) = turn.home.reap_by_name(&region, &former).await {
                tracing::warn!(home = %turn.home.name, %error, "a former life was not reaped to its end");
            }
        });
    }

    /// Declares an owner dead that refuses connections, and takes its share of `app` off the books. The rest of what
    /// it held follows in the background. Of a crowd that finds it dead one does this, and the others wait.
    ///
    /// # Errors
    /// [`Unavailable`] where a store does not answer, or the owner turns out to live.
    pub async fn declare_dead(self: &Arc<Self>, owner: &Owner, app: &AppKey) -> Result<(), Unavailable> {
        let Some(_turn) = Turn::take(self, Errand::Declaring, &owner.node) else {
            return self.until_declared(&owner.node).await;
        };
        if self.is_dead(&owner.node) {
            return Ok(());
        }
        let nodes = in_time("cluster", self.ports.cluster.nodes(&owner.region)).await?;
        let Some(record) = nodes.into_iter().find(|record| record.node == owner.node) else {
            // Buried: those who wait for this are to know it too.
            self.has_died(&owner.node);
            return Ok(());
        };
        let fencing = self.ports.cluster.fence(&record.region, &record.node, record.beat);
        if !in_time("cluster", fencing).await? {
            return Err(Unavailable::new("cluster", "an owner that refuses connections goes on beating"));
        }
        in_time("ledger", lease::seal_share(&*self.ports.ledger, app, &record.node)).await?;
        self.has_died(&record.node);
        tracing::info!(home = %self.name, node = %record.node, "an owner that refuses connections is dead");
        if let Some(turn) = Turn::take(self, Errand::Reaping, &record.node) {
            tokio::spawn(async move {
                if let Err(error) = turn.home.reap(&record).await {
                    tracing::warn!(home = %turn.home.name, %error, "a reaping did not come to its end");
                }
            });
        }
        Ok(())
    }

    async fn until_declared(&self, node: &NodeId) -> Result<(), Unavailable> {
        let (pause, looks) = DECLARED_LOOK;
        for _ in 0..looks {
            if self.is_dead(node) {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
        Err(Unavailable::new("cluster", "an owner that refuses connections could not be declared dead"))
    }

    async fn reap_by_name(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        let nodes = in_time("cluster", self.ports.cluster.nodes(region)).await?;
        match nodes.iter().find(|record| record.node == *node && record.state != NodeState::Reaped) {
            Some(record) => self.reap(record).await,
            None => Ok(()),
        }
    }

    /// Ends this life in order: nothing that it held stays on the books. [`Home::run`] must have ended, or it begins
    /// another life.
    pub async fn leave(self: &Arc<Self>) {
        let life = self.lease.life();
        if !self.is_announced() {
            return;
        }
        self.lease.fenced(&life);
        if let Err(error) = self.reap_by_name(&self.introduction.region, &life).await {
            tracing::warn!(home = %self.name, %error, "the end of this node was not written down; others will see it");
        }
    }
}

/// What is done about a node's death.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Errand {
    /// It is fenced, as it refuses connections.
    Declaring,
    /// What it held comes off the books.
    Reaping,
}

/// The right to an errand, which one task of this process has at a time.
struct Turn {
    home: Arc<Home>,
    errand: (Errand, NodeId),
}

impl Turn {
    fn take(home: &Arc<Home>, errand: Errand, node: &NodeId) -> Option<Self> {
        let errand = (errand, node.clone());
        let is_first = home.errands.lock().insert(errand.clone());
        is_first.then(|| Self { home: Arc::clone(home), errand })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.home.errands.lock().remove(&self.errand);
    }
}
