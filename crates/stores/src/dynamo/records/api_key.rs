//! An API key, found by its id; and its name with its holder, which lists the holder's keys.

use super::app;
use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, bytes, number, text, texts};
use domain::ids::{ApiKeyId, TenantId};
use domain::registry::{ApiKey, ApiScope, Digest, KeyHolder};

/// What the sort keys of API keys' names begin with.
pub(in crate::dynamo) const PREFIX: &str = "APIKEY#";
/// The attribute of the time at which a key was revoked. Absent where it is not.
pub(in crate::dynamo) const REVOKED: &str = "revoked";
/// The attribute of the time at which a key was last used. Absent where none was noted.
pub(in crate::dynamo) const USED: &str = "used";

const API_KEY: &str = "APIKEY";
/// The partition of the names of the operator's keys.
const PLATFORM: &str = "PLATFORM";
/// Absent in a key of the operator's.
const TENANT: &str = "tenant";
const SCOPES: &str = "scopes";
const DESCRIPTION: &str = "description";
const DIGEST: &str = "digest";
const CREATED: &str = "created";

pub(in crate::dynamo) fn key(id: &ApiKeyId) -> Key {
    Key::new(format!("{PREFIX}{id}"), API_KEY)
}

pub(in crate::dynamo) fn encode(of: &ApiKey) -> Item {
    let mut item = Item::at(key(&of.id))
        .with(SCOPES, texts(of.scopes.iter().map(|scope| scope.name().to_owned())))
        .with(DESCRIPTION, text(&of.description))
        .with(DIGEST, bytes(of.digest))
        .with(CREATED, number(of.created_unix_s));
    if let KeyHolder::Tenant(tenant) = &of.holder {
        item = item.with(TENANT, text(tenant.as_str()));
    }
    for (name, at) in [(REVOKED, of.revoked_unix_s), (USED, of.used_unix_s)] {
        if let Some(at) = at {
            item = item.with(name, number(at));
        }
    }
    item
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<ApiKey, Undecodable> {
    let id = item.text(PARTITION)?.strip_prefix(PREFIX).and_then(|id| ApiKeyId::parse(id).ok());
    let tenant = item.text_if_any(TENANT)?.map(TenantId::parse).transpose();
    let tenant = tenant.map_err(|_| Undecodable::new(TENANT, "a tenant's id"))?;
    let scopes = item.texts(SCOPES)?.into_iter().map(ApiScope::parse).collect::<Option<_>>();
    let digest = Digest::try_from(item.bytes(DIGEST)?);
    Ok(ApiKey {
        id: id.ok_or_else(|| Undecodable::new(PARTITION, "an API key"))?,
        holder: tenant.map_or(KeyHolder::Platform, KeyHolder::Tenant),
        scopes: scopes.ok_or_else(|| Undecodable::new(SCOPES, "a list of scopes"))?,
        description: item.text(DESCRIPTION)?.to_owned(),
        digest: digest.map_err(|_| Undecodable::new(DIGEST, "32 bytes"))?,
        created_unix_s: item.number(CREATED)?,
        revoked_unix_s: item.number_if_any(REVOKED)?,
        used_unix_s: item.number_if_any(USED)?,
    })
}

/// The partition that lists the names of a holder's keys.
pub(in crate::dynamo) fn names_of(holder: &KeyHolder) -> String {
    match holder {
        KeyHolder::Platform => PLATFORM.to_owned(),
        KeyHolder::Tenant(tenant) => app::partition(tenant),
    }
}

/// The key's name with its holder.
pub(in crate::dynamo) fn encode_name(key: &ApiKey) -> Item {
    Item::at(Key::new(names_of(&key.holder), format!("{PREFIX}{}", key.id)))
}

pub(in crate::dynamo) fn decode_name(item: &Item) -> Result<ApiKeyId, Undecodable> {
    let id = item.text(SORT)?.strip_prefix(PREFIX).and_then(|id| ApiKeyId::parse(id).ok());
    id.ok_or_else(|| Undecodable::new(SORT, "an API key's name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn api_key() -> impl Strategy<Value = ApiKey> {
        let tenant = arbitrary::id().prop_map(|id| KeyHolder::Tenant(TenantId::parse(&id).unwrap()));
        let holder = prop_oneof![Just(KeyHolder::Platform), tenant];
        let scopes = prop::collection::btree_set(prop::sample::select(&ApiScope::ALL[..]), 0..=4);
        let times = any::<(u64, Option<u64>, Option<u64>)>();
        (arbitrary::id(), holder, scopes, ".{0,40}", any::<Digest>(), times).prop_map(
            |(id, holder, scopes, description, digest, (created_unix_s, revoked_unix_s, used_unix_s))| {
                ApiKey {
                    id: ApiKeyId::parse(&id).unwrap(),
                    holder,
                    scopes,
                    description,
                    digest,
                    created_unix_s,
                    revoked_unix_s,
                    used_unix_s,
                }
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn an_api_key_is_read_as_it_was_written(key in api_key()) {
            prop_assert_eq!(decode_name(&encode_name(&key)), Ok(key.id.clone()));
            prop_assert_eq!(decode(&encode(&key)), Ok(key));
        }
    }

    #[test]
    fn what_is_no_api_key_is_named() {
        let item = Item::default().with(PARTITION, text("APIKEY#k")).with(SCOPES, texts(["all".to_owned()]));
        let item = item.with(DIGEST, bytes([1; 32]));
        assert_eq!(decode(&item), Err(Undecodable::new(SCOPES, "a list of scopes")));
        let item = Item::default().with(SORT, text("CLIENT#c"));
        assert_eq!(decode_name(&item), Err(Undecodable::new(SORT, "an API key's name")));
    }
}
