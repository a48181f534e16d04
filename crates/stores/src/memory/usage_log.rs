use domain::ids::AppKey;
use domain::ports::{Unavailable, UsageBucket, UsageCounts, UsageLog};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Hours of usage that are kept: 400 days, so that a yearly report and some days to read it fit.
const HOURS_KEPT: u64 = 400 * 24;
/// Batch ids that are remembered, to know a repeat: at a batch a minute those of a month and a half.
const BATCHES_REMEMBERED: usize = 65_536;

/// Counted usage, in memory. Holds 400 days, and knows the last 65,536 batches again.
#[derive(Debug, Default)]
pub struct MemoryUsageLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    apps: HashMap<AppKey, BTreeMap<(u64, &'static str), UsageCounts>>,
    batches: HashSet<u128>,
    batches_in_order: VecDeque<u128>,
    newest_hour: u64,
}

impl MemoryUsageLog {
    /// A log in which nothing is counted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl UsageLog for MemoryUsageLog {
    async fn add(&self, batch: u128, counts: &[(UsageBucket, UsageCounts)]) -> Result<(), Unavailable> {
        let mut state = self.state.lock();
        if state.remember(batch) {
            for (bucket, counts) in counts {
                state.count(bucket, *counts);
            }
            let newest_hour = counts.iter().map(|(bucket, _)| bucket.hour).max();
            state.drop_old_hours(newest_hour.unwrap_or(0));
        }
        Ok(())
    }

    async fn read(
        &self,
        app: &AppKey,
        from_hour: u64,
        to_hour: u64,
    ) -> Result<Vec<(UsageBucket, UsageCounts)>, Unavailable> {
        let state = self.state.lock();
        let Some(hours) = state.apps.get(app).filter(|_| from_hour < to_hour) else { return Ok(Vec::new()) };
        let bucket = |hour, endpoint| UsageBucket { app: app.clone(), endpoint, hour };
        let range = hours.range((from_hour, "")..(to_hour, ""));
        Ok(range.map(|((hour, endpoint), counts)| (bucket(*hour, *endpoint), *counts)).collect())
    }
}

impl State {
    /// Whether the batch is new.
    fn remember(&mut self, batch: u128) -> bool {
        if !self.batches.insert(batch) {
            return false;
        }
        self.batches_in_order.push_back(batch);
        if self.batches_in_order.len() > BATCHES_REMEMBERED
            && let Some(oldest) = self.batches_in_order.pop_front()
        {
            self.batches.remove(&oldest);
        }
        true
    }

    fn count(&mut self, bucket: &UsageBucket, more: UsageCounts) {
        let hours = self.apps.entry(bucket.app.clone()).or_default();
        let counts = hours.entry((bucket.hour, bucket.endpoint)).or_default();
        counts.requests = counts.requests.saturating_add(more.requests);
        counts.errors = counts.errors.saturating_add(more.errors);
        counts.latency_us = counts.latency_us.saturating_add(more.latency_us);
    }

    /// An hour that is the newest yet comes once an hour; then everything too old goes in one walk.
    fn drop_old_hours(&mut self, newest_hour: u64) {
        if newest_hour <= self.newest_hour {
            return;
        }
        self.newest_hour = newest_hour;
        let oldest_kept = newest_hour.saturating_sub(HOURS_KEPT);
        self.apps.retain(|_, hours| {
            *hours = hours.split_off(&(oldest_kept, ""));
            !hours.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{AppId, TenantId};

    fn at(hour: u64) -> (UsageBucket, UsageCounts) {
        let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
        (UsageBucket { app, endpoint: "ops", hour }, UsageCounts { requests: 1, errors: 0, latency_us: 9 })
    }

    #[tokio::test]
    async fn hours_past_the_oldest_kept_are_dropped() {
        let log = MemoryUsageLog::new();
        log.add(1, &[at(100), at(101)]).await.unwrap();
        log.add(2, &[at(101 + HOURS_KEPT)]).await.unwrap();
        let left = log.read(&at(0).0.app, 0, u64::MAX).await.unwrap();
        assert_eq!(left.iter().map(|(bucket, _)| bucket.hour).collect::<Vec<_>>(), [101, 101 + HOURS_KEPT]);
    }

    #[tokio::test]
    async fn the_memory_of_batches_is_bounded() {
        let log = MemoryUsageLog::new();
        for batch in 0..=BATCHES_REMEMBERED as u128 {
            log.add(batch, &[]).await.unwrap();
        }
        assert_eq!(log.state.lock().batches.len(), BATCHES_REMEMBERED);
    }
}
