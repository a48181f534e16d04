use std::io;
use std::net::SocketAddr;
use stores::disk::DiskError;
use stores::jwt::JwksError;

/// Why a node can't be set up. Each names the option, its value where that is no secret, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An address can't be listened on.
    #[error(
        "invalid value for '{option}': {address} can't be listened on ({source}): choose a free port, or 0 for any"
    )]
    Listen {
        /// The option.
        option: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A value can't be used.
    #[error("invalid value for '{option}': {cause}")]
    Value {
        /// The option.
        option: &'static str,
        /// What is wrong with it, and what would be right.
        cause: String,
    },
    /// Two options contradict each other, or one is missing.
    #[error("'{option}' {cause}")]
    Combination {
        /// The option.
        option: &'static str,
        /// What it lacks or contradicts, and what to do.
        cause: &'static str,
    },
    /// There is no key set.
    #[error("invalid value for '--jwks': {0}: give the path or the URL of a JSON Web Key Set (RFC 7517)")]
    KeySet(#[from] JwksError),
    /// The documents on the disk can't be used.
    #[error("invalid value for '--data': {0}: end that process, repair it, or choose another folder")]
    Documents(#[from] DiskError),
}

impl SetupError {
    pub(super) fn value(option: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Value { option, cause: cause.to_string() }
    }
}
