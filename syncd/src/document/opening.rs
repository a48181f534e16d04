//! Opening a document: pin, load, and start its task.

use super::handle::DocumentHandle;
use super::release::unpin;
use super::task::{DocumentTask, Log};
use crate::caps::{LOAD_BYTES_INLINE, QUARANTINE, STORE_DEADLINE};
use crate::home::{Home, Pinning, Places};
use crate::node::Node;
use crate::registry::{Busy, Seat};
use bytes::Bytes;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::ports::{DocumentsError, Opened, Pin, Unavailable};
use engine::{Caps, Document, Poisoned};
use std::sync::Arc;

/// Opens a document that the ledger has given a place to, and counts the opener as its first user. `dead` is the pin
/// of an owner whose life is over, where it stands yet.
///
/// # Errors
/// Why it could not be opened. Its place is given back, and no pin of this node stands.
pub(crate) async fn open(
    node: &Arc<Node>,
    home: &Arc<Home>,
    busy: Busy,
    place: Places,
    dead: Option<&Pin>,
) -> Result<Seat, NotOpened> {
    let key = busy.key.clone();
    let pin = pin(node, home, &key, dead).await?;
    let (document, log) = match load(node, &key, &pin).await {
        Ok(loaded) => loaded,
        Err(failure) => {
            unpin(node, home, &key, &pin).await;
            if failure == CloseReason::DocumentUnavailable {
                node.metrics.quarantined.inc();
                busy.quarantine(node.now() + QUARANTINE);
            }
            return Err(NotOpened::Refused(failure));
        }
    };
    let (handle, inbox) = DocumentHandle::new(key, Arc::clone(home));
    let loser = handle.clone();
    place.on_lost(Box::new(move || loser.evict(CloseReason::NodeRestarting)));
    let task = DocumentTask::new(Arc::clone(node), handle.clone(), document, pin, place, log);
    node.metrics.documents.inc();
    let seat = busy.opened(handle);
    tokio::spawn(task.run(inbox));
    Ok(seat)
}

/// Why a document could not be opened here.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// Another node was faster.
    HeldElsewhere,
    /// Whoever asked is to be told this.
    Refused(CloseReason),
}

async fn pin(node: &Node, home: &Home, key: &DocumentKey, dead: Option<&Pin>) -> Result<Pin, NotOpened> {
    match home.pin(key, dead).await {
        Ok(Pinning::Ours(pin)) => {
            node.metrics.taken_over.inc_by(u64::from(dead.is_some()));
            Ok(pin)
        }
        Ok(Pinning::Theirs(_)) => Err(NotOpened::HeldElsewhere),
        Ok(Pinning::NoLease) => Err(NotOpened::Refused(CloseReason::TryAgainLater)),
        Err(error) => {
            node.metrics.store_error("pins");
            tracing::warn!(document = %key, %error, "the document could not be pinned");
            Err(NotOpened::Refused(CloseReason::TryAgainLater))
        }
    }
}

async fn load(node: &Node, key: &DocumentKey, pin: &Pin) -> Result<(Document, Log), CloseReason> {
    let opening = node.ports.documents.open(key, pin.generation);
    let outcome = match tokio::time::timeout(STORE_DEADLINE, opening).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Unavailable::new("documents", "no answer in time").into()),
    };
    let answers = !matches!(outcome, Err(DocumentsError::Unavailable(_)));
    node.documents_answer.note(answers, node.now());
    let Opened { updates, position } = outcome.map_err(|error| {
        node.metrics.store_error("documents");
        tracing::warn!(document = %key, %error, "the document could not be loaded");
        match error {
            DocumentsError::Stale { .. } => CloseReason::NodeRestarting,
            DocumentsError::Unavailable(_) => CloseReason::TryAgainLater,
        }
    })?;
    let log = Log::loaded(position, &updates);
    let document = build(updates, log.bytes.max(log.state_bytes)).await.map_err(|_| {
        tracing::error!(document = %key, "the stored document can't be loaded; it is quarantined");
        CloseReason::DocumentUnavailable
    })?;
    Ok((document, log))
}

/// Builds the document, on a thread of its own where that takes long.
async fn build(updates: Vec<Bytes>, bytes: usize) -> Result<Document, Poisoned> {
    let build = move || Document::open(&updates, Caps::default());
    if bytes <= LOAD_BYTES_INLINE {
        return build();
    }
    tokio::task::spawn_blocking(build).await.unwrap_or(Err(Poisoned))
}
