//! The rate gate of the region, as this node sees it: whether it answers, and what passes because it does not.

use crate::health::Answers;
use crate::metrics::Metrics;
use domain::clock::Clock;
use domain::policy::{GATE_DEADLINE, Window};
use domain::ports::{Grant, RateBucket, RateGate, Unavailable, Want};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// How often failures are logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The region's rate gate.
pub struct Gate {
    port: Arc<dyn RateGate>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    answers: Answers,
    logged_at: Mutex<Option<Duration>>,
}

impl Gate {
    /// The gate behind `port`.
    #[must_use]
    pub fn new(port: Arc<dyn RateGate>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { port, clock, metrics, answers: Answers::default(), logged_at: Mutex::default() }
    }

    /// Takes from a rate's window. `None`: the gate did not answer in time, which lets pass.
    pub(crate) async fn take(
        &self,
        bucket: &RateBucket,
        want: Want,
        window: Window,
        within: Duration,
    ) -> Option<Grant> {
        let taking = self.port.take(bucket, want, window, within);
        match tokio::time::timeout(GATE_DEADLINE, taking).await {
            Ok(Ok(grant)) => {
                self.answered();
                return Some(grant);
            }
            Ok(Err(error)) => self.failed(bucket, &error),
            Err(_) => self.failed(bucket, &late()),
        }
        None
    }

    /// Whether the gate is believed to answer.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.answers.answers(self.now())
    }

    pub(crate) fn port(&self) -> &dyn RateGate {
        &*self.port
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Notes that the gate answered.
    pub(crate) fn answered(&self) {
        self.answers.note(true, self.now());
    }

    /// Notes that the gate did not answer: whatever asked passes.
    pub(crate) fn failed(&self, bucket: &RateBucket, error: &Unavailable) {
        let name = match bucket {
            RateBucket::Client(policy, _) | RateBucket::Key(policy, _) => policy.name(),
            RateBucket::Ops(_) => "ops",
        };
        let now = self.now();
        self.answers.note(false, now);
        self.metrics.fail_open(name);
        let mut logged_at = self.logged_at.lock();
        if logged_at.is_none_or(|at| now >= at + LOG_EVERY) {
            *logged_at = Some(now);
            tracing::warn!(bucket = name, %error, "the rate gate did not answer; letting pass");
        }
    }
}

/// What is said of an answer that did not come within [`GATE_DEADLINE`].
pub(crate) fn late() -> Unavailable {
    Unavailable::new("rate gate", "no answer in time")
}
