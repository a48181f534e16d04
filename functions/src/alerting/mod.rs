//! The scheduled run that tells tenants what they asked to be told (SPEC section 6.2): it rolls usage up, raises events, and
//! delivers them to webhooks.
//!
//! A run needs no memory of the one before it, and any number of them may be under way at once: an event is raised once for
//! each app, kind and month, has one delivery to each webhook, and a delivery is tried by whoever took it on. Each step has
//! its share of the run's time, and what fails for one app or webhook holds up no other. What is pending is tried beside the
//! search for what is to be told, so that neither waits for the other.

mod delivering;
mod looks;
mod memory;
mod metrics;
mod raising;
mod report;
mod rolling;
mod shares;
mod spreading;
mod turns;

pub use looks::Looks;
pub use metrics::embedded_metrics;
pub use report::AlertingReport;

use crate::plane::answered_within;
use domain::clock::{Clock, Entropy};
use domain::ports::{Alerts, Courier, Registry, UsageLog, UsageStanding, Vault};
use memory::Memory;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

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
    looks: Looks,
    memory: Memory,
}

impl Alerting {
    /// Runs over the apps of this registry, each of which every run looks at. The clock tells which month it is and what is
    /// due; chance draws events' ids, the jitter between tries, and the app that a run begins with.
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
        let (looks, memory) = (Looks::default(), Memory::default());
        Self { registry, usage, alerts, vault, courier, clock, entropy, looks, memory }
    }

    /// Has each app looked at so often.
    #[must_use]
    pub fn looking(self, looks: Looks) -> Self {
        Self { looks, ..self }
    }

    /// One run. Ends within [`RUN_MAX`]; what is not done then is left to the next run. Of runs at once each event is
    /// delivered by one.
    pub async fn run(&self) -> AlertingReport {
        let begun = Instant::now();
        let (mut report, mut beside) = (AlertingReport::default(), AlertingReport::default());
        let pending = self.deliver(begun + shares::FIRST_TAKEN_ON_WITHIN, &mut beside);
        tokio::join!(self.find(&mut report), pending);
        report.add(beside);
        self.spread(&mut report).await;
        let left = self.deliver(begun + shares::LAST_TAKEN_ON_WITHIN, &mut report).await;
        report.pend(&left, self.now_unix_s());
        report.log();
        report
    }

    /// Milliseconds since 1970 on its clock.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    /// Rolls up what is settled, and raises what is to be told.
    async fn find(&self, report: &mut AlertingReport) {
        let mut standings = match answered_within(shares::LISTING, "usage", self.usage.standings()).await {
            Ok(standings) => standings,
            Err(failure) => return report.failed(failure),
        };
        report.apps = standings.len() as u64;
        self.begin_anywhere(&mut standings);
        self.roll_up(&standings, report).await;
        self.raise(standings, report).await;
    }

    /// Wherever runs are cut off, each has others behind it.
    fn begin_anywhere(&self, standings: &mut [UsageStanding]) {
        if let Some(apps) = u64::try_from(standings.len()).ok().filter(|apps| *apps > 0) {
            standings.rotate_left(usize::try_from(self.entropy.next_u64() % apps).unwrap_or_default());
        }
    }

    fn now_unix_s(&self) -> u64 {
        self.clock.unix_ms() / 1000
    }
}
