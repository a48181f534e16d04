//! A node in one of its lives, as the others see it.

use super::node_id;
use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, number, text};
use domain::ids::{NodeId, Region};
use domain::ports::{NodeRecord, NodeState};

/// The attribute of the beat.
pub(in crate::dynamo) const BEAT: &str = "beat";
/// The attribute of the state.
pub(in crate::dynamo) const STATE: &str = "state";

/// The attribute of the beat that was noted by somebody without a memory. A beat replaces the item, and so strikes it.
pub(in crate::dynamo) const SIGHTED: &str = "sighted";

const PREFIX: &str = "NODE#";
const URL: &str = "url";
const RELAY: &str = "relay";
const CONNECTIONS: &str = "connections";
const DOCUMENTS: &str = "documents";
const CAPACITY: &str = "capacity";
const BEATEN: &str = "beaten";

/// The partition of a region's nodes.
pub(in crate::dynamo) fn partition(region: &Region) -> String {
    format!("{PREFIX}{region}")
}

/// A node's record.
pub(in crate::dynamo) fn key(region: &Region, node: &NodeId) -> Key {
    Key::new(partition(region), node_id::spell(node))
}

pub(in crate::dynamo) fn encode_state(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Draining => "draining",
        NodeState::Fenced => "fenced",
        NodeState::Reaped => "reaped",
    }
}

/// The state alone; `None` where there is no record.
pub(in crate::dynamo) fn decode_state(item: &Item) -> Result<Option<NodeState>, Undecodable> {
    if item.is_empty() {
        return Ok(None);
    }
    let spelled = item.text(STATE)?;
    let states = [NodeState::Up, NodeState::Draining, NodeState::Fenced, NodeState::Reaped];
    let state = states.into_iter().find(|state| encode_state(*state) == spelled);
    state.map(Some).ok_or_else(|| Undecodable::new(STATE, "a node's state"))
}

pub(in crate::dynamo) fn encode(record: &NodeRecord) -> Item {
    Item::at(key(&record.region, &record.node))
        .with(BEAT, number(record.beat))
        .with(STATE, text(encode_state(record.state)))
        .with(URL, text(&record.url))
        .with(RELAY, text(&record.relay))
        .with(CONNECTIONS, number(record.connections))
        .with(DOCUMENTS, number(record.documents))
        .with(CAPACITY, number(record.capacity))
        .with(BEATEN, number(record.beaten_unix_ms))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<NodeRecord, Undecodable> {
    let region = item.text(PARTITION)?.strip_prefix(PREFIX).and_then(|region| Region::parse(region).ok());
    let state = decode_state(item)?;
    Ok(NodeRecord {
        node: node_id::parse(item.text(SORT)?).ok_or_else(|| Undecodable::new(SORT, "a node"))?,
        region: region.ok_or_else(|| Undecodable::new(PARTITION, "a region's nodes"))?,
        beat: item.number(BEAT)?,
        state: state.ok_or_else(|| Undecodable::new(STATE, "a node's state"))?,
        url: item.text(URL)?.to_owned(),
        relay: item.text(RELAY)?.to_owned(),
        connections: item.number(CONNECTIONS)?,
        documents: item.number(DOCUMENTS)?,
        capacity: item.number(CAPACITY)?,
        beaten_unix_ms: item.number(BEATEN)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn state() -> impl Strategy<Value = NodeState> {
        prop_oneof![
            Just(NodeState::Up),
            Just(NodeState::Draining),
            Just(NodeState::Fenced),
            Just(NodeState::Reaped)
        ]
    }

    fn record() -> impl Strategy<Value = NodeRecord> {
        let counts = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
        (arbitrary::node(), arbitrary::region(), counts, state(), ".{0,40}", ".{0,40}").prop_map(
            |(node, region, (beat, connections, documents, capacity, beaten_unix_ms), state, url, relay)| {
                NodeRecord {
                    node,
                    region,
                    beat,
                    state,
                    url,
                    relay,
                    connections,
                    documents,
                    capacity,
                    beaten_unix_ms,
                }
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_node_is_read_as_it_was_written(record in record()) {
            let item = encode(&record);
            prop_assert_eq!(decode_state(&item), Ok(Some(record.state)));
            prop_assert_eq!(decode(&item), Ok(record));
        }
    }

    #[test]
    fn an_unknown_state_is_named_and_no_record_has_none() {
        assert_eq!(decode_state(&Item::default()), Ok(None));
        let item = Item::default().with(STATE, text("asleep"));
        assert_eq!(decode_state(&item), Err(Undecodable::new(STATE, "a node's state")));
    }
}
