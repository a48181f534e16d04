//! Admits a handshake: a seat at its document and a place in its app's ledger, or the exact reason why not.

use crate::caps::{OPENING_TRIES_MAX, OPENING_WAIT, STORE_DEADLINE};
use crate::document;
use crate::ledger::Places;
use crate::node::Node;
use crate::registry::{Busy, Look, Seat, Unused};
use domain::claims::Claims;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::ledger::{Demand, Verdict};
use domain::limits::PlanLimits;
use domain::ports::Unavailable;
use std::sync::Arc;
use tokio::sync::watch;

/// What a handshake holds for as long as its connection lives. The seat goes first, so that a user is never
/// counted without its connection.
pub(crate) struct Admitted {
    pub(crate) seat: Seat,
    pub(crate) _connection: Places,
}

/// Admits one connection to one document, as SPEC orders the checks: the pin, then connections, documents and
/// users of the document.
///
/// # Errors
/// The reason to close the connection with; then nothing of it is counted.
pub(crate) async fn admit(
    node: &Arc<Node>,
    key: &DocumentKey,
    claims: &Claims,
) -> Result<Admitted, CloseReason> {
    let limits = claims.limits;
    if !node.registry.is_open(key) {
        check_region(node, key).await?;
    }
    for _ in 0..OPENING_TRIES_MAX {
        match node.registry.look(key, limits.users_per_document_max, node.now()) {
            Look::Quarantined => return Err(CloseReason::DocumentUnavailable),
            Look::Full => return Err(why_full(node, key, limits).await),
            Look::Seat(seat) => {
                let places = ask(node, key, limits, 0).await.map_err(refusal)?;
                return Ok(Admitted { seat, _connection: places });
            }
            Look::Wait(outcome) => wait(outcome, limits).await?,
            Look::Open(busy) => return open(node, busy, limits).await,
        }
    }
    Err(CloseReason::TryAgainLater)
}

/// A document that is active in another region is served there.
async fn check_region(node: &Node, key: &DocumentKey) -> Result<(), CloseReason> {
    let pin = match tokio::time::timeout(STORE_DEADLINE, node.ports.pins.read(key)).await {
        Ok(Ok(pin)) => pin,
        Ok(Err(error)) => return Err(pins_failed(node, &error)),
        Err(_) => return Err(pins_failed(node, &Unavailable::new("pins", "no answer in time"))),
    };
    match pin {
        Some(pin) if pin.owner.region != node.config.region => {
            Err(node.config.elsewhere(&pin.owner.region, &key.name))
        }
        _ => Ok(()),
    }
}

fn pins_failed(node: &Node, error: &Unavailable) -> CloseReason {
    node.metrics.store_error("pins");
    tracing::warn!(%error, "a pin could not be read");
    CloseReason::TryAgainLater
}

async fn ask(node: &Node, key: &DocumentKey, limits: PlanLimits, documents: u64) -> Result<Places, Verdict> {
    let demand = Demand {
        connections: 1,
        documents,
        connections_max: limits.connections_max,
        documents_max: limits.documents_max,
    };
    node.desk.ask(&key.app, demand).await
}

async fn open(node: &Arc<Node>, busy: Busy, limits: PlanLimits) -> Result<Admitted, CloseReason> {
    let key = busy.key.clone();
    match ask_for_document(node, &key, limits).await {
        Ok(places) => {
            let (connection, place) = places.split_documents();
            let seat = document::open(node, busy, place).await?;
            Ok(Admitted { seat, _connection: connection })
        }
        Err(verdict) => {
            busy.refused(verdict);
            Err(refusal(verdict))
        }
    }
}

/// Asks for a connection and a document. Documents in grace make room for one that is wanted.
async fn ask_for_document(node: &Node, key: &DocumentKey, limits: PlanLimits) -> Result<Places, Verdict> {
    for _ in 1..OPENING_TRIES_MAX {
        match ask(node, key, limits, 1).await {
            Err(Verdict::DocumentsFull { .. }) if make_room(node, key).await => {}
            outcome => return outcome,
        }
    }
    ask(node, key, limits, 1).await
}

/// Waits for the end of one document of the app that nobody uses, if there is one.
async fn make_room(node: &Node, key: &DocumentKey) -> bool {
    match node.registry.unused(&key.app) {
        Some(Unused::InGrace(handle)) => handle.give_up().await,
        Some(Unused::Ending(mut end)) => {
            // Only its end counts: a time-out and the sender's are the same here.
            let _ = tokio::time::timeout(OPENING_WAIT, end.changed()).await;
        }
        None => return false,
    }
    true
}

/// Waits until whoever opens or releases the document is done. What the ledger refused it, it would refuse us
/// too, unless our token allows more.
async fn wait(mut outcome: watch::Receiver<Option<Verdict>>, limits: PlanLimits) -> Result<(), CloseReason> {
    match tokio::time::timeout(OPENING_WAIT, outcome.changed()).await {
        Err(_) => return Err(CloseReason::TryAgainLater),
        Ok(Err(_)) => return Ok(()),
        Ok(Ok(())) => {}
    }
    match *outcome.borrow() {
        Some(Verdict::ConnectionsFull { limit }) if limits.connections_max <= limit => {
            Err(CloseReason::ConnectionsFull { limit: limits.connections_max })
        }
        Some(Verdict::DocumentsFull { limit, active })
            if limits.documents_max <= limit && limits.connections_max > 0 =>
        {
            Err(CloseReason::DocumentsFull { limit: limits.documents_max, active })
        }
        Some(Verdict::Unavailable | Verdict::Fenced) => Err(CloseReason::TryAgainLater),
        _ => Ok(()),
    }
}

/// A document that has all its users. The app's own limits are named first.
async fn why_full(node: &Node, key: &DocumentKey, limits: PlanLimits) -> CloseReason {
    match node.desk.totals(&key.app).await {
        Err(_) => CloseReason::TryAgainLater,
        Ok(totals) if totals.connections >= limits.connections_max => {
            CloseReason::ConnectionsFull { limit: limits.connections_max }
        }
        Ok(totals) if !node.registry.is_open(key) && totals.documents >= limits.documents_max => {
            CloseReason::DocumentsFull { limit: limits.documents_max, active: totals.documents }
        }
        Ok(_) => CloseReason::UsersFull { limit: limits.users_per_document_max },
    }
}

fn refusal(verdict: Verdict) -> CloseReason {
    match verdict {
        Verdict::ConnectionsFull { limit } => CloseReason::ConnectionsFull { limit },
        Verdict::DocumentsFull { limit, active } => CloseReason::DocumentsFull { limit, active },
        Verdict::Admitted | Verdict::Unavailable | Verdict::Fenced => CloseReason::TryAgainLater,
    }
}
