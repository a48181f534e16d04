//! A node's set-up: from what its operator says to listeners, ports and configuration. Every binary with a node in
//! it is set up here, and so takes the same options and refuses the same mistakes.

mod access;
mod check;
mod documents;
mod error;
mod homes;
mod keys;
mod options;
mod region;
mod registry;
mod relay;
mod secret;
mod usage;

pub use documents::{DocumentsAt, at_release};
pub use error::SetupError;
pub use homes::lacks_table;
pub use keys::KeysAt;
pub use options::Options;
pub use registry::{RegistryAt, RegistryPorts};

use crate::config::{NodeConfig, RelayConfig};
use crate::machine::{self, Sockets};
use crate::metering::Metering;
use crate::node::Ports;
use crate::serve::Listeners;
use access::LazyAccess;
use domain::clock::{Clock, Entropy};
use domain::ids::NodeName;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsagePorts;
use tokio::net::TcpListener;

/// How often a node writes down what it counts.
const USAGE_EVERY: Duration = Duration::from_secs(60);

/// Everything that [`run`](crate::run) takes, but for what ends it.
pub struct Setup {
    /// Where the node is reached. It is not served yet, but whoever connects waits.
    pub listeners: Listeners,
    /// The stores that it works on.
    pub ports: Ports,
    /// The registry that it verifies tenants' tokens by, for whoever issues them beside it.
    pub registry: Option<RegistryPorts>,
    /// Where what is counted goes, for whoever reports it beside it.
    pub usage: Option<UsagePorts>,
    /// What it is told.
    pub config: NodeConfig,
    /// Where clients reach it on this machine.
    pub address: SocketAddr,
    /// Where other nodes reach it on this machine.
    pub relay_address: Option<SocketAddr>,
}

impl Setup {
    /// Prints where the node listens: `listening http://ADDRESS`, and `relay ADDRESS` where it has a relay.
    ///
    /// # Errors
    /// Where `out` can't be written.
    pub fn announce(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "listening http://{}", self.address)?;
        if let Some(relay) = self.relay_address {
            writeln!(out, "relay {relay}")?;
        }
        out.flush()
    }
}

/// Sets a node up. Home tables that can't be reached hold nothing up: a line in the log names them.
///
/// # Errors
/// [`SetupError`], which names the option and what would be right.
pub async fn prepare(options: Options) -> Result<Setup, SetupError> {
    options.check()?;
    let Stores { ports, registry, usage } = stores(&options).await?;
    let clients = listen("--listen", options.listen).await?;
    let address = local_address("--listen", &clients)?;
    let (relay_listener, relay) = relay::relay(&options).await?.unzip();
    let relay_address =
        relay_listener.as_ref().map(|listener| local_address("--relay-listen", listener)).transpose()?;
    let config = config(options, address, relay, &*ports.entropy);
    let listeners = Listeners { clients, relay: relay_listener };
    Ok(Setup { listeners, ports, registry, usage, config, address, relay_address })
}

/// The stores that the options name.
struct Stores {
    ports: Ports,
    registry: Option<RegistryPorts>,
    usage: Option<UsagePorts>,
}

async fn stores(options: &Options) -> Result<Stores, SetupError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let redis = region::redis(options)?;
    let (documents, first) = documents::store(options, redis.as_ref(), &*clock)?;
    let access = LazyAccess::default();
    let homes = homes::homes(options, &access, first, &clock).await?;
    let registry = registry::registry(options, &access).await?;
    let usage = usage::usage(options, &access).await?;
    let names = homes.iter().map(|(name, _)| name.clone()).collect();
    let tokens = Arc::new(keys::verifier(options, registry.as_ref(), Arc::clone(&clock), names).await?);
    let gate = region::gate(redis.as_ref(), &clock);
    let metering = usage.as_ref().map(|UsagePorts { log, platform, .. }| {
        Metering::new(Arc::clone(log), Arc::clone(platform), &*entropy)
    });
    let ports = Ports { homes, documents, gate, tokens, clock, entropy, usage: metering };
    Ok(Stores { ports, registry, usage })
}

fn config(
    options: Options,
    address: SocketAddr,
    relay: Option<RelayConfig>,
    entropy: &dyn Entropy,
) -> NodeConfig {
    let sockets = if relay.is_some() { Sockets::OwnAndRelay } else { Sockets::Own };
    NodeConfig {
        name: options.node.unwrap_or_else(|| drawn_name(entropy)),
        region: options.region,
        url: options.public_url.unwrap_or_else(|| format!("ws://{address}")),
        relay,
        on_lease_loss: options.on_lease_loss.into(),
        trusted_proxies: options.trusted_proxy,
        rate_policies: options.rate_limits.into(),
        capacity: machine::connections_max(options.capacity, sockets),
        memory_bytes_max: machine::memory_bytes(),
        message_bytes_max: domain::bounds::MESSAGE_BYTES_MAX,
        drain_for: options.drain_for,
        usage_every: USAGE_EVERY,
    }
}

/// `node-` and 32 random bits: a fleet whose nodes are not named has no two of a name.
fn drawn_name(entropy: &dyn Entropy) -> NodeName {
    let name = format!("node-{:08x}", entropy.next_u64() >> 32);
    NodeName::parse(&name).expect("thirteen letters, digits and hyphens are a node name")
}

async fn listen(option: &'static str, address: SocketAddr) -> Result<TcpListener, SetupError> {
    TcpListener::bind(address).await.map_err(|source| SetupError::Listen { option, address, source })
}

fn local_address(option: &'static str, listener: &TcpListener) -> Result<SocketAddr, SetupError> {
    listener.local_addr().map_err(|source| SetupError::Listen {
        option,
        address: SocketAddr::from(([0, 0, 0, 0], 0)),
        source,
    })
}
