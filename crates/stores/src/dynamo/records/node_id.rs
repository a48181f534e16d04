use domain::ids::{NodeId, NodeName};

/// A node in one of its lives as keys and attributes spell it: `node-a#7`.
pub(in crate::dynamo) fn spell(node: &NodeId) -> String {
    node.to_string()
}

pub(super) fn parse(text: &str) -> Option<NodeId> {
    let (name, epoch) = text.split_once('#')?;
    let node = NodeId { name: NodeName::parse(name).ok()?, epoch: epoch.parse().ok()? };
    // One life has one spelling: no leading zeros, no sign.
    (spell(&node) == text).then_some(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_node_is_read_as_it_was_spelled(node in arbitrary::node()) {
            prop_assert_eq!(parse(&spell(&node)), Some(node));
        }

        #[test]
        fn any_text_that_is_read_is_spelled_the_same(text in "[a-z]{0,2}#?[0-9+]{0,3}") {
            if let Some(node) = parse(&text) {
                prop_assert_eq!(spell(&node), text);
            }
        }
    }
}
