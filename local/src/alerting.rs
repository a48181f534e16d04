//! Telling tenants what they asked to be told, where no scheduled function does.

use crate::args::Webhooks;
use crate::error::LocalError;
use domain::alerts::Hosts;
use domain::clock::{Clock, Entropy};
use domain::ports::{Registry, Vault};
use functions::alerting::Alerting;
use std::fs;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsagePorts;
use stores::webhooks::HttpsCourier;

/// How often a local service looks whom there is something to tell.
pub(crate) const LOCALLY_EVERY: Duration = Duration::from_secs(5);
/// The same of a control plane that others may share: as often as a scheduled function would.
pub(crate) const SHARED_EVERY: Duration = Duration::from_secs(60);

/// What deliveries are made to, and whom they are believed to be.
pub(crate) struct Receivers {
    hosts: Hosts,
    ca_pem: Option<Vec<u8>>,
}

impl Receivers {
    /// Those that the options name.
    pub(crate) fn of(options: &Webhooks, by_default: Hosts) -> Result<Self, LocalError> {
        let hosts = options.hosts_or(by_default);
        let Some(path) = &options.webhook_ca else { return Ok(Self { hosts, ca_pem: None }) };
        let refused = |cause: String| LocalError::WebhookCa { path: path.clone(), cause };
        let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
        HttpsCourier::new(hosts, Some(&pem)).map_err(|error| refused(error.to_string()))?;
        Ok(Self { hosts, ca_pem: Some(pem) })
    }

    /// Which hosts these may be.
    pub(crate) fn hosts(&self) -> Hosts {
        self.hosts
    }
}

/// What [`beside`] works on.
pub(crate) struct Told {
    pub(crate) receivers: Receivers,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) usage: UsagePorts,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) every: Duration,
}

/// Serves, and meanwhile looks whom there is something to tell, and tells them. Several processes may do so at once.
pub(crate) async fn beside<T>(told: Option<Told>, served: impl Future<Output = T>) -> T {
    let mut served = pin!(served);
    let Some(told) = told else { return served.await };
    tokio::select! {
        outcome = &mut served => outcome,
        () = keep(told) => served.await,
    }
}

/// Looks, for as long as it is polled. Ends where nobody could be believed.
async fn keep(Told { receivers, registry, usage, vault, every }: Told) {
    let Receivers { hosts, ca_pem } = receivers;
    // The machine's certificate authorities are many: they are read where nobody waits for them.
    let courier = tokio::task::spawn_blocking(move || HttpsCourier::new(hosts, ca_pem.as_deref())).await;
    let courier = match courier {
        Ok(Ok(courier)) => courier,
        Ok(Err(error)) => return tracing::warn!(%error, "webhooks are not told anything"),
        // The runtime ends.
        Err(_) => return,
    };
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let UsagePorts { log, alerts, .. } = usage;
    let alerting = Alerting::new(registry, log, alerts, vault, Arc::new(courier), clock, entropy);
    let mut runs = tokio::time::interval(every);
    runs.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        runs.tick().await;
        // It says itself what it did, and what failed.
        alerting.run().await;
    }
}
