use domain::ports::Unavailable;

/// What a run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertingReport {
    /// Apps that were looked at.
    pub apps: u64,
    /// Apps whose days were rolled up.
    pub rolled_up: u64,
    /// Events that were raised.
    pub raised: u64,
    /// Deliveries that receivers took.
    pub delivered: u64,
    /// Deliveries that failed and are tried again.
    pub failed: u64,
    /// Deliveries that were given up.
    pub parked: u64,
    /// Seconds for which the oldest of the deliveries that are left has been on its way; `None` where none is, or nobody could tell.
    pub oldest_pending_seconds: Option<u64>,
    /// The last failure of its stores that kept something from being done; that is left to the next run.
    pub failure: Option<Unavailable>,
}
