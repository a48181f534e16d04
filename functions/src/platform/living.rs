use crate::plane::{Front, answered};
use domain::bounds::{BEAT_EVERY, BEAT_FRESH};
use domain::platform::{Pulse, Reading};
use domain::ports::{Cluster, Homes, NodeRecord, Unavailable};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How soon nodes in doubt are looked at again, which lists them all, in each home table.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
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
        let begun = Instant::now();
        loop {
            let Reading { living, doubtful } = self.look(front).await?;
            let next = next_look(begun, Instant::now()).filter(|_| !doubtful.is_empty());
            let Some(next) = next else { return Ok(living) };
            sleep_until(next).await;
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

/// When nodes in doubt are looked at again: by when each of them that is alive has beaten, by when all doubt ends, and each
/// [`LOOK_AGAIN`] before. `None` past the end.
fn next_look(begun: Instant, now: Instant) -> Option<Instant> {
    let moments = [BEAT_EVERY, BEAT_FRESH].map(|after| begun + after);
    let next = moments.into_iter().find(|moment| *moment > now)?;
    Some(next.min(now + LOOK_AGAIN))
}

async fn of_home(cluster: &dyn Cluster) -> Result<Vec<NodeRecord>, Unavailable> {
    let regions = cluster.regions().await?;
    let regions = stream::iter(regions).map(|region| async move { cluster.nodes(&region).await });
    let nodes: Vec<_> = regions.buffer_unordered(REGIONS_AT_ONCE).try_collect().await?;
    Ok(nodes.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When nodes that stay in doubt are looked at, in tenths of a second, where a look takes so long.
    fn looks(taking: u64) -> Vec<u128> {
        let begun = Instant::now();
        let mut at = Some(begun);
        let looks = std::iter::from_fn(|| {
            let look = at?;
            at = next_look(begun, look + Duration::from_millis(100 * taking));
            Some((look - begun).as_millis() / 100)
        });
        looks.take(100).collect()
    }

    #[test]
    fn nodes_in_doubt_are_looked_at_each_second_and_when_a_beat_is_due() {
        assert_eq!(looks(0), [0, 10, 20, 30, 40, 50, 60, 70, 80]);
        assert_eq!(looks(7), [0, 17, 34, 50, 67, 80]);
        assert_eq!(looks(19), [0, 29, 50, 79]);
        assert_eq!(looks(90), [0], "a look that takes longer than the doubt ends it");
    }
}
