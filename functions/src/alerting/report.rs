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
    /// Tries of deliveries that failed, and are followed by others.
    pub failed: u64,
    /// Deliveries that were given up.
    pub parked: u64,
    /// Deliveries whose webhook there is no more.
    pub dropped: u64,
    /// Deliveries that are left.
    pub pending: u64,
    /// Seconds for which the oldest of those has been on its way; 0 where none is.
    pub oldest_pending_seconds: u64,
    /// The same of those that were never tried: how late runs are, whatever receivers do.
    pub oldest_untried_seconds: u64,
    /// The last failure of its stores that kept something from being done; that is left to the next run.
    pub failure: Option<Unavailable>,
}

/// What came of a delivery that was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// It is tried again.
    Failed,
    Parked,
    /// Its webhook was deleted.
    Dropped,
    /// Somebody else tries it.
    Left,
    /// Our own stores kept it from being tried, or from being written down.
    Kept(Unavailable),
}

impl AlertingReport {
    pub(super) fn failed(&mut self, failure: Unavailable) {
        self.failure = Some(failure);
    }

    /// Counts what came of a delivery. Returns whether it is still pending.
    pub(super) fn came_of(&mut self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Delivered => self.delivered += 1,
            Outcome::Parked => self.parked += 1,
            Outcome::Dropped => self.dropped += 1,
            Outcome::Failed => {
                self.failed += 1;
                return true;
            }
            Outcome::Left => return true,
            Outcome::Kept(failure) => {
                self.failed(failure);
                return true;
            }
        }
        false
    }

    /// Adds what tries beside the rest of the run came to.
    pub(super) fn add(&mut self, tries: Self) {
        self.delivered += tries.delivered;
        self.failed += tries.failed;
        self.parked += tries.parked;
        self.dropped += tries.dropped;
        self.failure = tries.failure.or(self.failure.take());
    }

    /// These deliveries are left.
    pub(super) fn pend(&mut self, left: &[Delivery], now_unix_s: u64) {
        let age = |delivery: &Delivery| {
            let begun_unix_s = delivery.until_unix_s.saturating_sub(DELIVERY_TRIED_SECONDS);
            now_unix_s.saturating_sub(begun_unix_s)
        };
        let untried = left.iter().filter(|delivery| delivery.tries == 0);
        self.pending = left.len() as u64;
        self.oldest_pending_seconds = left.iter().map(age).max().unwrap_or_default();
        self.oldest_untried_seconds = untried.map(age).max().unwrap_or_default();
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
            dropped = self.dropped,
            pending = self.pending,
            oldest_pending_s = self.oldest_pending_seconds,
            oldest_untried_s = self.oldest_untried_seconds,
            "alerted"
        );
    }
}
