//! A tenant's signing key. Keys lie apart from all else, so that whoever verifies may be allowed to read nothing more.

use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, bytes, number, text};
use domain::ids::{KeyId, TenantId};
use domain::registry::TenantKey;

const KEYS: &str = "KEYS#";
const PUBLIC: &str = "public";
const SEALED: &str = "sealed";
const SIGNS_FROM: &str = "signs_from";

/// The partition of a tenant's keys.
pub(in crate::dynamo) fn partition(tenant: &TenantId) -> String {
    format!("{KEYS}{tenant}")
}

pub(in crate::dynamo) fn key(tenant: &TenantId, id: &KeyId) -> Key {
    Key::new(partition(tenant), id.as_str())
}

pub(in crate::dynamo) fn encode(tenant_key: &TenantKey) -> Item {
    Item::at(key(&tenant_key.tenant, &tenant_key.id))
        .with(PUBLIC, text(tenant_key.public.to_string()))
        .with(SEALED, bytes(tenant_key.sealed.clone()))
        .with(SIGNS_FROM, number(tenant_key.signs_from_unix_s))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<TenantKey, Undecodable> {
    let tenant = item.text(PARTITION)?.strip_prefix(KEYS).and_then(|id| TenantId::parse(id).ok());
    Ok(TenantKey {
        tenant: tenant.ok_or_else(|| Undecodable::new(PARTITION, "a tenant's keys"))?,
        id: item.parsed(SORT, "a key's id", KeyId::parse)?,
        public: item.parsed(PUBLIC, "a JWK", |json| serde_json::from_str(json))?,
        sealed: item.bytes(SEALED)?.to_vec(),
        signs_from_unix_s: item.number(SIGNS_FROM)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_key_is_read_as_it_was_written(
            tenant in arbitrary::id(),
            id in arbitrary::id(),
            x in ".{0,40}",
            sealed in prop::collection::vec(any::<u8>(), 0..200),
            signs_from_unix_s in any::<u64>(),
        ) {
            let key = TenantKey {
                tenant: TenantId::parse(&tenant).unwrap(),
                id: KeyId::parse(&id).unwrap(),
                public: json!({"kty": "OKP", "x": x}),
                sealed,
                signs_from_unix_s,
            };
            prop_assert_eq!(decode(&encode(&key)), Ok(key));
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        let item = Item::default().with(PARTITION, text("KEYS#t")).with(SORT, text("k"));
        let item = item.with(PUBLIC, text("{"));
        assert_eq!(decode(&item), Err(Undecodable::new(PUBLIC, "a JWK")));
    }
}
