//! An event on its way to a webhook.

use super::pin::EXPIRES;
use crate::alerts::{kept, spelling};
use crate::dynamo::attributes::{Item, Key, SORT, Undecodable, number, text};
use domain::alerts::Delivery;
use domain::ids::{EventId, TenantId, WebhookId};

/// The attribute of the number of its changes.
pub(in crate::dynamo) const VERSION: &str = "version";

const PARTITION: &str = "DELIVERIES";
const TENANT: &str = "tenant";
const BODY: &str = "body";
const STATE: &str = "state";
const TRIES: &str = "tries";
const DUE: &str = "due";
const UNTIL: &str = "until";
const FAILURE: &str = "failure";
const CLAIM: &str = "claim";

/// What a delivery is called among all.
pub(in crate::dynamo) fn name(delivery: &Delivery) -> String {
    format!("{}#{}", delivery.event, delivery.webhook)
}

pub(in crate::dynamo) fn key(name: &str) -> Key {
    Key::new(PARTITION, name)
}

pub(in crate::dynamo) fn encode(delivery: &Delivery) -> Item {
    Item::at(key(&name(delivery)))
        .with(TENANT, text(delivery.tenant.as_str()))
        .with(BODY, text(&delivery.body))
        .with(STATE, text(spelling::state(delivery.state)))
        .with(TRIES, number(delivery.tries))
        .with(DUE, number(delivery.due_unix_s))
        .with(UNTIL, number(delivery.until_unix_s))
        .with(FAILURE, text(&delivery.last_failure))
        .with(VERSION, number(delivery.version))
        .with(CLAIM, number(delivery.claim))
        .with(EXPIRES, number(kept::delivery_until_unix_s(delivery)))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<Delivery, Undecodable> {
    let (event, webhook) = named(item.text(SORT)?).ok_or_else(|| Undecodable::new(SORT, "a delivery"))?;
    Ok(Delivery {
        tenant: item.parsed(TENANT, "a tenant's id", TenantId::parse)?,
        event,
        webhook,
        body: item.text(BODY)?.to_owned(),
        state: item
            .parsed(STATE, "the state of a delivery", |spelled| spelling::parse_state(spelled).ok_or(()))?,
        tries: u32::try_from(item.number(TRIES)?)
            .map_err(|_| Undecodable::new(TRIES, "a number of tries"))?,
        due_unix_s: item.number(DUE)?,
        until_unix_s: item.number(UNTIL)?,
        last_failure: item.text(FAILURE)?.to_owned(),
        version: item.number(VERSION)?,
        claim: item.number(CLAIM)?,
    })
}

fn named(name: &str) -> Option<(EventId, WebhookId)> {
    let (event, webhook) = name.split_once('#')?;
    Some((EventId::parse(event).ok()?, WebhookId::parse(webhook).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use domain::alerts::DeliveryState::{Delivered, Parked, Pending};
    use proptest::prelude::*;

    fn delivery() -> impl Strategy<Value = Delivery> {
        let ids = (arbitrary::id(), arbitrary::id(), arbitrary::id());
        let state = prop::sample::select(&[Pending, Delivered, Parked][..]);
        (ids, state, ".{0,40}", ".{0,40}", any::<(u32, u64, u64, u64, u64)>()).prop_map(
            |((tenant, event, webhook), state, body, last_failure, numbers)| {
                let (tries, due_unix_s, until_unix_s, version, claim) = numbers;
                let tenant = TenantId::parse(&tenant).unwrap();
                let (event, webhook) = (EventId::parse(&event).unwrap(), WebhookId::parse(&webhook).unwrap());
                let new = Delivery::new(tenant, event, webhook, body, 0);
                Delivery { state, tries, due_unix_s, until_unix_s, last_failure, version, claim, ..new }
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_delivery_is_read_as_it_was_written(delivery in delivery()) {
            prop_assert_eq!(decode(&encode(&delivery)), Ok(delivery));
        }

        #[test]
        fn two_deliveries_share_no_key(one in delivery(), other in delivery()) {
            let ids = |delivery: &Delivery| (delivery.event.clone(), delivery.webhook.clone());
            prop_assert_eq!(name(&one) == name(&other), ids(&one) == ids(&other));
        }
    }

    #[test]
    fn what_is_no_delivery_is_named() {
        for name in ["", "evt_1", "evt_1#", "evt_1#wh_1#x"] {
            let item = Item::default().with(SORT, text(name));
            assert_eq!(decode(&item), Err(Undecodable::new(SORT, "a delivery")), "{name}");
        }
    }
}
