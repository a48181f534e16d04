//! Who fits: the arithmetic of one batch of arrivals and departures.

use super::{Bounds, Totals};

/// Names a request for as long as it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What a request asks for, and the limits that its own token gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Connections to admit.
    pub connections: u64,
    /// Documents to admit with them.
    pub documents: u64,
    /// `maxConnections` of the request's token.
    pub connections_max: u64,
    /// `maxDocuments` of the request's token.
    pub documents_max: u64,
}

/// What a request is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is counted.
    Admitted,
    /// The app has as many connections as the request's token allows.
    ConnectionsFull {
        /// `maxConnections` of the request.
        limit: u64,
    },
    /// The app has as many active documents as the request's token allows.
    DocumentsFull {
        /// `maxDocuments` of the request.
        limit: u64,
        /// Active documents of the app.
        active: u64,
    },
    /// The ledger can't be reached, or is too contended; nothing is counted.
    Unavailable,
    /// This life of the node was declared dead; nothing is counted.
    Fenced,
}

impl Demand {
    /// Why this demand could not even be met by an app that counts nothing, if it could not.
    #[must_use]
    pub fn impossible(&self) -> Option<Verdict> {
        self.refusal(Totals::default())
    }

    /// Why this demand does not fit on top of `totals`, if it does not. Connections are looked at first.
    #[must_use]
    pub fn refusal(&self, totals: Totals) -> Option<Verdict> {
        let over = |count: u64, more: u64, most: u64| more > 0 && count.saturating_add(more) > most;
        if over(totals.connections, self.connections, self.connections_max) {
            return Some(Verdict::ConnectionsFull { limit: self.connections_max });
        }
        over(totals.documents, self.documents, self.documents_max)
            .then_some(Verdict::DocumentsFull { limit: self.documents_max, active: totals.documents })
    }
}

/// The bounds at which a whole batch fits, each demand held to its own limits, in order, after `leaving` has
/// been taken off: the totals before the write must leave room for a demand and all that came before it.
///
/// Every demand must fit on top of nothing but its predecessors, or no totals could satisfy the bounds.
pub(super) fn bounds(leaving: Totals, batch: &[Demand]) -> Bounds {
    let mut bounds = Bounds::default();
    let mut arrived = Totals::default();
    for demand in batch {
        arrived.connections += demand.connections;
        arrived.documents += demand.documents;
        if demand.connections > 0 {
            let most = (demand.connections_max + leaving.connections).saturating_sub(arrived.connections);
            bounds.connections = Some(bounds.connections.map_or(most, |b| b.min(most)));
        }
        if demand.documents > 0 {
            let most = (demand.documents_max + leaving.documents).saturating_sub(arrived.documents);
            bounds.documents = Some(bounds.documents.map_or(most, |b| b.min(most)));
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demand(connections_max: u64, documents: u64, documents_max: u64) -> Demand {
        Demand { connections: 1, documents, connections_max, documents_max }
    }

    #[test]
    fn connections_are_looked_at_before_documents() {
        let full = Totals { connections: 5, documents: 5 };
        assert_eq!(demand(5, 1, 5).refusal(full), Some(Verdict::ConnectionsFull { limit: 5 }));
        assert_eq!(demand(6, 1, 5).refusal(full), Some(Verdict::DocumentsFull { limit: 5, active: 5 }));
        assert_eq!(demand(6, 0, 5).refusal(full), None);
    }

    #[test]
    fn departures_make_room_in_the_same_batch() {
        let leaving = Totals { connections: 2, documents: 0 };
        let bounds = bounds(leaving, &[demand(10, 0, 0), demand(10, 0, 0)]);
        assert_eq!(bounds, Bounds { connections: Some(10), documents: None });
    }

    proptest! {
        /// Bounds say the same as walking through the batch one by one.
        #[test]
        fn bounds_admit_exactly_the_totals_at_which_each_demand_fits_in_order(
            limits in prop::collection::vec((1u64..12, 0u64..2, 1u64..8), 1..8),
            total in (0u64..12, 0u64..8),
        ) {
            let batch: Vec<Demand> = limits.iter().map(|(c, d, dm)| demand(*c, *d, *dm)).collect();
            let mut alone = Totals::default();
            for d in &batch {
                prop_assume!(d.refusal(alone).is_none());
                alone.connections += d.connections;
                alone.documents += d.documents;
            }
            let mut totals = Totals { connections: total.0, documents: total.1 };
            let bounds = bounds(Totals::default(), &batch);
            let fits_at_once = bounds.connections.is_none_or(|b| totals.connections <= b)
                && bounds.documents.is_none_or(|b| totals.documents <= b);
            let fits_one_by_one = batch.iter().all(|d| {
                let fits = d.refusal(totals).is_none();
                totals.connections += d.connections;
                totals.documents += d.documents;
                fits
            });
            prop_assert_eq!(fits_at_once, fits_one_by_one);
        }
    }
}
