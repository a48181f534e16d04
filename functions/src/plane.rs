use crate::flush::FlushAfter;
use crate::gate::GateFailures;
use crate::issuer::Issuer;
use crate::operators::Operators;
use crate::refusal::Refusal;
use domain::bounds::LOOKUP_DEADLINE;
use domain::claims::Claims;
use domain::clock::{Clock, Entropy};
use domain::ids::Region;
use domain::metering::Recorder;
use domain::policy::RatePolicies;
use domain::ports::{HomePorts, Homes, RateGate, Tokens, Unavailable};
use domain::token::{Forbidden, TokenRefusal};
use ipnet::IpNet;
use std::sync::Arc;
use std::time::Duration;

/// Everything that the control plane needs: its ports, and what the operator chose.
pub struct ControlPlane {
    /// What every request passes.
    pub front: Front,
    /// The global counts, the nodes, and who holds which document: in the table of each home region.
    pub homes: Homes,
    /// Tells genuine tokens from others.
    pub tokens: Arc<dyn Tokens>,
    /// The region that this control plane answers in: the nearest one to whoever asks it.
    pub region: Region,
    /// Issues tokens; without it, nothing is served at the paths where tokens and keys are had.
    pub issuer: Option<Issuer>,
    /// Counts requests whose app is known; without it, nobody does.
    pub metering: Option<Arc<Recorder>>,
    /// What operators see; without it, nothing is served at their paths.
    pub operators: Option<Operators>,
}

/// What every request of the control plane passes, whichever endpoint it is for.
#[derive(Clone)]
pub struct Front {
    /// Counts requests per client under the rate policies.
    pub rate_gate: Arc<dyn RateGate>,
    /// Whether rate policies hold.
    pub rate_policies: RatePolicies,
    /// Counts the requests that were let pass because the rate gate did not answer. Keep a clone to read it.
    pub gate_failures: Arc<GateFailures>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws request ids, the jitter of `Retry-After`, and the secrets of refresh tokens.
    pub entropy: Arc<dyn Entropy>,
}

impl ControlPlane {
    /// What writes down, after each answer, what was counted; where anything is counted.
    #[must_use]
    pub fn flush_after(&self) -> Option<FlushAfter> {
        let metering = self.metering.as_ref()?;
        Some(FlushAfter::new(Arc::clone(metering), Arc::clone(&self.front.clock)))
    }

    /// The stores of the home region that a token names.
    pub(crate) fn home(&self, claims: &Claims) -> Result<&HomePorts, Refusal> {
        let home = self.homes.of(claims.home.as_ref()).map(|(_, ports)| ports);
        Ok(home.ok_or(TokenRefusal::Forbidden(Forbidden::HomeRegion))?)
    }
}

/// What `store` answers to `ask`, within [`LOOKUP_DEADLINE`].
pub(crate) async fn answered<T>(
    store: &'static str,
    ask: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    answered_within(LOOKUP_DEADLINE, store, ask).await
}

/// What `store` answers to `ask`, within this time.
pub(crate) async fn answered_within<T>(
    time: Duration,
    store: &'static str,
    ask: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    match tokio::time::timeout(time, ask).await {
        Ok(answer) => answer,
        Err(_) => Err(Unavailable::new(store, "no answer within the deadline")),
    }
}
