use super::environment::{Environment, Reader, Settings};
use super::mistakes::{Mistake, Mistakes};
use super::registry::{required_registry_table, vault};
use super::usage::{required_usage_at, usage_ports};
use super::variables::{METRICS, REGISTRY, SSL_CERT_FILE, VAULT};
use crate::alerting::{Alerting, Looks};
use crate::metrics::MetricsNamespace;
use domain::alerts::Hosts;
use std::sync::Arc;
use stores::dynamo::{Access, TableAt};
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsageAt;
use stores::vault::VaultAt;
use stores::webhooks::HttpsCourier;

/// What an alerting run is told.
struct AlertingSettings {
    registry: TableAt,
    usage: UsageAt,
    vault: VaultAt,
    namespace: MetricsNamespace,
}

impl Settings for AlertingSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (registry, usage) = (required_registry_table(from), required_usage_at(from));
        let (vault, namespace) = (vault(from), from.optional(METRICS, MetricsNamespace::parse));
        Some(Self {
            registry: registry?,
            usage: usage?,
            vault: vault?,
            namespace: namespace?.unwrap_or_default(),
        })
    }
}

/// Sets up what an alerting run works on, and where its metrics go. It delivers to public hosts alone, known by the
/// machine's certificate authorities.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn alerting(environment: &Environment) -> Result<(Alerting, MetricsNamespace), Mistakes> {
    let AlertingSettings { registry, usage, vault, namespace } = environment.read()?;
    let access = Access::of_function();
    let books = access.registry(&registry).map_err(|wrong| Mistake::combination(REGISTRY, wrong))?;
    let usage = usage_ports(&usage, &access)?;
    let vault = vault.open(&access).map_err(|wrong| Mistake::combination(VAULT, wrong))?;
    let courier = HttpsCourier::new(Hosts::Public, None)
        .map_err(|wrong| Mistake::combination(SSL_CERT_FILE, format_args!("is of no help: {wrong}")))?;
    let alerting = Alerting::new(
        Arc::new(books),
        usage.log,
        usage.alerts,
        vault,
        Arc::new(courier),
        Arc::new(SystemClock::new()),
        Arc::new(SystemEntropy),
    );
    Ok((alerting.looking(Looks::EachFiveMinutes), namespace))
}
