//! A seat at a document that is open here, or that is opened for it.

use crate::admission::{Asker, refusal};
use crate::caps::{OPENING_TRIES_MAX, OPENING_WAIT};
use crate::document::{self, NotPinned};
use crate::edge;
use crate::home::Places;
use crate::registry::{Busy, Look, Seat, Unused};
use domain::close::CloseReason;
use domain::ledger::Verdict;
use domain::limits::PlanLimits;
use domain::ports::Pin;
use tokio::sync::watch;

/// What came of looking for a seat.
pub(crate) enum Seating {
    /// The user is counted, and its connection has a place.
    Seated(Seat),
    /// Something has changed: whoever asked looks again.
    LookAgain,
}

/// Looks for a seat, and opens the document where it is open nowhere. `dead` is the pin of an owner whose life is
/// over, where one stands.
///
/// # Errors
/// The reason to close the connection with.
pub(crate) async fn seat(asker: &mut Asker<'_>, dead: Option<&Pin>) -> Result<Seating, CloseReason> {
    let (node, limits) = (asker.node, asker.limits);
    match node.registry.look(asker.key, limits.users_per_document_max, node.now()) {
        Look::Quarantined => Err(CloseReason::DocumentUnavailable),
        Look::Full => Err(why_full(asker).await),
        Look::Seat(seat) => {
            asker.ask_for_connection().await?;
            Ok(Seating::Seated(seat))
        }
        Look::Wait(outcome) => {
            wait(outcome, limits).await?;
            Ok(Seating::LookAgain)
        }
        Look::Open(busy) => open(asker, busy, dead).await,
    }
}

/// Opens the document. The pin comes first, so that of several nodes that open it at once only one asks the ledger
/// for its place; what the ledger has just refused is refused before that.
async fn open(asker: &mut Asker<'_>, busy: Busy, dead: Option<&Pin>) -> Result<Seating, CloseReason> {
    if let Some(verdict) = known_refusal(asker).await {
        busy.refused(verdict);
        return Err(refusal(verdict));
    }
    let pin = match document::pin(asker.node, asker.home, asker.key, dead).await {
        Ok(pin) => pin,
        Err(NotPinned::HeldElsewhere) => return Ok(Seating::LookAgain),
        Err(NotPinned::Refused(reason)) => return Err(reason),
    };
    let places = match ask_for_document(asker).await {
        Ok(places) => places,
        Err(verdict) => {
            document::unpin(asker.node, asker.home, asker.key, &pin).await;
            busy.refused(verdict);
            return Err(refusal(verdict));
        }
    };
    let (connection, place) = places.split_documents();
    asker.connection.get_or_insert(connection);
    document::open(asker.node, asker.home, busy, place, pin).await.map(Seating::Seated)
}

/// What is refused before anything is pinned, unless a document in grace makes room here.
async fn known_refusal(asker: &Asker<'_>) -> Option<Verdict> {
    let (desk, app) = (asker.home.desk(), &asker.key.app);
    let known = desk.known_refusal(app, asker.demand(1)).await?;
    if lacks_one(known) && make_room(asker).await {
        return desk.known_refusal(app, asker.demand(1)).await;
    }
    Some(known)
}

/// Asks for a document, and for a connection where there is none. Documents in grace make room for one that is
/// wanted, here first and then on other nodes.
async fn ask_for_document(asker: &Asker<'_>) -> Result<Places, Verdict> {
    for _ in 1..OPENING_TRIES_MAX {
        match asker.ask(1).await {
            Err(verdict) if lacks_one(verdict) && make_room(asker).await => {}
            Err(verdict) if lacks_one(verdict) && edge::ask_for_room(asker).await => {
                asker.home.desk().look_again(&asker.key.app);
            }
            outcome => return outcome,
        }
    }
    asker.ask(1).await
}

/// Whether one document less is all that it takes.
fn lacks_one(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::DocumentsFull { limit, active } if limit > 0 && active <= limit)
}

/// Waits for the end of one document of the app that nobody uses, if there is one.
async fn make_room(asker: &Asker<'_>) -> bool {
    match asker.node.registry.unused(&asker.key.app) {
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
async fn why_full(asker: &Asker<'_>) -> CloseReason {
    let (limits, registry) = (asker.limits, &asker.node.registry);
    match asker.home.desk().record(&asker.key.app).await.map(|record| record.totals) {
        Err(_) => CloseReason::TryAgainLater,
        Ok(totals) if totals.connections >= limits.connections_max => {
            CloseReason::ConnectionsFull { limit: limits.connections_max }
        }
        Ok(totals) if !registry.is_open(asker.key) && totals.documents >= limits.documents_max => {
            CloseReason::DocumentsFull { limit: limits.documents_max, active: totals.documents }
        }
        Ok(_) => CloseReason::UsersFull { limit: limits.users_per_document_max },
    }
}
