//! What operators see, and who they are.

mod api_key;
mod plane;

pub(crate) use api_key::{Right, holder};
pub(crate) use plane::OperatorsPlane;

use domain::alerts::Hosts;
use domain::ports::{Alerts, ApiKeys, PlatformLog, Registry, UsageLog, Vault};
use std::sync::Arc;

/// What operators see, tenants and the platform's own: reports, webhooks and counts.
#[derive(Clone)]
pub struct Operators {
    /// Apps and their plans.
    pub registry: Arc<dyn Registry>,
    /// Who may see what.
    pub api_keys: Arc<dyn ApiKeys>,
    /// What every app was counted.
    pub usage: Arc<dyn UsageLog>,
    /// What the nodes did in the last hour.
    pub platform: Arc<dyn PlatformLog>,
    /// Webhooks; without it, nothing is served at their paths.
    pub webhooks: Option<WebhookDesk>,
}

/// Where tenants register webhooks.
#[derive(Clone)]
pub struct WebhookDesk {
    /// Who is told of what.
    pub alerts: Arc<dyn Alerts>,
    /// Seals the secrets that deliveries are signed with.
    pub vault: Arc<dyn Vault>,
    /// Which hosts events may be delivered to.
    pub hosts: Hosts,
}
