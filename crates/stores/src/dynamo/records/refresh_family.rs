//! A family of refresh tokens. DynamoDB deletes it some time after its last token has expired.

use super::pin::EXPIRES;
use crate::dynamo::attributes::{Item, Key, PARTITION, Undecodable, bytes, number, text};
use domain::ids::{ClientId, FamilyId};
use domain::registry::{Digest, RefreshFamily};

/// The attribute of the client that its tokens were issued to.
pub(in crate::dynamo) const CLIENT: &str = "client";
/// The attribute of what the last token's secret is known by.
pub(in crate::dynamo) const CURRENT: &str = "current";
/// The attribute that says that a token was used twice. Absent where none was.
pub(in crate::dynamo) const REVOKED: &str = "revoked";

const PREFIX: &str = "REFRESH#";
const REFRESH: &str = "REFRESH";

pub(in crate::dynamo) fn key(id: &FamilyId) -> Key {
    Key::new(format!("{PREFIX}{id}"), REFRESH)
}

pub(in crate::dynamo) fn encode(family: &RefreshFamily) -> Item {
    let item = Item::at(key(&family.id))
        .with(CLIENT, text(family.client.as_str()))
        .with(CURRENT, bytes(family.current))
        .with(EXPIRES, number(family.expires_unix_s));
    if family.revoked { item.with(REVOKED, number(1u64)) } else { item }
}

/// `None` where there is no such family.
pub(in crate::dynamo) fn decode(item: &Item) -> Result<Option<RefreshFamily>, Undecodable> {
    if item.is_empty() {
        return Ok(None);
    }
    let id = item.text(PARTITION)?.strip_prefix(PREFIX).and_then(|id| FamilyId::parse(id).ok());
    let current = Digest::try_from(item.bytes(CURRENT)?);
    Ok(Some(RefreshFamily {
        id: id.ok_or_else(|| Undecodable::new(PARTITION, "a family of refresh tokens"))?,
        client: item.parsed(CLIENT, "a client's id", ClientId::parse)?,
        current: current.map_err(|_| Undecodable::new(CURRENT, "32 bytes"))?,
        expires_unix_s: item.number(EXPIRES)?,
        revoked: item.has(REVOKED),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_family_is_read_as_it_was_written(
            id in arbitrary::id(),
            client in arbitrary::id(),
            current in any::<Digest>(),
            expires_unix_s in any::<u64>(),
            revoked in any::<bool>(),
        ) {
            let (id, client) = (FamilyId::parse(&id).unwrap(), ClientId::parse(&client).unwrap());
            let family = RefreshFamily { id, client, current, expires_unix_s, revoked };
            prop_assert_eq!(decode(&encode(&family)), Ok(Some(family)));
        }
    }

    #[test]
    fn what_is_no_family_is_named() {
        assert_eq!(decode(&Item::default()), Ok(None));
        let item = Item::default().with(PARTITION, text("REFRESH#f")).with(CURRENT, bytes([1; 31]));
        let item = item.with(CLIENT, text("c"));
        assert_eq!(decode(&item), Err(Undecodable::new(CURRENT, "32 bytes")));
    }
}
