//! The control plane beside a node: over the same ports, on the same port.

use axum::Router;
use domain::alerts::Hosts;
use domain::ports::Vault;
use functions::{ControlPlane, Front, GateFailures, Issuer, Operators, WebhookDesk};
use std::sync::Arc;
use stores::jwt::TenantKeys;
use stores::secrets::Argon2Hashes;
use stores::usage::UsagePorts;
use syncd::Besides;
use syncd::metrics::OutsideCounter;
use syncd::setup::{RegistryPorts, Setup};

/// The control plane's routes, without a node. Tokens are issued where a vault opens the registry's keys.
pub(crate) fn routes(setup: &Setup, vault: Option<Arc<dyn Vault>>, hosts: Hosts) -> Router {
    functions::router(control_plane(setup, vault, hosts, Arc::new(GateFailures::default())))
}

/// What the node's port serves besides the node's own.
pub(crate) fn besides(setup: &Setup, vault: Option<Arc<dyn Vault>>, hosts: Hosts) -> Besides {
    let gate_failures = Arc::new(GateFailures::default());
    let plane = control_plane(setup, vault, hosts, Arc::clone(&gate_failures));
    Besides { routes: functions::router(plane), counters: counters(gate_failures) }
}

fn control_plane(
    Setup { ports, config, registry, usage, .. }: &Setup,
    vault: Option<Arc<dyn Vault>>,
    hosts: Hosts,
    gate_failures: Arc<GateFailures>,
) -> ControlPlane {
    ControlPlane {
        front: Front {
            rate_gate: Arc::clone(&ports.gate),
            rate_policies: config.rate_policies,
            gate_failures,
            trusted_proxies: config.trusted_proxies.clone(),
            clock: Arc::clone(&ports.clock),
            entropy: Arc::clone(&ports.entropy),
        },
        homes: ports.homes.clone(),
        tokens: Arc::clone(&ports.tokens),
        region: config.region.clone(),
        issuer: registry.as_ref().zip(vault.clone()).map(|(registry, vault)| issuer(registry, vault)),
        metering: ports.usage.as_ref().map(|metering| Arc::clone(&metering.recorder)),
        operators: registry
            .as_ref()
            .zip(usage.clone())
            .map(|(registry, usage)| operators(registry, usage, vault, hosts)),
    }
}

fn operators(
    RegistryPorts { registry, api_keys, .. }: &RegistryPorts,
    UsagePorts { log, platform, alerts }: UsagePorts,
    vault: Option<Arc<dyn Vault>>,
    hosts: Hosts,
) -> Operators {
    Operators {
        registry: Arc::clone(registry),
        api_keys: Arc::clone(api_keys),
        usage: log,
        platform,
        webhooks: vault.map(|vault| WebhookDesk { alerts, vault, hosts }),
    }
}

fn issuer(RegistryPorts { registry, families, .. }: &RegistryPorts, vault: Arc<dyn Vault>) -> Issuer {
    Issuer {
        registry: Arc::clone(registry),
        families: Arc::clone(families),
        secrets: Arc::new(Argon2Hashes::new()),
        signer: Arc::new(TenantKeys::new(Arc::clone(registry), vault)),
    }
}

/// What the control plane adds to the node's metrics.
fn counters(gate_failures: Arc<GateFailures>) -> Vec<OutsideCounter> {
    vec![OutsideCounter {
        name: "wiresocket_control_plane_fail_opens_total",
        help: "Requests of the control plane let pass because the rate gate did not answer",
        read: Box::new(move || gate_failures.total()),
    }]
}
