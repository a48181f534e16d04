//! The scheduled sweep: takes dead nodes off the books where no living node does (SPEC section 3).
//!
//! A run has no memory of the one before it. It notes each living node's beat in the node's own record; where the note
//! of an earlier run still stands, the node has not beaten since, and is a suspect. That alone proves nothing: runs may
//! overlap, and one may be delivered twice within a second. So a run watches its suspects on its own monotonic clock for
//! a whole lease, as nodes watch one another, before it reaps.

mod home;
mod metrics;
mod namespace;
mod report;

pub use metrics::embedded_metrics;
pub use namespace::{InvalidMetricsNamespace, MetricsNamespace};
pub use report::{HomeReport, RegionCounts};

use domain::clock::Clock;
use domain::ports::Homes;
use futures_util::future::join_all;
use home::HomeSweep;
use std::sync::Arc;
use std::time::Duration;

/// How long a run may take: shorter than the minute after which the next one begins, and long enough to watch for a
/// lease twice, where a look at the table has failed.
pub const RUN_MAX: Duration = Duration::from_secs(55);

/// What a sweep works on.
pub struct Sweep {
    /// The home regions whose nodes are looked at.
    pub homes: Homes,
    /// Tells how long a beat has stood still.
    pub clock: Arc<dyn Clock>,
}

impl Sweep {
    /// Sweeps all home regions at once, each by itself: one whose table does not answer holds up no other. Ends within
    /// [`RUN_MAX`]; what is not done then is left to the next run.
    pub async fn run(&self) -> Vec<HomeReport> {
        let ends = self.clock.monotonic().saturating_add(RUN_MAX);
        let sweeps =
            self.homes.iter().map(|(name, ports)| HomeSweep::new(name, ports, &*self.clock, ends).run());
        join_all(sweeps).await
    }
}
