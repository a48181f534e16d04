//! A document's pin, and what stays of it when the document is unpinned.
//!
//! The item of an unpinned document keeps its generation for [`KEPT_FOR`], without an owner, so that the next pin
//! has a higher one. Once DynamoDB has deleted it, generations begin anew from the time in milliseconds. That is
//! above every earlier one: they began at an earlier time, and a document is not pinned a thousand times a second.

use super::node_id;
use crate::dynamo::attributes::{Item, Key, Undecodable};
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Owner, Pin};
use std::time::Duration;

/// The attribute of the owner's region.
pub(in crate::dynamo) const REGION: &str = "region";
/// The attribute of the owning node; absent where the document is not pinned.
pub(in crate::dynamo) const NODE: &str = "node";
/// The attribute of the owner's relay address.
pub(in crate::dynamo) const RELAY: &str = "relay";
/// The attribute of the generation.
pub(in crate::dynamo) const GENERATION: &str = "generation";
/// The attribute by which DynamoDB deletes the item: seconds since 1970. Absent where the document is pinned.
pub(in crate::dynamo) const EXPIRES: &str = "expires";
/// How long an unpinned document's generation is kept. By far longer than two machines' clocks differ.
pub(in crate::dynamo) const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What the table has of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dynamo) enum PinRecord {
    /// Nothing: never pinned, or not for a long time.
    Absent,
    /// The generation of its latest owner.
    Unpinned(Generation),
    /// It is active.
    Pinned(Pin),
}

pub(in crate::dynamo) fn key(document: &DocumentKey) -> Key {
    let DocumentKey { app, name } = document;
    Key::new(format!("DOC#{}#{}", app.tenant, app.app), name.as_str())
}

pub(in crate::dynamo) fn encode_node(owner: &Owner) -> String {
    node_id::spell(&owner.node)
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<PinRecord, Undecodable> {
    if item.is_empty() {
        return Ok(PinRecord::Absent);
    }
    let generation = Generation(item.number(GENERATION)?);
    if !item.has(NODE) {
        return Ok(PinRecord::Unpinned(generation));
    }
    let region = domain::ids::Region::parse(item.text(REGION)?);
    let owner = Owner {
        region: region.map_err(|_| Undecodable::new(REGION, "a region"))?,
        node: node_id::parse(item.text(NODE)?).ok_or_else(|| Undecodable::new(NODE, "a node"))?,
        relay: item.text(RELAY)?.to_owned(),
    };
    Ok(PinRecord::Pinned(Pin { owner, generation }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::attributes::{number, text};
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = PinRecord> {
        let owner = (arbitrary::region(), arbitrary::node(), ".{0,40}");
        let pinned = (owner, any::<u64>()).prop_map(|((region, node, relay), generation)| {
            PinRecord::Pinned(Pin {
                owner: Owner { region, node, relay },
                generation: Generation(generation),
            })
        });
        prop_oneof![pinned, any::<u64>().prop_map(|g| PinRecord::Unpinned(Generation(g)))]
    }

    fn encode(document: &DocumentKey, record: &PinRecord) -> Item {
        let item = Item::at(key(document));
        match record {
            PinRecord::Absent => Item::default(),
            PinRecord::Unpinned(generation) => {
                item.with(GENERATION, number(generation.0)).with(EXPIRES, number(1u64))
            }
            PinRecord::Pinned(Pin { owner, generation }) => item
                .with(REGION, text(owner.region.as_str()))
                .with(NODE, text(encode_node(owner)))
                .with(RELAY, text(&owner.relay))
                .with(GENERATION, number(generation.0)),
        }
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_pin_is_read_as_it_was_written(document in arbitrary::document(), record in record()) {
            prop_assert_eq!(decode(&encode(&document, &record)), Ok(record));
        }

        #[test]
        fn two_documents_share_no_key(one in arbitrary::document(), other in arbitrary::document()) {
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }
    }

    #[test]
    fn what_is_no_pin_is_named() {
        assert_eq!(decode(&Item::default()), Ok(PinRecord::Absent));
        let no_generation = Item::default().with(NODE, text("n#1"));
        assert_eq!(decode(&no_generation), Err(Undecodable::new(GENERATION, "a whole number")));
        let no_node = Item::default().with(GENERATION, number(1u64)).with(REGION, text("r"));
        let no_node = no_node.with(NODE, text("n"));
        assert_eq!(decode(&no_node), Err(Undecodable::new(NODE, "a node")));
    }
}
