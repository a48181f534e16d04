use domain::alerts::Delivery;
use domain::bounds::DELIVERY_TRIED_SECONDS;
use domain::ports::Unavailable;

/// What a run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertingReport {
    /// Apps of which usage is kept.
    pub apps: u64,
    /// Apps whose settled days were rolled up.
    pub rolled_up: u64,
    /// Events that were raised.
    pub raised: u64,
    /// Deliveries that receivers took.
    pub delivered: u64,
    /// Deliveries that failed and are tried again.
    pub failed: u64,
    /// Deliveries that were given up.
    pub parked: u64,
    /// Deliveries that are left.
    pub pending: u64,
    /// Seconds for which the oldest of those has been on its way; 0 where none is.
    pub oldest_pending_seconds: u64,
    /// The last failure of its stores that kept something from being done; that is left to the next run.
    pub failure: Option<Unavailable>,
}

/// What came of a delivery that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// It is tried again.
    Failed,
    Parked,
    /// Somebody else tries it, or the next run does.
    Left,
}

impl AlertingReport {
    pub(super) fn failed(&mut self, failure: Unavailable) {
        self.failure = Some(failure);
    }

    pub(super) fn came_of(
        &mut self,
        delivery: &Delivery,
        outcome: Result<Outcome, Unavailable>,
        now_unix_s: u64,
    ) {
        let outcome = outcome.unwrap_or_else(|failure| {
            self.failed(failure);
            Outcome::Left
        });
        match outcome {
            Outcome::Delivered => self.delivered += 1,
            Outcome::Parked => self.parked += 1,
            Outcome::Failed => {
                self.failed += 1;
                self.pends(delivery, now_unix_s);
            }
            Outcome::Left => self.pends(delivery, now_unix_s),
        }
    }

    /// A delivery is left.
    pub(super) fn pends(&mut self, delivery: &Delivery, now_unix_s: u64) {
        let begun_unix_s = delivery.until_unix_s.saturating_sub(DELIVERY_TRIED_SECONDS);
        self.pending += 1;
        self.oldest_pending_seconds =
            self.oldest_pending_seconds.max(now_unix_s.saturating_sub(begun_unix_s));
    }

    pub(super) fn log(&self) {
        if let Some(Unavailable { store, cause }) = &self.failure {
            tracing::error!(store, cause, "a run of alerting failed");
        }
        tracing::info!(
            apps = self.apps,
            rolled_up = self.rolled_up,
            raised = self.raised,
            delivered = self.delivered,
            failed = self.failed,
            parked = self.parked,
            pending = self.pending,
            oldest_pending_s = self.oldest_pending_seconds,
            "alerted"
        );
    }
}
