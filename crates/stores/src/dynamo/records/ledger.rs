//! An app's ledger: its totals, and an attribute for each node's share.
//!
//! Shares are attributes of the item itself, not of a map in it: a path into a map needs that the map exists, so
//! the first write of an app would be two. A share is one short text, as what a write costs grows with the item's
//! size, and as equality of texts is equality of bytes.

use super::node_id;
use crate::dynamo::attributes::{Item, Key, Undecodable};
use domain::ids::{AppKey, NodeId};
use domain::ledger::{LedgerRecord, Share, Totals};

/// The attribute of all nodes' connections.
pub(in crate::dynamo) const CONNECTIONS: &str = "connections";
/// The attribute of all nodes' documents.
pub(in crate::dynamo) const DOCUMENTS: &str = "documents";
/// How the text of a sealed share begins.
pub(in crate::dynamo) const SEALED: &str = "sealed ";

/// Ids hold no `#`, so the key names one app.
pub(in crate::dynamo) fn key(app: &AppKey) -> Key {
    Key::new(format!("APP#{}#{}", app.tenant, app.app), "LEDGER")
}

/// The attribute of a node's share: `node-a#7`. No other attribute has a `#` in its name.
pub(in crate::dynamo) fn share_attribute(node: &NodeId) -> String {
    node_id::spell(node)
}

/// A share as text: connections, documents and sequence number (`80 10 4711`), with a word before them where it
/// is sealed.
pub(in crate::dynamo) fn encode_share(share: &Share) -> String {
    let sealed = if share.sealed { SEALED } else { "" };
    format!("{sealed}{} {} {}", share.connections, share.documents, share.sequence)
}

/// The totals; an app that was never written counts nothing.
pub(in crate::dynamo) fn decode_totals(item: &Item) -> Result<Totals, Undecodable> {
    if item.is_empty() {
        return Ok(Totals::default());
    }
    Ok(Totals { connections: item.number(CONNECTIONS)?, documents: item.number(DOCUMENTS)? })
}

/// One node's share.
pub(in crate::dynamo) fn decode_share(item: &Item, node: &NodeId) -> Result<Option<Share>, Undecodable> {
    let attribute = share_attribute(node);
    if item.has(&attribute) { read_share(item, &attribute).map(Some) } else { Ok(None) }
}

/// The whole record.
pub(in crate::dynamo) fn decode(item: &Item) -> Result<LedgerRecord, Undecodable> {
    let shares = item.names().filter(|name| name.contains('#')).map(|name| {
        let node = node_id::parse(name).ok_or_else(|| Undecodable::new(name, "named like a node"))?;
        Ok((node, read_share(item, name)?))
    });
    Ok(LedgerRecord { totals: decode_totals(item)?, shares: shares.collect::<Result<_, _>>()? })
}

fn read_share(item: &Item, attribute: &str) -> Result<Share, Undecodable> {
    let text = item.text(attribute)?;
    let (sealed, counts) = text.strip_prefix(SEALED).map_or((false, text), |counts| (true, counts));
    let numbers: Vec<u64> = counts.split(' ').map_while(|number| number.parse().ok()).collect();
    let share = match numbers[..] {
        [connections, documents, sequence] => Some(Share { connections, documents, sequence, sealed }),
        _ => None,
    };
    share.filter(|share| encode_share(share) == text).ok_or_else(|| Undecodable::new(attribute, "a share"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::attributes::{number, text};
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn share() -> impl Strategy<Value = Share> {
        (any::<u64>(), any::<u64>(), any::<u64>(), any::<bool>()).prop_map(
            |(connections, documents, sequence, sealed)| Share { connections, documents, sequence, sealed },
        )
    }

    fn encode(app: &AppKey, record: &LedgerRecord) -> Item {
        let item = Item::at(key(app))
            .with(CONNECTIONS, number(record.totals.connections))
            .with(DOCUMENTS, number(record.totals.documents));
        let shares = record.shares.iter();
        shares.fold(item, |item, (node, share)| item.with(&share_attribute(node), text(encode_share(share))))
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_ledger_is_read_as_it_was_written(
            app in arbitrary::app(),
            connections in any::<u64>(),
            documents in any::<u64>(),
            shares in prop::collection::btree_map(arbitrary::node(), share(), 0..20),
        ) {
            let record = LedgerRecord { totals: Totals { connections, documents }, shares };
            let item = encode(&app, &record);
            for (node, share) in &record.shares {
                prop_assert_eq!(decode_share(&item, node), Ok(Some(*share)));
            }
            prop_assert_eq!(decode(&item), Ok(record));
        }

        #[test]
        fn two_apps_share_no_key(one in arbitrary::app(), other in arbitrary::app()) {
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }

        #[test]
        fn unequal_shares_are_unequal_texts(one in share(), other in share()) {
            prop_assert_eq!(encode_share(&one) == encode_share(&other), one == other);
        }
    }

    #[test]
    fn what_is_no_share_is_named() {
        for bad in ["", "1 2", "1 2 3 4", "1 2 x", "01 2 3", "+1 2 3", "1  2 3", "sealed", "Sealed 1 2 3"] {
            let item = Item::default().with("n#1", text(bad));
            let node = node_id::parse("n#1").unwrap();
            let undecodable = decode_share(&item, &node).unwrap_err();
            assert_eq!(undecodable.to_string(), "the attribute `n#1` of an item is not a share", "{bad:?}");
        }
    }

    #[test]
    fn an_item_without_totals_is_no_ledger() {
        let item = Item::default().with(CONNECTIONS, number(1u64));
        assert_eq!(decode(&item), Err(Undecodable::new(DOCUMENTS, "a whole number")));
        assert_eq!(decode(&Item::default()), Ok(LedgerRecord::default()));
    }
}
