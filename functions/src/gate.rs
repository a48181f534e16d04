//! The rate policies per client IP and API key, and what happens when the gate itself fails.

use crate::plane::Front;
use domain::client_ip::ClientIp;
use domain::http_error::HttpError;
use domain::ids::ApiKeyId;
use domain::policy::{GATE_DEADLINE, Policy, RatePolicies};
use domain::ports::{RateBucket, Unavailable, Want};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the rate gate's failures are logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// How often the rate gate failed, and the request was let pass.
#[derive(Debug, Default)]
pub struct GateFailures {
    total: AtomicU64,
    logged: AtomicU64,
    /// Milliseconds of the process's clock from which on the next line may be written.
    log_from_ms: AtomicU64,
}

impl GateFailures {
    /// Failures since the process began.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Counts one failure at `now` on the process's clock. Where a line is due, returns how many failures it
    /// stands for; of any number of racing callers one is told.
    fn note(&self, now: Duration) -> Option<u64> {
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let now_ms = whole_ms(now);
        let due_ms = self.log_from_ms.load(Ordering::Relaxed);
        let next_ms = now_ms.saturating_add(whole_ms(LOG_EVERY));
        let mine = now_ms >= due_ms
            && self
                .log_from_ms
                .compare_exchange(due_ms, next_ms, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        mine.then(|| total.saturating_sub(self.logged.swap(total, Ordering::Relaxed)))
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Front {
    /// Counts one request of `client` under `policy`. A gate that fails, or does not answer within
    /// [`GATE_DEADLINE`], lets pass.
    pub(crate) async fn admit(&self, policy: Policy, client: ClientIp) -> Result<(), HttpError> {
        self.admit_to(policy, RateBucket::Client(policy, client)).await
    }

    /// Counts one request with an API key under `policy`, in the same way.
    pub(crate) async fn admit_key(&self, policy: Policy, key: ApiKeyId) -> Result<(), HttpError> {
        self.admit_to(policy, RateBucket::Key(policy, key)).await
    }

    async fn admit_to(&self, policy: Policy, bucket: RateBucket) -> Result<(), HttpError> {
        if self.rate_policies == RatePolicies::Off {
            return Ok(());
        }
        let taking = self.rate_gate.take(&bucket, Want::only(1), policy.window(), Duration::ZERO);
        let failure = match tokio::time::timeout(GATE_DEADLINE, taking).await {
            Ok(Ok(grant)) if grant.count == 0 => {
                return Err(HttpError::RateLimited { limit: policy.window().limit });
            }
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => Unavailable::new("rate gate", "no answer within the deadline"),
        };
        if let Some(passed) = self.gate_failures.note(self.clock.monotonic()) {
            let Unavailable { store, cause } = failure;
            tracing::warn!(store, cause, passed, "requests pass uncounted");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_logged_at_once_and_then_once_a_minute() {
        let failures = GateFailures::default();
        let at = |seconds: u64| failures.note(Duration::from_secs(seconds));
        assert_eq!(at(7), Some(1));
        assert_eq!((at(7), at(66)), (None, None));
        assert_eq!(at(67), Some(3));
        assert_eq!(at(126), None);
        assert_eq!(failures.total(), 5);
    }
}
