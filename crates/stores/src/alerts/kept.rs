//! Until when events and deliveries are remembered.

use domain::alerts::{Delivery, Event};
use domain::bounds::DELIVERY_KEPT_DAYS;

const KEPT_SECONDS: u64 = DELIVERY_KEPT_DAYS * 24 * 60 * 60;

/// Until when an event is remembered, in seconds since 1970.
pub(crate) fn event_until_unix_s(event: &Event) -> u64 {
    event.created_unix_s.saturating_add(KEPT_SECONDS)
}

/// Until when a delivery is remembered, in seconds since 1970: counted from when it is given up at the latest.
pub(crate) fn delivery_until_unix_s(delivery: &Delivery) -> u64 {
    delivery.until_unix_s.max(delivery.due_unix_s).saturating_add(KEPT_SECONDS)
}
