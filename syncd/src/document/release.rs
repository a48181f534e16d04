//! The end of an open document.

use super::handle::{DocumentHandle, Inbound};
use super::renewal::Renewal;
use super::task::{DocumentTask, End};
use crate::caps::QUARANTINE;
use crate::home::Home;
use crate::node::Node;
use crate::registry::Busy;
use domain::close::CloseReason;
use domain::ids::DocumentKey;
use domain::ports::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;

impl DocumentTask {
    pub(super) async fn end(mut self, end: End, inbox: mpsc::UnboundedReceiver<Inbound>) {
        // Of a document that has moved, what this turn applied was not stored; and what follows may take long.
        self.tally.not_stored(&CloseReason::NodeRestarting, self.node.now());
        self.tally.push();
        match end {
            End::Unused(busy) => self.release(busy, inbox).await,
            End::StoreLost => {
                tracing::error!(document = %self.handle.key, "given up with content that could not be stored");
                self.fail(&CloseReason::TryAgainLater, inbox).await;
            }
            End::Moved => self.fail(&CloseReason::NodeRestarting, inbox).await,
            End::Evicted(reason) => Box::pin(self.evict(&reason, inbox)).await,
            End::Poisoned => {
                tracing::error!(document = %self.handle.key, "the document is quarantined");
                self.quarantine(inbox).await;
            }
        }
    }

    /// Gives a document up that nobody uses. Whoever wants it meanwhile waits, and opens it again.
    async fn release(mut self, busy: Busy, inbox: mpsc::UnboundedReceiver<Inbound>) {
        self.write_down().await;
        self.let_go().await;
        drop(self.place);
        close_late_joiners(inbox, &CloseReason::NodeRestarting);
        drop(busy);
        tracing::debug!(document = %self.handle.key, "released");
    }

    /// Writes the document down and gives it up, whoever uses it.
    async fn evict(mut self, reason: &CloseReason, inbox: mpsc::UnboundedReceiver<Inbound>) {
        self.store_at_last().await;
        self.write_down().await;
        self.fail(reason, inbox).await;
    }

    /// Closes every session; the document is loaded again by whoever comes next.
    async fn fail(mut self, reason: &CloseReason, inbox: mpsc::UnboundedReceiver<Inbound>) {
        let busy = self.node.registry.release(&self.handle);
        self.members.close_all(reason);
        self.let_go().await;
        drop(self.place);
        close_late_joiners(inbox, reason);
        drop(busy);
    }

    async fn quarantine(mut self, inbox: mpsc::UnboundedReceiver<Inbound>) {
        let busy = self.node.registry.release(&self.handle);
        self.members.close_all(&CloseReason::DocumentUnavailable);
        self.let_go().await;
        drop(self.place);
        close_late_joiners(inbox, &CloseReason::DocumentUnavailable);
        busy.quarantine(self.node.now() + QUARANTINE);
        self.node.metrics.quarantined.inc();
    }

    async fn let_go(&self) {
        self.node.metrics.documents.dec();
        self.node.metrics.documents_unstored.sub(i64::from(self.care.is_unstored()));
        unpin(&self.node, self.handle.home(), &self.handle.key, &self.pin).await;
        if self.renewal == Renewal::Asked || self.renewed.is_some() {
            // Another pin is on its way, or there already.
            self.handle.home().leave_pin(&self.handle.key);
        }
    }
}

/// Removes a pin. What can't be removed at once is removed later.
pub(crate) async fn unpin(node: &Node, home: &Arc<Home>, key: &DocumentKey, pin: &Pin) {
    if let Err(error) = home.unpin(key, pin).await {
        node.metrics.store_error("pins");
        tracing::warn!(document = %key, %error, "the pin could not be removed");
    }
}

/// Quarantines a document whose task panics, so that a bug takes one document out of service and not the node,
/// and its name does not stay taken by a task that is no more.
pub(super) struct PanicGuard {
    node: Arc<Node>,
    handle: DocumentHandle,
    armed: bool,
}

impl PanicGuard {
    pub(super) fn new(node: &Arc<Node>, handle: &DocumentHandle) -> Self {
        Self { node: Arc::clone(node), handle: handle.clone(), armed: true }
    }

    /// The task has ended in order.
    pub(super) fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        self.node.metrics.documents.dec();
        self.node.registry.release(&self.handle).quarantine(self.node.now() + QUARANTINE);
        if std::thread::panicking() {
            tracing::error!(document = %self.handle.key, "the document's task panicked; it is quarantined");
            self.handle.home().leave_pin(&self.handle.key);
        }
    }
}

/// Sessions that were given a seat just before the end.
fn close_late_joiners(mut inbox: mpsc::UnboundedReceiver<Inbound>, reason: &CloseReason) {
    inbox.close();
    while let Ok(inbound) = inbox.try_recv() {
        if let Inbound::Join { joining, .. } = inbound {
            joining.close(reason.clone());
        }
    }
}
