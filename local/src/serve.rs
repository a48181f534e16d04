//! `wiresocket serve`: one node and the control plane over the same embedded stores, on one port.

use crate::args::{Arguments, Command, Serve};
use crate::banner;
use crate::data_folder::{DataFolder, DataFolderError};
use crate::token::claims;
use clap::Parser;
use domain::clock::{Clock, Entropy};
use domain::ids::{Generation, HomeRegion, NodeId, NodeName};
use domain::ports::Documents;
use functions::{ControlPlane, GateFailures, RegionTable, RegionUrl};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::disk::{DiskDocuments, DiskError};
use stores::jwt::{JwksError, JwksFile, Verifier};
use stores::memory::{MemoryCluster, MemoryDocuments, MemoryLedger, MemoryPins, MemoryRateGate};
use stores::system::{SystemClock, SystemEntropy};
use syncd::metrics::OutsideCounter;
use syncd::options::DocumentStore;
use syncd::{Besides, NodeConfig, Ports, RunError, machine, process};
use tokio::net::TcpListener;

/// Connections that a node of a machine like this is built for, as far as its limit on open files allows.
const CAPACITY: u64 = 100_000;
/// A drain spreads the end of its sessions over this time.
const DRAIN_FOR: Duration = Duration::from_secs(1);
/// The home region of every app in local mode.
const HOME: &str = "local";

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    #[error(transparent)]
    Documents(#[from] DiskError),
    #[error(transparent)]
    KeySet(#[from] JwksError),
    #[error(
        "invalid value for '--listen': {address} can't be listened on ({source}): choose a free port, or 0 for any"
    )]
    Listen { address: SocketAddr, source: io::Error },
    #[error(
        "invalid value for '--origin': {0} domains are given, and a token holds at most 3: leave some out"
    )]
    Origins(usize),
    #[error(transparent)]
    Options(#[from] clap::Error),
    #[error("the runtime could not be started: {0}")]
    Runtime(io::Error),
    #[error("the signals that end the process can't be listened for: {0}")]
    Signals(io::Error),
    #[error("standard output can't be written: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Run(#[from] RunError),
}

impl LocalError {
    /// 2 where an option's value is wrong, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Origins(_) | Self::Listen { .. } | Self::Options(_) => 2,
            _ => 1,
        }
    }
}

/// Serves until the process is asked to end.
pub(crate) fn serve(options: &Serve) -> Result<(), LocalError> {
    process::log(options.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(LocalError::Runtime)?.block_on(serve_on(options))
}

async fn serve_on(options: &Serve) -> Result<(), LocalError> {
    let folder = DataFolder::exclusive(&options.data)?;
    let key = folder.signing_key()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let keys = JwksFile::new(folder.key_set(&key)?);
    let home = HomeRegion::parse(HOME).into_iter().collect();
    let tokens = Verifier::new(keys, Arc::clone(&clock), home);
    tokens.load().await?;
    let (documents, first) = documents(options, &folder)?;
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
        .map_err(|source| LocalError::Listen { address: options.listen, source })?;
    let address = listener.local_addr()?;
    let config = config(options, address, ports.entropy.as_ref());
    let gate_failures = Arc::new(GateFailures::default());
    let plane = control_plane(options, address, &ports, Arc::clone(&gate_failures));
    let besides = Besides { routes: functions::router(plane), counters: counters(gate_failures) };
    let token = key.sign(&dev_claims(options, ports.clock.unix_ms() / 1000)?);
    // Before anybody is told that it listens, so that whoever ends it then ends it in order.
    let signalled = process::signalled().map_err(LocalError::Signals)?;
    banner::listening(address, &token)?;
    syncd::run(listener, ports, config, besides, signalled).await?;
    Ok(())
}

/// The document store, and the generation that its pins begin with: pins end with the process, and must be
/// above those of an earlier one.
fn documents(options: &Serve, folder: &DataFolder) -> Result<(Arc<dyn Documents>, Generation), LocalError> {
    Ok(match options.documents {
        DocumentStore::Disk => {
            let disk = DiskDocuments::open(&folder.documents())?;
            let first = disk.first_generation();
            (Arc::new(disk), first)
        }
        DocumentStore::Memory => (Arc::new(MemoryDocuments::new()), Generation(1)),
    })
}

fn config(options: &Serve, address: SocketAddr, entropy: &dyn Entropy) -> NodeConfig {
    let name = NodeName::parse("local").expect("a constant of five letters is a node name");
    NodeConfig {
        node: NodeId { name, epoch: entropy.next_u64() >> 1 },
        region: options.region.clone(),
        regions: BTreeMap::from([(options.region.clone(), format!("ws://{address}"))]),
        trusted_proxies: options.trusted_proxy.clone(),
        rate_policies: options.rate_limits.into(),
        capacity: machine::connections_max(CAPACITY),
        memory_bytes_max: machine::memory_bytes(),
        message_bytes_max: domain::bounds::MESSAGE_BYTES_MAX,
        drain_for: DRAIN_FOR,
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

fn control_plane(
    options: &Serve,
    address: SocketAddr,
    ports: &Ports,
    gate_failures: Arc<GateFailures>,
) -> ControlPlane {
    let url = RegionUrl::parse(&format!("ws://{address}"));
    let regions = url.into_iter().map(|url| (options.region.clone(), url)).collect();
    ControlPlane {
        ledger: Arc::clone(&ports.ledger),
        pins: Arc::clone(&ports.pins),
        cluster: Arc::clone(&ports.cluster),
        rate_gate: Arc::clone(&ports.gate),
        tokens: Arc::clone(&ports.tokens),
        clock: Arc::clone(&ports.clock),
        entropy: Arc::clone(&ports.entropy),
        trusted_proxies: options.trusted_proxy.clone(),
        region: options.region.clone(),
        regions: RegionTable::new(regions),
        rate_policies: options.rate_limits.into(),
        gate_failures,
    }
}

/// What `wiresocket token` says when it is given no options but the data folder.
fn dev_claims(options: &Serve, now_unix_s: u64) -> Result<serde_json::Value, LocalError> {
    let data = options.data.as_os_str();
    let arguments = ["wiresocket".as_ref(), "token".as_ref(), "--data".as_ref(), data];
    match Arguments::try_parse_from(arguments)?.command {
        Some(Command::Token(token)) => Ok(claims(&token, now_unix_s)),
        _ => Ok(serde_json::Value::Null),
    }
}
