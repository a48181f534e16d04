use crate::gate::GateFailures;
use crate::refusal::Refusal;
use crate::regions::RegionTable;
use domain::bounds::LOOKUP_DEADLINE;
use domain::clock::{Clock, Entropy};
use domain::ids::Region;
use domain::policy::RatePolicies;
use domain::ports::{Cluster, Ledger, Pins, RateGate, Tokens, Unavailable};
use ipnet::IpNet;
use std::sync::Arc;

/// Everything that the control plane needs: its ports, and what the operator chose.
pub struct ControlPlane {
    /// Counts of each app, for `/usage`.
    pub ledger: Arc<dyn Ledger>,
    /// Which node holds a document, for `/discovery`.
    pub pins: Arc<dyn Pins>,
    /// Which regions have a node that takes connections, for `/discovery`.
    pub cluster: Arc<dyn Cluster>,
    /// Counts requests per client under the rate policies.
    pub rate_gate: Arc<dyn RateGate>,
    /// Tells genuine tokens from others.
    pub tokens: Arc<dyn Tokens>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws request ids and the jitter of `Retry-After`.
    pub entropy: Arc<dyn Entropy>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The region that this control plane answers in: the nearest one to whoever asks it.
    pub region: Region,
    /// Every region that clients may be sent to.
    pub regions: RegionTable,
    /// Whether rate policies hold.
    pub rate_policies: RatePolicies,
    /// Counts the requests that were let pass because the rate gate did not answer. Keep a clone to read it.
    pub gate_failures: Arc<GateFailures>,
}

/// What `store` answers to `ask`, within [`LOOKUP_DEADLINE`].
pub(crate) async fn answered<T>(
    store: &'static str,
    ask: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(LOOKUP_DEADLINE, ask).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Unavailable::new(store, "no answer within the deadline").into()),
    }
}
