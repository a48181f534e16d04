//! What is true of the clients, whoever knows it.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Default)]
pub(crate) struct Model {
    clients: BTreeMap<u64, Client>,
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// The node that its socket is on.
    pub(crate) node: usize,
    pub(crate) document: usize,
    pub(crate) standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It waits for its answer.
    Asks,
    /// It is a user of its document.
    Uses,
    /// It was turned away.
    Refused(Refusal),
    /// It is a user no more.
    Ended(End),
}

/// Why a client is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The app has all the connections or documents of its plan.
    Full,
    /// Another region holds the document.
    Redirected,
    /// The node is about to end.
    Draining,
    /// Something does not answer.
    TryAgain,
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client has hung up.
    HungUp,
    /// A process that it went through has ended.
    NodeGone,
    /// Its connection did not fit when its node asked for it again.
    PlaceLost,
    /// Its document did not, or another node has it now.
    DocumentLost,
}

impl Model {
    pub(crate) fn asks(&mut self, client: u64, node: usize, document: usize) {
        self.clients.insert(client, Client { node, document, standing: Standing::Asks });
    }

    /// A client gets its answer. Returns whether it still waits for one.
    pub(crate) fn answered(&mut self, client: u64, standing: Standing) -> bool {
        let waiting = self.clients.get_mut(&client).filter(|client| client.standing == Standing::Asks);
        waiting.map(|client| client.standing = standing).is_some()
    }

    /// A session ends, or the client goes before it has one.
    pub(crate) fn ended(&mut self, client: u64, end: End) {
        if let Some(client) = self.clients.get_mut(&client)
            && matches!(client.standing, Standing::Asks | Standing::Uses)
        {
            client.standing = Standing::Ended(end);
        }
    }

    pub(crate) fn client(&self, client: u64) -> Option<&Client> {
        self.clients.get(&client)
    }

    /// Users of documents, by number.
    pub(crate) fn users(&self) -> Vec<u64> {
        self.who(&Standing::Uses)
    }

    /// Clients that wait for their answers, by number.
    pub(crate) fn askers(&self) -> Vec<u64> {
        self.who(&Standing::Asks)
    }

    fn who(&self, standing: &Standing) -> Vec<u64> {
        let who = self.clients.iter().filter(|(_, client)| client.standing == *standing);
        who.map(|(number, _)| *number).collect()
    }

    /// Clients of one node that use documents or wait to.
    pub(crate) fn on(&self, node: usize) -> Vec<u64> {
        let is_there = |client: &Client| {
            client.node == node && matches!(client.standing, Standing::Asks | Standing::Uses)
        };
        self.clients.iter().filter(|(_, client)| is_there(client)).map(|(number, _)| *number).collect()
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asks => f.write_str("waits"),
            Self::Uses => f.write_str("uses its document"),
            Self::Refused(refusal) => write!(f, "is refused: {refusal:?}"),
            Self::Ended(end) => write!(f, "is a user no more: {end:?}"),
        }
    }
}
