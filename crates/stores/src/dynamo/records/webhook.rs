//! A tenant's webhook.

use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, bytes, number, text, texts};
use domain::alerts::{EventKind, Webhook, WebhookUrl};
use domain::ids::{TenantId, WebhookId};

const PREFIX: &str = "WEBHOOKS#";
const URL: &str = "url";
const EVENTS: &str = "events";
const DESCRIPTION: &str = "description";
const SECRET: &str = "secret";
const CREATED: &str = "created";

/// The partition of a tenant's webhooks.
pub(in crate::dynamo) fn partition(tenant: &TenantId) -> String {
    format!("{PREFIX}{tenant}")
}

pub(in crate::dynamo) fn key(tenant: &TenantId, id: &WebhookId) -> Key {
    Key::new(partition(tenant), id.as_str())
}

pub(in crate::dynamo) fn encode(webhook: &Webhook) -> Item {
    Item::at(key(&webhook.tenant, &webhook.id))
        .with(URL, text(webhook.url.as_str()))
        .with(EVENTS, texts(webhook.events.iter().map(|kind| kind.name().to_owned())))
        .with(DESCRIPTION, text(&webhook.description))
        .with(SECRET, bytes(webhook.sealed_secret.clone()))
        .with(CREATED, number(webhook.created_unix_s))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<Webhook, Undecodable> {
    let tenant = item.text(PARTITION)?.strip_prefix(PREFIX).and_then(|id| TenantId::parse(id).ok());
    let events = item.texts(EVENTS)?.into_iter().map(EventKind::parse).collect::<Option<_>>();
    Ok(Webhook {
        id: item.parsed(SORT, "a webhook's id", WebhookId::parse)?,
        tenant: tenant.ok_or_else(|| Undecodable::new(PARTITION, "a tenant's webhooks"))?,
        url: item.parsed(URL, "a webhook's URL", WebhookUrl::parse)?,
        events: events.ok_or_else(|| Undecodable::new(EVENTS, "a list of events"))?,
        description: item.text(DESCRIPTION)?.to_owned(),
        sealed_secret: item.bytes(SECRET)?.to_vec(),
        created_unix_s: item.number(CREATED)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn webhook() -> impl Strategy<Value = Webhook> {
        let events = prop::collection::btree_set(prop::sample::select(&EventKind::ALL[..]), 0..=2);
        let ids = (arbitrary::id(), arbitrary::id());
        let (url, secret) =
            ("https://[a-z]{1,9}\\.example(:[1-9][0-9]{0,3})?/[a-zA-Z0-9?=]{0,40}", any::<Vec<u8>>());
        (ids, url, events, ".{0,40}", secret, any::<u64>()).prop_map(
            |((id, tenant), url, events, description, sealed_secret, created_unix_s)| Webhook {
                id: WebhookId::parse(&id).unwrap(),
                tenant: TenantId::parse(&tenant).unwrap(),
                url: WebhookUrl::parse(&url).unwrap(),
                events,
                description,
                sealed_secret,
                created_unix_s,
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_webhook_is_read_as_it_was_written(webhook in webhook()) {
            prop_assert_eq!(decode(&encode(&webhook)), Ok(webhook));
        }
    }

    #[test]
    fn what_is_no_webhook_is_named() {
        let item = Item::default().with(PARTITION, text("WEBHOOKS#t")).with(SORT, text("wh_1"));
        let item = item.with(EVENTS, texts([])).with(URL, text("http://example.com"));
        assert_eq!(decode(&item), Err(Undecodable::new(URL, "a webhook's URL")));
    }
}
