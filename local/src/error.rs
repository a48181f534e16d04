use crate::admin::AdminError;
use crate::data_folder::DataFolderError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use stores::disk::DiskError;
use stores::dynamo::{ConnectError, CreateTableError};
use stores::vault::OpenVaultError;
use syncd::RunError;
use syncd::setup::SetupError;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error("invalid value for '--vault': {0}")]
    Vault(#[from] OpenVaultError),
    #[error("invalid value for '--webhook-ca': {} ({cause}): give a file of certificates in PEM", path.display())]
    WebhookCa { path: PathBuf, cause: String },
    #[error("'--vault' is of no use without '--registry', which has the keys that it seals")]
    VaultAlone,
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Documents(#[from] DiskError),
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
    #[error("no port of this machine's own can be listened on: {0}")]
    Loopback(io::Error),
    #[error("the embedded DynamoDB could not be started: {0}")]
    EmbeddedTable(String),
    #[error("the embedded DynamoDB has no table: {0}")]
    NoTable(#[from] CreateTableError),
    #[error("the embedded DynamoDB can't be reached: {0}")]
    NoWayToTable(#[from] ConnectError),
    #[error("the node {name} could not be started: {source}")]
    NodeNotStarted { name: String, source: io::Error },
    #[error("the node {0} ended before it listened; its lines above say why")]
    NodeEndedEarly(String),
    #[error("every node has ended")]
    NoNodeLeft,
}

impl LocalError {
    /// 2 where an option's value is wrong, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_)
            | Self::Vault(_)
            | Self::VaultAlone
            | Self::WebhookCa { .. }
            | Self::Origins(_)
            | Self::Listen { .. }
            | Self::Options(_) => 2,
            Self::Admin(error) => error.exit_code(),
            _ => 1,
        }
    }
}
