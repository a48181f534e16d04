//! Where the nodes of a region are reached, as they tell it themselves.

use domain::close::name_in_path;
use domain::ids::DocumentName;
use domain::ports::{NodeRecord, NodeState};

/// A region's public WebSocket address: `ws://host`, `wss://host`, either with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegionUrl(String);

impl RegionUrl {
    /// Parses a region's URL; a slash at its end is dropped. `None` where the scheme is another one, the host is
    /// missing, or anything follows it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.strip_prefix("wss://").or_else(|| text.strip_prefix("ws://"))?;
        let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        (!host.is_empty() && is_plain).then(|| Self(text.to_owned()))
    }

    /// Where a client opens `document`.
    pub(crate) fn of_document(&self, document: &DocumentName) -> String {
        format!("{}/{}", self.0, name_in_path(document))
    }
}

/// What the nodes of a region say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A node takes connections; the URL is missing where none of them tells one that clients can use.
    Open(Option<RegionUrl>),
    /// Every node is draining or dead, or there is none.
    Closed,
}

impl Standing {
    pub(crate) fn of(nodes: &[NodeRecord]) -> Self {
        let mut up = nodes.iter().filter(|node| node.state == NodeState::Up).peekable();
        match up.peek() {
            Some(_) => Self::Open(up.find_map(|node| RegionUrl::parse(&node.url))),
            None => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{NodeId, NodeName, Region};

    #[test]
    fn a_region_url_is_a_websocket_scheme_and_a_host() {
        let document = DocumentName::parse("d").unwrap();
        for good in ["wss://eu-central-1.example.net", "ws://127.0.0.1:4400", "ws://[::1]:80/"] {
            let url = RegionUrl::parse(good).unwrap().of_document(&document);
            assert_eq!(url, format!("{}/d", good.trim_end_matches('/')));
        }
        for bad in ["", "wss://", "https://a.example", "wss://a/b", "ws://a?b", "wss://a b", "a.example"] {
            assert_eq!(RegionUrl::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_nodes_that_take_connections_open_a_region() {
        let node = |state, url: &str| NodeRecord {
            node: NodeId { name: NodeName::parse("n").unwrap(), epoch: 1 },
            region: Region::parse("r").unwrap(),
            beat: 1,
            state,
            url: url.to_owned(),
            relay: String::new(),
            connections: 0,
            capacity: 1,
            documents: 0,
            beaten_unix_ms: 0,
        };
        let dead = [
            node(NodeState::Draining, "ws://a"),
            node(NodeState::Fenced, "ws://b"),
            node(NodeState::Reaped, "ws://c"),
        ];
        assert_eq!(Standing::of(&dead), Standing::Closed);
        assert_eq!(Standing::of(&[]), Standing::Closed);
        let silent = node(NodeState::Up, "");
        let up = node(NodeState::Up, "ws://d");
        let all = [&dead[..], std::slice::from_ref(&silent)].concat();
        assert_eq!(Standing::of(&all), Standing::Open(None));
        assert_eq!(Standing::of(&[silent, up]), Standing::Open(RegionUrl::parse("ws://d")));
    }
}
