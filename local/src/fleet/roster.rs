use super::Orders;
use domain::ids::NodeName;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One node of the fleet, and what is known of its process.
pub(super) struct Member {
    pub(super) name: NodeName,
    pub(super) address: SocketAddr,
    pub(super) pid: u32,
    pub(super) orders: Orders,
}

/// The nodes, in the order of their numbers.
pub(super) struct Roster {
    members: Vec<Member>,
    turn: AtomicUsize,
}

impl Roster {
    pub(super) fn new(members: Vec<Member>) -> Self {
        Self { members, turn: AtomicUsize::new(0) }
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The living nodes, each once, beginning with the one whose turn it is.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = SocketAddr> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.members.len().max(1);
        let (before, from) = self.members.split_at(first);
        from.iter().chain(before).filter(|node| node.orders.is_alive()).map(|node| node.address)
    }

    pub(super) async fn until_all_ended(&self) {
        for node in &self.members {
            node.orders.until_ended().await;
        }
    }

    /// Drains one node after the other: those that are left take over its documents.
    pub(super) async fn end_in_turn(&self) {
        for node in &self.members {
            node.orders.end().await;
        }
    }
}
