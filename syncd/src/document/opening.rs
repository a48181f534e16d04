//! Opening a document: pin, load, and start its task.

use super::handle::DocumentHandle;
use super::log::Log;
use super::release::unpin;
use super::storing::within;
use super::task::DocumentTask;
use crate::caps::{LOAD_BYTES_INLINE, QUARANTINE, STORE_DEADLINE};
use crate::home::{Home, Pinning, Places};
use crate::node::Node;
use crate::registry::{Busy, Seat};
use bytes::Bytes;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::ports::{DocumentsError, Opened, Pin};
use engine::{Caps, Document, Poisoned};
use std::sync::Arc;

/// Opens a document that this node has pinned and the ledger has given a place to, and counts the opener as its first
/// user.
///
/// # Errors
/// The reason to close the opener's connection with. The document's place is given back, and its pin is removed.
pub(crate) async fn open(
    node: &Arc<Node>,
    home: &Arc<Home>,
    busy: Busy,
    place: Places,
    pin: Pin,
) -> Result<Seat, CloseReason> {
    let key = busy.key.clone();
    let (document, log) = match load(node, &key, &pin).await {
        Ok(loaded) => loaded,
        Err(failure) => {
            unpin(node, home, &key, &pin).await;
            if failure == CloseReason::DocumentUnavailable {
                node.metrics.quarantined.inc();
                busy.quarantine(node.now() + QUARANTINE);
            }
            return Err(failure);
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

/// Why a document could not be pinned here.
#[derive(Debug)]
pub(crate) enum NotPinned {
    /// Another node was faster.
    HeldElsewhere,
    /// Whoever asked is to be told this.
    Refused(CloseReason),
}

/// Pins a document to this node. `dead` is the pin of an owner whose life is over, where it stands yet.
///
/// # Errors
/// [`NotPinned`]; then no pin of this node stands for long.
pub(crate) async fn pin(
    node: &Node,
    home: &Arc<Home>,
    key: &DocumentKey,
    dead: Option<&Pin>,
) -> Result<Pin, NotPinned> {
    match home.pin(key, dead).await {
        Ok(Pinning::Ours(pin)) => {
            node.metrics.taken_over.inc_by(u64::from(dead.is_some()));
            Ok(pin)
        }
        Ok(Pinning::Theirs(_)) => Err(NotPinned::HeldElsewhere),
        Ok(Pinning::NoLease) => Err(NotPinned::Refused(CloseReason::TryAgainLater)),
        Err(error) => {
            node.metrics.store_error("pins");
            tracing::warn!(document = %key, %error, "the document could not be pinned");
            Err(NotPinned::Refused(CloseReason::TryAgainLater))
        }
    }
}

async fn load(node: &Node, key: &DocumentKey, pin: &Pin) -> Result<(Document, Log), CloseReason> {
    let open = || node.ports.documents.open(key, pin.generation);
    let opening = async {
        match open().await {
            // Parts of it were gone. What is left is opened the next time, and that is nothing, or an earlier copy.
            Err(DocumentsError::Lost) => {
                tracing::error!(document = %key, "the document store has lost parts of the document");
                open().await
            }
            opened => opened,
        }
    };
    let outcome = within(STORE_DEADLINE, opening).await;
    let Opened { updates, position } = outcome.map_err(|error| not_loaded(node, key, &error))?;
    node.documents_answer.note(true, node.now());
    let log = Log::loaded(position, &updates);
    let document = build(updates, log.bytes.max(log.state_bytes)).await.map_err(|_| {
        tracing::error!(document = %key, "the stored document can't be loaded; it is quarantined");
        CloseReason::DocumentUnavailable
    })?;
    Ok((document, log))
}

fn not_loaded(node: &Node, key: &DocumentKey, error: &DocumentsError) -> CloseReason {
    node.metrics.store_error("documents");
    match error {
        DocumentsError::Stale { .. } => {
            // Another node may have been faster. Told again and again, it has another cause.
            tracing::warn!(
                document = %key,
                %error,
                "the document could not be loaded: if this is said again and again, another installation uses the same \
                 document store without a prefix of its own, or the clock was set back"
            );
            CloseReason::NodeRestarting
        }
        DocumentsError::Lost | DocumentsError::Unavailable(_) => {
            // One line when it begins: many may knock while a store is away.
            if node.documents_answer.note(false, node.now()) {
                tracing::warn!(document = %key, %error, "documents can't be loaded");
            }
            CloseReason::TryAgainLater
        }
    }
}

/// Builds the document, on a thread of its own where that takes long.
async fn build(updates: Vec<Bytes>, bytes: usize) -> Result<Document, Poisoned> {
    let build = move || Document::open(&updates, Caps::default());
    if bytes <= LOAD_BYTES_INLINE {
        return build();
    }
    tokio::task::spawn_blocking(build).await.unwrap_or(Err(Poisoned))
}
