//! Opening a document: pin, load, and start its task.

use super::handle::DocumentHandle;
use super::release::unpin;
use super::task::{DocumentTask, Log};
use crate::caps::{LOAD_BYTES_INLINE, QUARANTINE, STORE_DEADLINE};
use crate::ledger::Places;
use crate::node::Node;
use crate::registry::{Busy, Seat};
use bytes::Bytes;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::ports::{DocumentsError, Opened, Pin, PinOutcome, Unavailable};
use engine::{Caps, Document, Poisoned};
use std::sync::Arc;

/// Opens a document that the ledger has given a place to, and counts the opener as its first user.
///
/// # Errors
/// The reason to close the opener's connection with. Its places are given back, the pin is removed.
pub(crate) async fn open(node: &Arc<Node>, busy: Busy, place: Places) -> Result<Seat, CloseReason> {
    let key = busy.key.clone();
    let pin = pin(node, &key).await?;
    let opened = match load(node, &key, &pin).await {
        Ok(opened) => opened,
        Err(failure) => {
            unpin(node, &key, &pin).await;
            if failure == CloseReason::DocumentUnavailable {
                node.metrics.quarantined.inc();
                busy.quarantine(node.now() + QUARANTINE);
            }
            return Err(failure);
        }
    };
    let (document, log) = opened;
    let (handle, inbox) = DocumentHandle::new(key);
    let task = DocumentTask::new(Arc::clone(node), handle.clone(), document, pin, place, log);
    node.metrics.documents.inc();
    let seat = busy.opened(handle);
    tokio::spawn(task.run(inbox));
    Ok(seat)
}

async fn pin(node: &Node, key: &DocumentKey) -> Result<Pin, CloseReason> {
    let owner = node.owner();
    let outcome = match tokio::time::timeout(STORE_DEADLINE, node.ports.pins.pin(key, &owner)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Unavailable::new("pins", "no answer in time")),
    };
    match outcome {
        Ok(PinOutcome::Pinned(pin)) => Ok(pin),
        Ok(PinOutcome::HeldBy(pin)) => Err(node.config.elsewhere(&pin.owner.region, &key.name)),
        Err(error) => {
            node.metrics.store_error("pins");
            tracing::warn!(document = %key, %error, "the document could not be pinned");
            Err(CloseReason::TryAgainLater)
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
