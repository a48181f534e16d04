use domain::bounds::PLATFORM_MINUTES_KEPT;
use domain::ports::{NodeMinute, PlatformLog, Unavailable, Writer};
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// What nodes did in the last hours, in memory.
#[derive(Debug, Default)]
pub struct MemoryPlatformLog {
    minutes: Mutex<BTreeMap<(u64, Writer), NodeMinute>>,
}

impl MemoryPlatformLog {
    /// A log in which no node has noted anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl PlatformLog for MemoryPlatformLog {
    async fn note(&self, minute: &NodeMinute) -> Result<(), Unavailable> {
        let mut minutes = self.minutes.lock();
        minutes.insert((minute.minute, minute.writer), minute.clone());
        let newest = minutes.last_key_value().map_or(0, |((minute, _), _)| *minute);
        let kept = minutes.split_off(&(newest.saturating_sub(PLATFORM_MINUTES_KEPT), Writer(0)));
        *minutes = kept;
        Ok(())
    }

    async fn minutes(&self, from: u64, to: u64) -> Result<Vec<NodeMinute>, Unavailable> {
        if from >= to {
            return Ok(Vec::new());
        }
        let minutes = self.minutes.lock();
        Ok(minutes.range((from, Writer(0))..(to, Writer(0))).map(|(_, minute)| minute.clone()).collect())
    }
}
