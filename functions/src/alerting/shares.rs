//! What each step of a run may take. Looking for what is to be told, and trying what is pending, go side by side; spreading
//! and trying what is new follow. Steps that follow one another have no more together than the run may take.

use super::RUN_MAX;
use domain::bounds::{LOOKUP_DEADLINE, WEBHOOK_DEADLINE};
use std::time::Duration;

/// Listing all apps, or all deliveries.
pub(super) const LISTING: Duration = Duration::from_secs(5);
/// Rolling up.
pub(super) const ROLLING: Duration = Duration::from_secs(7);
/// Finding out what is to be told, and raising it.
pub(super) const RAISING: Duration = Duration::from_secs(14);
/// Making deliveries of events.
pub(super) const SPREADING: Duration = Duration::from_secs(5);
/// One try: its webhook, the secret, the claim, the receiver, and what came of it.
const TRY: Duration = WEBHOOK_DEADLINE.saturating_add(LOOKUP_DEADLINE.saturating_mul(4));

/// When after a run's begin nothing that was pending before it is taken on any more.
pub(super) const FIRST_TAKEN_ON_WITHIN: Duration = Duration::from_secs(8);
/// When after a run's begin no delivery is taken on any more: each that is has time to be tried, and to be written down.
pub(super) const LAST_TAKEN_ON_WITHIN: Duration = RUN_MAX.saturating_sub(TRY);

const LOOKING: u64 = LISTING.as_secs() + ROLLING.as_secs() + RAISING.as_secs();
const FIRST_TRIES: u64 = FIRST_TAKEN_ON_WITHIN.as_secs() + TRY.as_secs();
const LAST_LISTED: u64 = LAST_TAKEN_ON_WITHIN.as_secs() - LISTING.as_secs() - SPREADING.as_secs();
const _: () = assert!(LOOKING <= LAST_LISTED && FIRST_TRIES <= LAST_LISTED);
