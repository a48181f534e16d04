//! Where a deployment keeps what it counts over time, and the ports that lead there.

#[cfg(test)]
pub(crate) mod arbitrary;
mod kept_at;
mod parts;

pub use kept_at::{InvalidKeptAt, KeptAt};
pub(crate) use parts::Parts;

use crate::memory::{MemoryAlerts, MemoryPlatformLog, MemoryUsageLog};
use domain::ports::{Alerts, PlatformLog, UsageLog};
use std::sync::Arc;

/// Where usage is kept, as `--usage` says it: `TABLE[,region=AWS_REGION][,endpoint=URL]` or `file:FOLDER`.
pub type UsageAt = KeptAt;

/// The ports of what is counted over time.
#[derive(Clone)]
pub struct UsagePorts {
    /// The usage of each app.
    pub log: Arc<dyn UsageLog>,
    /// What the nodes did, minute by minute.
    pub platform: Arc<dyn PlatformLog>,
    /// Tenants' webhooks, and what they are told.
    pub alerts: Arc<dyn Alerts>,
}

impl UsagePorts {
    /// Ports whose content ends with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            log: Arc::new(MemoryUsageLog::new()),
            platform: Arc::new(MemoryPlatformLog::new()),
            alerts: Arc::new(MemoryAlerts::new()),
        }
    }
}
