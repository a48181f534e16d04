use super::Unavailable;
use crate::ids::AppKey;

/// What usage is counted by: one app, one endpoint, one hour.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UsageBucket {
    /// Whose requests.
    pub app: AppKey,
    /// `discovery`, `usage`, `connect` or `ops`.
    pub endpoint: &'static str,
    /// Hours since 1970-01-01T00:00Z.
    pub hour: u64,
}

/// What is counted in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageCounts {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Refused or failed requests.
    pub errors: u64,
    /// Sum of the times to answer, in microseconds.
    pub latency_us: u64,
}

/// Counted usage over time.
///
/// # Contract
/// - [`UsageLog::add`] adds each batch once: a repeat with the same `batch` id changes nothing, whatever became
///   of the first try.
/// - [`UsageLog::read`] returns the buckets of an app with `from_hour <= hour < to_hour`, by hour and endpoint.
/// - After [`Unavailable`] a batch may have been added; adding it again is safe.
#[async_trait::async_trait]
pub trait UsageLog: Send + Sync + 'static {
    /// Adds counts to buckets, once for each batch id.
    async fn add(&self, batch: u128, counts: &[(UsageBucket, UsageCounts)]) -> Result<(), Unavailable>;

    /// The buckets of an app in a range of hours.
    async fn read(
        &self,
        app: &AppKey,
        from_hour: u64,
        to_hour: u64,
    ) -> Result<Vec<(UsageBucket, UsageCounts)>, Unavailable>;
}
