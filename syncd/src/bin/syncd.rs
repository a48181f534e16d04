//! `syncd`: one sync node on stores of its own, with a key set from a file.

use clap::Parser;
use domain::clock::Clock;
use domain::ids::{Generation, HomeRegion, NodeId, NodeName, Region};
use domain::ports::Documents;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use stores::disk::{DiskDocuments, DiskError};
use stores::jwt::{JwksError, JwksFile, Verifier};
use stores::memory::{MemoryCluster, MemoryDocuments, MemoryLedger, MemoryPins, MemoryRateGate};
use stores::system::{SystemClock, SystemEntropy};
use syncd::options::{self, LogFormat, Switch};
use syncd::{Besides, NodeConfig, Ports, RunError, machine, process};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One sync node of WireSocket: holds WebSocket sessions and open documents.
#[derive(Debug, Parser)]
#[command(name = "syncd", version)]
struct Options {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "WIRESOCKET_LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:4400")]
    listen: SocketAddr,
    /// JSON key set (RFC 7517) that tokens are verified by.
    #[arg(long, env = "WIRESOCKET_JWKS", value_name = "FILE")]
    jwks: PathBuf,
    /// Name of this node.
    #[arg(long, env = "WIRESOCKET_NODE", value_name = "NAME", default_value = "node", value_parser = options::node_name)]
    node: NodeName,
    /// Name of this node's region.
    #[arg(long, env = "WIRESOCKET_REGION", value_name = "NAME", default_value = "local-1", value_parser = options::region)]
    region: Region,
    /// Public URL of this node's region; by default the address it listens on.
    #[arg(long, env = "WIRESOCKET_PUBLIC_URL", value_name = "wss://HOST")]
    public_url: Option<String>,
    /// Home region that tokens may name in `dbCode`; may be given several times.
    #[arg(long, env = "WIRESOCKET_HOME", value_name = "NAME", value_delimiter = ',', value_parser = home)]
    home: Vec<HomeRegion>,
    /// Folder to keep documents in; without it they end with the process.
    #[arg(long, env = "WIRESOCKET_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Whether the rate policies per client IP hold; plan limits always do.
    #[arg(
        long,
        env = "WIRESOCKET_RATE_LIMITS",
        value_name = "on|off",
        default_value = "on",
        value_enum,
        hide_possible_values = true
    )]
    rate_limits: Switch,
    /// Proxy whose X-Forwarded-For is believed; may be given several times.
    #[arg(long, env = "WIRESOCKET_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = options::cidr)]
    trusted_proxy: Vec<IpNet>,
    /// Connections that the node is built for; from 80 % of them it takes no more.
    #[arg(long, env = "WIRESOCKET_CAPACITY", value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    capacity: u64,
    /// Over what time a drain spreads the closing of its sessions.
    #[arg(long, env = "WIRESOCKET_DRAIN_FOR", value_name = "TIME", default_value = "30s", value_parser = options::duration)]
    drain_for: Duration,
    /// How log lines on stderr are written; RUST_LOG says which.
    #[arg(
        long,
        env = "WIRESOCKET_LOG",
        value_name = "pretty|json",
        default_value = "json",
        value_enum,
        hide_possible_values = true
    )]
    log: LogFormat,
}

fn home(text: &str) -> Result<HomeRegion, String> {
    HomeRegion::parse(text).map_err(|error| error.to_string())
}

#[derive(Debug, thiserror::Error)]
enum SyncdError {
    #[error(transparent)]
    KeySet(#[from] JwksError),
    #[error(transparent)]
    Documents(#[from] DiskError),
    #[error(
        "invalid value for '--listen': {address} can't be listened on ({source}): choose a free port, or 0 for any"
    )]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Run(#[from] RunError),
}

fn main() -> ExitCode {
    let options = Options::parse();
    process::log(options.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(serve(options)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr closed there is nobody to tell.
            let _ = writeln!(io::stderr().lock(), "error: {error}");
            ExitCode::from(if matches!(error, SyncdError::Listen { .. }) { 2 } else { 1 })
        }
    }
}

async fn serve(options: Options) -> Result<(), SyncdError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let tokens = Verifier::new(JwksFile::new(&options.jwks), Arc::clone(&clock), options.home.clone());
    tokens.load().await?;
    let (documents, first): (Arc<dyn Documents>, Generation) = match &options.data {
        Some(folder) => {
            let disk = DiskDocuments::open(folder)?;
            let first = disk.first_generation();
            (Arc::new(disk), first)
        }
        None => (Arc::new(MemoryDocuments::new()), Generation(1)),
    };
    let started_ms = clock.unix_ms();
    let ports = Ports {
        ledger: Arc::new(MemoryLedger::new()),
        cluster: Arc::new(MemoryCluster::new()),
        pins: Arc::new(MemoryPins::new(first)),
        documents,
        gate: Arc::new(MemoryRateGate::new(Arc::clone(&clock))),
        tokens: Arc::new(tokens),
        clock,
        entropy: Arc::new(SystemEntropy),
    };
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|source| SyncdError::Listen { address: options.listen, source })?;
    let address = listener.local_addr()?;
    let config = config(options, address, started_ms);
    // Before anybody is told that it listens, so that whoever ends it then ends it in order.
    let signalled = process::signalled()?;
    let mut out = io::stdout().lock();
    writeln!(out, "listening http://{address}")?;
    out.flush()?;
    drop(out);
    syncd::run(listener, ports, config, Besides::default(), signalled).await?;
    Ok(())
}

fn config(options: Options, address: SocketAddr, epoch: u64) -> NodeConfig {
    let url = options.public_url.unwrap_or_else(|| format!("ws://{address}"));
    NodeConfig {
        node: NodeId { name: options.node, epoch },
        regions: BTreeMap::from([(options.region.clone(), url.trim_end_matches('/').to_owned())]),
        region: options.region,
        trusted_proxies: options.trusted_proxy,
        rate_policies: options.rate_limits.into(),
        capacity: machine::connections_max(options.capacity),
        memory_bytes_max: machine::memory_bytes(),
        message_bytes_max: domain::bounds::MESSAGE_BYTES_MAX,
        drain_for: options.drain_for,
    }
}
