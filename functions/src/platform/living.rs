use crate::plane::{Front, answered};
use domain::bounds::BEAT_FRESH;
use domain::platform::{Pulse, Reading};
use domain::ports::{Cluster, Homes, NodeRecord, Unavailable};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How soon nodes in doubt are looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Regions of a home whose nodes are listed at once.
const REGIONS_AT_ONCE: usize = 16;

/// Who is alive, as this process has watched the beats.
pub(super) struct Living {
    homes: Homes,
    pulse: Mutex<Pulse>,
}

impl Living {
    pub(super) fn new(homes: Homes) -> Self {
        Self { homes, pulse: Mutex::default() }
    }

    /// The nodes that are alive at this moment. Where it is in doubt of a node whether it is, which takes a clock that is
    /// behind or a node that fell silent before this process first looked, this waits for its next beat, for
    /// [`BEAT_FRESH`] at most; who has not beaten by then is silent.
    pub(super) async fn now(&self, front: &Front) -> Result<Vec<NodeRecord>, Unavailable> {
        let until = Instant::now() + BEAT_FRESH;
        loop {
            let Reading { living, doubtful } = self.look(front).await?;
            if doubtful.is_empty() || Instant::now() >= until {
                return Ok(living);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Beats are as old as when they were asked for, at least: what a slow table answers counts from before.
    async fn look(&self, front: &Front) -> Result<Reading, Unavailable> {
        let (now, now_unix_ms) = (front.clock.monotonic(), front.clock.unix_ms());
        let records = answered("cluster", self.records()).await?;
        let mut pulse = self.pulse.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(pulse.look(records, now, now_unix_ms))
    }

    async fn records(&self) -> Result<Vec<NodeRecord>, Unavailable> {
        let homes = self.homes.iter().map(|(_, home)| of_home(&*home.cluster));
        Ok(try_join_all(homes).await?.into_iter().flatten().collect())
    }
}

async fn of_home(cluster: &dyn Cluster) -> Result<Vec<NodeRecord>, Unavailable> {
    let regions = cluster.regions().await?;
    let regions = stream::iter(regions).map(|region| async move { cluster.nodes(&region).await });
    let nodes: Vec<_> = regions.buffer_unordered(REGIONS_AT_ONCE).try_collect().await?;
    Ok(nodes.into_iter().flatten().collect())
}
