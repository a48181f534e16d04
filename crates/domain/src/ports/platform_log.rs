use super::{Unavailable, Writer};

/// Samples of a node's connections in a minute: one each 5 s.
pub const SAMPLES_PER_MINUTE: usize = 12;

/// What a node did in one minute of its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeMinute {
    /// The node's process.
    pub writer: Writer,
    /// Minutes since 1970-01-01T00:00Z.
    pub minute: u64,
    /// Its open WebSockets at the minute's beginning and each 5 s from there; 0 where it did not look.
    pub connections: [u64; SAMPLES_PER_MINUTE],
    /// Ops that it applied.
    pub ops: u64,
}

/// What the nodes of a deployment did in the last hours, minute by minute.
///
/// # Contract
/// - [`PlatformLog::note`] replaces what the same writer noted of the same minute; a repeat is harmless.
/// - [`PlatformLog::minutes`] lists what all nodes noted of `from <= minute < to`, by minute. It sees every note that was answered
///   before it began.
/// - Minutes are kept for [`crate::bounds::PLATFORM_MINUTES_KEPT`] at least.
#[async_trait::async_trait]
pub trait PlatformLog: Send + Sync + 'static {
    /// Notes a node's minute.
    async fn note(&self, minute: &NodeMinute) -> Result<(), Unavailable>;

    /// The minutes of all nodes in a range.
    async fn minutes(&self, from: u64, to: u64) -> Result<Vec<NodeMinute>, Unavailable>;
}
