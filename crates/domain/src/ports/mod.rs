//! The ports: what the service asks of a store. Each states what is atomic, what a repeat does, and what an
//! error leaves unknown; `stores::conformance` runs every clause against every adapter.
//!
//! An error of a port is never a "no": it says that the answer is not known.

mod alerts;
mod api_keys;
mod cluster;
mod documents;
mod homes;
mod ledger;
mod pins;
mod platform_log;
mod rate_gate;
mod refresh_families;
mod registry;
mod secrets;
mod tokens;
mod usage_log;

pub use alerts::{Alerts, Courier, Undelivered};
pub use api_keys::ApiKeys;
pub use cluster::{Beat, Cluster, HeldKey, NodeRecord, NodeState, Sighting};
pub use documents::{Documents, DocumentsError, LogBounds, Opened, Position};
pub use homes::{HomePorts, Homes};
pub use ledger::Ledger;
pub use pins::{Owner, Pin, PinOutcome, Pins};
pub use platform_log::{NodeMinute, PlatformLog, SAMPLES_PER_MINUTE};
pub use rate_gate::{Grant, Mark, RateBucket, RateGate, Want};
pub use refresh_families::{RefreshFamilies, Turn};
pub use registry::{Added, Registry};
pub use secrets::{SecretHashes, TokenSigner, Vault};
pub use tokens::Tokens;
pub use usage_log::{Resolution, Span, UsageAdd, UsageLog, UsageStanding, Writer};

/// A store did not answer, or answered with an error of its own. Whether a write took effect is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{store} is unavailable: {cause}")]
pub struct Unavailable {
    /// Which store, as logs and metrics name it: `ledger`, `pins`, `documents`, `rate gate`, …
    pub store: &'static str,
    /// What the store or its client said, for the log.
    pub cause: String,
}

impl Unavailable {
    /// A store that did not answer, and why.
    #[must_use]
    pub fn new(store: &'static str, cause: impl std::fmt::Display) -> Self {
        Self { store, cause: cause.to_string() }
    }
}
