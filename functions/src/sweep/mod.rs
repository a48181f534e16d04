//! The scheduled sweep: takes dead nodes off the books where no living node does (SPEC section 3).
//!
//! A run needs no memory of the one before it. It watches every node that does not beat on its own monotonic clock for a
//! whole lease, as nodes watch one another, before it reaps. It notes each living node's beat in the node's own record:
//! where the note of an earlier run still stands, the node has been silent since, and comes first; it is watched all the
//! same, as runs may overlap, and one may be delivered twice within a second. What a run has no time to reap the next
//! one goes on with.

mod home;
mod metrics;
mod report;
mod suspects;

pub use metrics::embedded_metrics;
pub use report::{HomeReport, RegionCounts};

use domain::clock::{Clock, Entropy};
use domain::ids::HomeRegion;
use domain::ports::Homes;
use futures_util::future::join_all;
use home::{HomeSweep, Unfinished};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a run may take: shorter than the minute after which the next one begins, and long enough to watch for a
/// lease twice, where a look at the table has failed.
pub const RUN_MAX: Duration = Duration::from_secs(55);

/// What a sweep works on.
pub struct Sweep {
    homes: Homes,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// What runs of this process had to leave off. Where it is lost, a run begins anew.
    unfinished: Mutex<HashMap<HomeRegion, Unfinished>>,
}

impl Sweep {
    /// A sweep of the nodes of these home regions. Its clock tells how long a beat has stood still; its chance, in which
    /// order the things come off the books that a dead node held.
    #[must_use]
    pub fn new(homes: Homes, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { homes, clock, entropy, unfinished: Mutex::default() }
    }

    /// Sweeps all home regions at once, each by itself: one whose table does not answer holds up no other. Ends within
    /// [`RUN_MAX`]; what is not done then is left to the next run.
    pub async fn run(&self) -> Vec<HomeReport> {
        let ends = self.clock.monotonic().saturating_add(RUN_MAX);
        let sweeps = self.homes.iter().map(async |home| {
            let unfinished = self.take_unfinished(home.0);
            let run = HomeSweep::new(home, (&*self.clock, &*self.entropy), ends, unfinished).run();
            let (report, unfinished) = run.await;
            self.leave_unfinished(home.0, unfinished);
            report
        });
        join_all(sweeps).await
    }

    /// Milliseconds since 1970 on its clock.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    fn take_unfinished(&self, home: &HomeRegion) -> Unfinished {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).remove(home).unwrap_or_default()
    }

    fn leave_unfinished(&self, home: &HomeRegion, unfinished: Unfinished) {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).insert(home.clone(), unfinished);
    }
}
