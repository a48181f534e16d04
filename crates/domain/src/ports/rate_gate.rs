use super::Unavailable;
use crate::client_ip::ClientIp;
use crate::ids::AppKey;
use crate::policy::{Policy, Window};

/// What a rate is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RateBucket {
    /// Requests of one client under one policy.
    Client(Policy, ClientIp),
    /// Ops of one app in this region.
    Ops(AppKey),
}

/// Counts over a sliding window, by the store's own clock.
///
/// # Contract
/// - [`RateGate::take`] is atomic: however many takers race, in any span of `window.length` never more than
///   `window.limit` are granted in total. It grants as many of `want` as fit, which may be none.
/// - What is refused is not counted: a client that keeps asking gets in again as soon as its window has room.
/// - [`RateGate::give_back`] returns grants that were not used, newest first; never more than were taken.
/// - After [`Unavailable`] a take may have been counted. Callers let pass (fail open) and say so in a metric.
#[async_trait::async_trait]
pub trait RateGate: Send + Sync + 'static {
    /// Takes up to `want` of the bucket's window. Returns how many were granted.
    async fn take(&self, bucket: &RateBucket, want: u64, window: Window) -> Result<u64, Unavailable>;

    /// Returns `count` grants that were not used.
    async fn give_back(&self, bucket: &RateBucket, count: u64, window: Window) -> Result<(), Unavailable>;
}
