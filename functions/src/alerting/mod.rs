//! The scheduled run that tells tenants what they asked to be told (SPEC section 6.2): it rolls usage up, raises events, and
//! delivers them to webhooks.
//!
//! A run needs no memory of the one before it, and any number of them may be under way at once: an event is raised once for
//! each app, kind and month, has one delivery to each webhook, and a delivery is tried by whoever took it on. Each step has
//! its share of the run's time, and what fails for one app or webhook holds up no other.

mod delivering;
mod metrics;
mod raising;
mod report;
mod rolling;
mod spreading;

pub use metrics::embedded_metrics;
pub use report::AlertingReport;

use crate::plane::answered_within;
use domain::clock::{Clock, Entropy};
use domain::ports::{Alerts, Courier, Registry, Unavailable, UsageLog, Vault};
use raising::Raised;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a run may take: shorter than the minute after which the next one begins.
pub const RUN_MAX: Duration = Duration::from_secs(55);

/// How long listing all apps, all events or all deliveries may take.
const LISTING_MAX: Duration = Duration::from_secs(10);

/// What a run works on.
pub struct Alerting {
    registry: Arc<dyn Registry>,
    usage: Arc<dyn UsageLog>,
    alerts: Arc<dyn Alerts>,
    vault: Arc<dyn Vault>,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// What runs of this process have raised or found raised. Where it is lost, it is found again.
    raised: Mutex<Raised>,
}

impl Alerting {
    /// Runs over the apps of this registry. The clock tells which month it is and what is due; chance draws events' ids and
    /// the jitter between tries.
    #[must_use]
    pub fn new(
        registry: Arc<dyn Registry>,
        usage: Arc<dyn UsageLog>,
        alerts: Arc<dyn Alerts>,
        vault: Arc<dyn Vault>,
        courier: Arc<dyn Courier>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { registry, usage, alerts, vault, courier, clock, entropy, raised: Mutex::default() }
    }

    /// One run. Ends within [`RUN_MAX`]; what is not done then is left to the next run. Of runs at once each event is
    /// delivered by one.
    pub async fn run(&self) -> AlertingReport {
        let mut report = AlertingReport::default();
        if timeout(RUN_MAX, self.steps(&mut report)).await.is_err() {
            report.failed(Unavailable::new("alerting", "the run is over before its end"));
        }
        report.log();
        report
    }

    /// Milliseconds since 1970 on its clock.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    async fn steps(&self, report: &mut AlertingReport) {
        let begun = Instant::now();
        match answered_within(LISTING_MAX, "usage", self.usage.standings()).await {
            Ok(standings) => {
                self.roll_up(&standings, report).await;
                self.raise(&standings, report).await;
            }
            Err(failure) => report.failed(failure),
        }
        self.spread(report).await;
        self.deliver(begun, report).await;
    }

    fn now_unix_s(&self) -> u64 {
        self.clock.unix_ms() / 1000
    }
}
