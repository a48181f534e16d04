//! That an event or a delivery is on a list of what is still to be done, so that whoever looks reads no more than that.
//!
//! It is written before the item is as the list says, and deleted after it is no longer: a list lacks nothing, and what it
//! has too much is told by the item itself. What it says belongs to a version of the item, so that nobody deletes what was
//! listed again meanwhile.

use super::delivery::VERSION;
use super::pin::EXPIRES;
use crate::dynamo::attributes::{Item, Key, SORT, Undecodable, number};
use domain::alerts::DeliveryState;

/// A list, which is a partition of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dynamo) enum List {
    /// Events whose deliveries are to be added.
    Unspread,
    /// Deliveries that are to be made.
    Pending,
    /// Deliveries that were given up.
    Parked,
}

impl List {
    /// The list of deliveries in this state; delivered ones are on none.
    pub(in crate::dynamo) fn of(state: DeliveryState) -> Option<Self> {
        match state {
            DeliveryState::Pending => Some(Self::Pending),
            DeliveryState::Parked => Some(Self::Parked),
            DeliveryState::Delivered => None,
        }
    }

    pub(in crate::dynamo) const fn partition(self) -> &'static str {
        match self {
            Self::Unspread => "UNSPREAD",
            Self::Pending => "PENDING",
            Self::Parked => "PARKED",
        }
    }
}

pub(in crate::dynamo) fn key(list: List, name: &str) -> Key {
    Key::new(list.partition(), name)
}

/// That the item `name` is on the list from its version `version` on.
pub(in crate::dynamo) fn encode(list: List, name: &str, version: u64, expires_unix_s: u64) -> Item {
    Item::at(key(list, name)).with(VERSION, number(version)).with(EXPIRES, number(expires_unix_s))
}

/// The name of the item.
pub(in crate::dynamo) fn decode(item: &Item) -> Result<String, Undecodable> {
    item.text(SORT).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_read_as_it_was_written() {
        for list in [List::Unspread, List::Pending, List::Parked] {
            assert_eq!(decode(&encode(list, "evt_1#wh_1", 7, 9)), Ok("evt_1#wh_1".to_owned()));
        }
    }
}
