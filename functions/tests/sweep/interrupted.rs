use domain::ids::{DocumentKey, NodeId, Region};
use domain::ports::{
    Beat, Cluster, HeldKey, NodeRecord, Owner, Pin, PinOutcome, Pins, Sighting, Unavailable,
};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stores::memory::MemoryCluster;
use tokio::time::sleep;

/// How a cluster fails whose listings are muted.
#[derive(Clone, Copy)]
pub(crate) enum Mute {
    Refuses,
    /// Refuses from when a node was reaped.
    OnceReaped,
    /// Answers after this time, or never.
    HangsFor(Option<Duration>),
}

/// A cluster whose listings can be muted.
pub(crate) struct Interrupted {
    pub(crate) inner: Arc<MemoryCluster>,
    pub(crate) mute: Mute,
    pub(crate) is_muted: AtomicBool,
    /// Nodes whose sights fail.
    pub(crate) unseen: Vec<NodeId>,
}

impl Interrupted {
    async fn pass(&self) -> Result<(), Unavailable> {
        if !self.is_muted.load(Ordering::SeqCst) {
            return Ok(());
        }
        match self.mute {
            Mute::Refuses | Mute::OnceReaped => Err(Unavailable::new("cluster", "connection refused")),
            Mute::HangsFor(Some(time)) => {
                sleep(time).await;
                Ok(())
            }
            Mute::HangsFor(None) => pending().await,
        }
    }
}

#[async_trait::async_trait]
impl Cluster for Interrupted {
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        self.inner.announce(record).await
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        self.inner.beat(record).await
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        self.pass().await?;
        self.inner.regions().await
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        self.pass().await?;
        self.inner.nodes(region).await
    }

    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable> {
        if self.unseen.contains(node) {
            return Err(Unavailable::new("cluster", "throttled"));
        }
        self.inner.sight(region, node, beat).await
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        self.inner.fence(region, node, beat).await
    }

    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        let reaped = self.inner.reaped(region, node).await;
        if matches!(self.mute, Mute::OnceReaped) {
            self.is_muted.store(true, Ordering::SeqCst);
        }
        reaped
    }

    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable> {
        self.inner.hold(region, node, key).await
    }

    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        self.inner.let_go(node, key).await
    }

    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        self.inner.held(node).await
    }

    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.inner.forget(region, node).await
    }
}

/// Pins each of which takes a second to read.
pub(crate) struct SlowPins(pub(crate) Arc<dyn Pins>);

#[async_trait::async_trait]
impl Pins for SlowPins {
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        sleep(Duration::from_secs(1)).await;
        self.0.read(document).await
    }

    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable> {
        self.0.pin(document, owner).await
    }

    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable> {
        self.0.take_over(document, dead, owner).await
    }

    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable> {
        self.0.unpin(document, held).await
    }
}
