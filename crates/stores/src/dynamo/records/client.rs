//! A client on the books, found by its id; and its name with its tenant, which lists the tenant's clients.

use super::app;
use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, number, text};
use domain::ids::{AppId, AppKey, ClientId, TenantId};
use domain::registry::{Client, Refresh, SecretHash};

/// What the sort keys of clients' names begin with.
pub(in crate::dynamo) const PREFIX: &str = "CLIENT#";
/// The attribute of the time at which a client was revoked. Absent where it is not.
pub(in crate::dynamo) const REVOKED: &str = "revoked";

const CLIENT: &str = "CLIENT";
const TENANT: &str = "tenant";
const APP: &str = "app";
const SECRET: &str = "secret";
const REFRESH: &str = "refresh";
const CREATED: &str = "created";

pub(in crate::dynamo) fn key(id: &ClientId) -> Key {
    Key::new(format!("{PREFIX}{id}"), CLIENT)
}

pub(in crate::dynamo) fn encode(client: &Client) -> Item {
    let item = Item::at(key(&client.id))
        .with(TENANT, text(client.app.tenant.as_str()))
        .with(APP, text(client.app.app.as_str()))
        .with(SECRET, text(&client.secret.0))
        .with(REFRESH, text(spell(client.refresh)))
        .with(CREATED, number(client.created_unix_s));
    match client.revoked_unix_s {
        Some(at) => item.with(REVOKED, number(at)),
        None => item,
    }
}

/// `None` where there is no such client.
pub(in crate::dynamo) fn decode(item: &Item) -> Result<Option<Client>, Undecodable> {
    if item.is_empty() {
        return Ok(None);
    }
    let id = item.text(PARTITION)?.strip_prefix(PREFIX).and_then(|id| ClientId::parse(id).ok());
    Ok(Some(Client {
        id: id.ok_or_else(|| Undecodable::new(PARTITION, "a client"))?,
        app: AppKey {
            tenant: item.parsed(TENANT, "a tenant's id", TenantId::parse)?,
            app: item.parsed(APP, "an app's id", AppId::parse)?,
        },
        secret: SecretHash(item.text(SECRET)?.to_owned()),
        refresh: item.parsed(REFRESH, "allowed or denied", |spelled| {
            [Refresh::Allowed, Refresh::Denied].into_iter().find(|one| spell(*one) == spelled).ok_or(())
        })?,
        created_unix_s: item.number(CREATED)?,
        revoked_unix_s: item.number_if_any(REVOKED)?,
    }))
}

fn spell(refresh: Refresh) -> &'static str {
    match refresh {
        Refresh::Allowed => "allowed",
        Refresh::Denied => "denied",
    }
}

/// The client's name with its tenant.
pub(in crate::dynamo) fn encode_name(client: &Client) -> Item {
    Item::at(Key::new(app::partition(&client.app.tenant), format!("{PREFIX}{}", client.id)))
}

pub(in crate::dynamo) fn decode_name(item: &Item) -> Result<ClientId, Undecodable> {
    let id = item.text(SORT)?.strip_prefix(PREFIX).and_then(|id| ClientId::parse(id).ok());
    id.ok_or_else(|| Undecodable::new(SORT, "a client's name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn client() -> impl Strategy<Value = Client> {
        let refresh = prop_oneof![Just(Refresh::Allowed), Just(Refresh::Denied)];
        (arbitrary::id(), arbitrary::app(), ".{0,99}", refresh, any::<u64>(), any::<Option<u64>>()).prop_map(
            |(id, app, secret, refresh, created_unix_s, revoked_unix_s)| Client {
                id: ClientId::parse(&id).unwrap(),
                app,
                secret: SecretHash(secret),
                refresh,
                created_unix_s,
                revoked_unix_s,
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_client_is_read_as_it_was_written(client in client()) {
            prop_assert_eq!(decode_name(&encode_name(&client)), Ok(client.id.clone()));
            prop_assert_eq!(decode(&encode(&client)), Ok(Some(client)));
        }
    }

    #[test]
    fn what_is_no_client_is_named() {
        assert_eq!(decode(&Item::default()), Ok(None));
        let item = Item::default().with(PARTITION, text("CLIENT#a b"));
        assert_eq!(decode(&item), Err(Undecodable::new(PARTITION, "a client")));
        let item = Item::default().with(SORT, text("APP#a"));
        assert_eq!(decode_name(&item), Err(Undecodable::new(SORT, "a client's name")));
    }
}
