use super::shards::Shards;
use super::sliding_window::SlidingWindow;
use domain::clock::Clock;
use domain::policy::Window;
use domain::ports::{Grant, Mark, RateBucket, RateGate, Unavailable, Want};
use parking_lot::MutexGuard;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Buckets of one kind that are counted at once in each of the 16 parts, 65,536 in all. A bucket of an HTTP
/// policy takes up to 5 KiB, and most of them a few hundred bytes.
const BUCKETS_PER_PART_MAX: usize = 4_096;
/// With fewer, a part is not searched for expired buckets.
const BUCKETS_PER_PART_FEW: usize = 64;
/// A full part is searched no more often than this, however many new clients knock.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Counts over sliding windows, in memory, by the clock it is given.
///
/// A window with a limit up to 1,000 is exact; a larger one refuses for up to a thousandth of its length too
/// long. About 65,536 clients and as many apps count at once: those past it are [`Unavailable`], which callers let
/// pass. However many clients knock, they take no app's place.
pub struct MemoryRateGate {
    clients: Shards<Part>,
    apps: Shards<Part>,
    clock: Arc<dyn Clock>,
}

/// Buckets that share a lock. They are searched for expired ones when their number has doubled since the last
/// search, so that searching costs each new bucket a constant.
#[derive(Debug, Default)]
struct Part {
    buckets: HashMap<RateBucket, SlidingWindow>,
    left_by_sweep: usize,
    swept: Duration,
}

impl MemoryRateGate {
    /// A gate through which nothing has gone.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clients: Shards::default(), apps: Shards::default(), clock }
    }

    fn part(&self, bucket: &RateBucket) -> MutexGuard<'_, Part> {
        match bucket {
            RateBucket::Client(..) | RateBucket::Key(..) => self.clients.of(bucket),
            RateBucket::Ops(_) => self.apps.of(bucket),
        }
    }
}

#[async_trait::async_trait]
impl RateGate for MemoryRateGate {
    async fn take(
        &self,
        bucket: &RateBucket,
        want: Want,
        window: Window,
        within: Duration,
    ) -> Result<Grant, Unavailable> {
        let mut part = self.part(bucket);
        // Read under the lock, so that a later taker never asks at an earlier moment.
        let now = self.clock.monotonic();
        if let Some(grants) = part.buckets.get_mut(bucket) {
            return Ok(grants.take(want, window, within, now));
        }
        part.make_room(now)?;
        let mut grants = SlidingWindow::default();
        let grant = grants.take(want, window, within, now);
        if grant.count > 0 {
            part.buckets.insert(bucket.clone(), grants);
        }
        Ok(grant)
    }

    async fn give_back(
        &self,
        bucket: &RateBucket,
        mark: Mark,
        count: u64,
        _: Window,
    ) -> Result<(), Unavailable> {
        if let Some(grants) = self.part(bucket).buckets.get_mut(bucket) {
            grants.give_back(mark, count);
        }
        Ok(())
    }
}

impl Part {
    fn make_room(&mut self, now: Duration) -> Result<(), Unavailable> {
        let full = self.buckets.len() >= BUCKETS_PER_PART_MAX;
        let doubled = self.buckets.len() >= BUCKETS_PER_PART_FEW.max(self.left_by_sweep * 2);
        if doubled || full && now.saturating_sub(self.swept) >= SWEEP_EVERY {
            self.sweep(now);
        }
        if self.buckets.len() < BUCKETS_PER_PART_MAX {
            Ok(())
        } else {
            Err(Unavailable::new("rate gate", "too many buckets count at once"))
        }
    }

    fn sweep(&mut self, now: Duration) {
        self.buckets.retain(|_, grants| !grants.is_expired(now));
        self.left_by_sweep = self.buckets.len();
        self.swept = now;
        if self.buckets.capacity() > 4 * self.buckets.len().max(BUCKETS_PER_PART_FEW) {
            self.buckets.shrink_to(2 * self.left_by_sweep);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::TurnedClock;
    use domain::client_ip::ClientIp;
    use domain::ids::{AppId, AppKey, TenantId};
    use domain::policy::Policy;
    use std::net::{IpAddr, Ipv4Addr};

    const WINDOW: Window = Window::per_minute(1);

    fn bucket(client: u32) -> RateBucket {
        RateBucket::Client(Policy::Connect, ClientIp::new(IpAddr::V4(Ipv4Addr::from_bits(client))))
    }

    async fn take(gate: &MemoryRateGate, bucket: &RateBucket) -> Result<u64, Unavailable> {
        Ok(gate.take(bucket, Want::only(1), WINDOW, Duration::ZERO).await?.count)
    }

    async fn buckets_admitted(gate: &MemoryRateGate, clients: std::ops::Range<u32>) -> usize {
        let mut admitted = 0;
        for client in clients {
            admitted += usize::from(take(gate, &bucket(client)).await.is_ok());
        }
        admitted
    }

    #[tokio::test]
    async fn past_the_bound_on_buckets_the_gate_is_unavailable_until_some_expire() {
        let clock = Arc::new(TurnedClock::default());
        let gate = MemoryRateGate::new(clock.clone());
        let bound = BUCKETS_PER_PART_MAX * 16;
        let admitted = buckets_admitted(&gate, 0..3 * bound as u32).await;
        assert_eq!(admitted, bound);
        assert_eq!(take(&gate, &bucket(0)).await, Ok(0), "a bucket that counts goes on counting");
        let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
        assert_eq!(take(&gate, &RateBucket::Ops(app)).await, Ok(1), "apps are counted all the same");
        clock.advance(WINDOW.length);
        assert_eq!(buckets_admitted(&gate, 0..1_000).await, 1_000);
    }

    #[tokio::test]
    async fn expired_buckets_are_dropped_as_new_ones_come() {
        let clock = Arc::new(TurnedClock::default());
        let gate = MemoryRateGate::new(clock.clone());
        for round in 0..50 {
            buckets_admitted(&gate, round * 4_000..(round + 1) * 4_000).await;
            clock.advance(WINDOW.length);
        }
        let left: usize = (0..64u32).map(|client| gate.part(&bucket(client)).buckets.len()).max().unwrap();
        assert!(left <= 1_000, "{left} buckets in one part");
    }
}
