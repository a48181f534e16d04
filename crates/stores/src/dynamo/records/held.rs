//! A key that a node may hold, and that whoever reaps the node must visit.

use super::node_id;
use crate::dynamo::attributes::{Item, Key, SORT, Undecodable};
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, NodeId, TenantId};
use domain::ports::HeldKey;

const SHARE: &str = "APP";
const PIN: &str = "DOC";

/// The partition of all that a node may hold.
pub(in crate::dynamo) fn partition(node: &NodeId) -> String {
    format!("HELD#{}", node_id::spell(node))
}

pub(in crate::dynamo) fn key(node: &NodeId, held: &HeldKey) -> Key {
    let sort = match held {
        HeldKey::Share(app) => format!("{SHARE}#{}#{}", app.tenant, app.app),
        HeldKey::Pin(DocumentKey { app, name }) => format!("{PIN}#{}#{}#{name}", app.tenant, app.app),
    };
    Key::new(partition(node), sort)
}

pub(in crate::dynamo) fn encode(node: &NodeId, held: &HeldKey) -> Item {
    Item::at(key(node, held))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<HeldKey, Undecodable> {
    parse(item.text(SORT)?).ok_or_else(|| Undecodable::new(SORT, "a key that a node holds"))
}

/// A document's name may hold a `#`, so it is the whole of what follows the third.
fn parse(text: &str) -> Option<HeldKey> {
    let mut parts = text.splitn(4, '#');
    let (kind, tenant, app, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    let app = AppKey { tenant: TenantId::parse(tenant).ok()?, app: AppId::parse(app).ok()? };
    match (kind, name) {
        (SHARE, None) => Some(HeldKey::Share(app)),
        (PIN, Some(name)) => Some(HeldKey::Pin(DocumentKey { app, name: DocumentName::parse(name).ok()? })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::attributes::text;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn held() -> impl Strategy<Value = HeldKey> {
        prop_oneof![arbitrary::app().prop_map(HeldKey::Share), arbitrary::document().prop_map(HeldKey::Pin)]
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_held_key_is_read_as_it_was_written(node in arbitrary::node(), held in held()) {
            prop_assert_eq!(decode(&encode(&node, &held)), Ok(held));
        }

        #[test]
        fn two_held_keys_share_no_key(node in arbitrary::node(), one in held(), other in held()) {
            prop_assert_eq!(key(&node, &one) == key(&node, &other), one == other);
        }
    }

    #[test]
    fn what_is_no_held_key_is_named() {
        for bad in ["", "APP", "APP#t", "APP#t#a#d", "DOC#t#a", "DOC#t#a#", "DOC#t t#a#d", "KEY#t#a"] {
            let item = Item::default().with(SORT, text(bad));
            assert_eq!(decode(&item), Err(Undecodable::new(SORT, "a key that a node holds")), "{bad:?}");
        }
    }
}
