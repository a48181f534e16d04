//! How stores spell what becomes of a delivery.

use domain::alerts::DeliveryState;

pub(crate) const fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Parked => "parked",
    }
}

pub(crate) fn parse_state(spelled: &str) -> Option<DeliveryState> {
    let states = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Parked];
    states.into_iter().find(|one| state(*one) == spelled)
}
