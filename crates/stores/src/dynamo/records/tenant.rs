//! A tenant on the books.

use crate::dynamo::attributes::{Item, Key, SORT, Undecodable, text};
use domain::ids::TenantId;
use domain::registry::Tenant;

/// The partition of all tenants.
pub(in crate::dynamo) const PARTITION: &str = "TENANTS";

const NAME: &str = "name";

pub(in crate::dynamo) fn key(id: &TenantId) -> Key {
    Key::new(PARTITION, id.as_str())
}

pub(in crate::dynamo) fn encode(tenant: &Tenant) -> Item {
    Item::at(key(&tenant.id)).with(NAME, text(&tenant.name))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<Tenant, Undecodable> {
    Ok(Tenant { id: item.parsed(SORT, "a tenant's id", TenantId::parse)?, name: item.text(NAME)?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_tenant_is_read_as_it_was_written(id in arbitrary::id(), name in ".{0,40}") {
            let tenant = Tenant { id: TenantId::parse(&id).unwrap(), name };
            prop_assert_eq!(decode(&encode(&tenant)), Ok(tenant));
        }
    }

    #[test]
    fn what_is_no_tenant_is_named() {
        let item = Item::default().with(SORT, text("t")).with(NAME, crate::dynamo::attributes::number(1u64));
        assert_eq!(decode(&item), Err(Undecodable::new(NAME, "a text")));
    }
}
