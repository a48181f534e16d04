//! The end of an open document.

use super::handle::Inbound;
use super::task::{DocumentTask, End};
use crate::caps::{QUARANTINE, STORE_DEADLINE};
use crate::registry::Busy;
use domain::close::CloseReason;
use domain::ports::Unavailable;
use tokio::sync::mpsc;

impl DocumentTask {
    pub(super) async fn end(self, end: End, inbox: mpsc::UnboundedReceiver<Inbound>) {
        match end {
            End::Unused(busy) => self.release(busy, inbox).await,
            End::StoreLost => self.fail(&CloseReason::TryAgainLater, inbox).await,
            End::Moved => self.fail(&CloseReason::NodeRestarting, inbox).await,
            End::Poisoned => {
                tracing::error!(document = %self.handle.key, "the document is quarantined");
                self.quarantine(inbox).await;
            }
        }
    }

    /// Gives a document up that nobody uses. Whoever wants it meanwhile waits, and opens it again.
    async fn release(mut self, busy: Busy, inbox: mpsc::UnboundedReceiver<Inbound>) {
        if self.log.entries > 1 {
            // A log that was not compacted only takes longer to load.
            let _ = self.compact().await;
        }
        let expire = self.node.ports.documents.expire(&self.handle.key, self.pin.generation);
        if let Ok(Err(error)) = tokio::time::timeout(STORE_DEADLINE, expire).await {
            tracing::warn!(document = %self.handle.key, %error, "the store was not told of the release");
        }
        self.let_go().await;
        drop(self.place);
        close_late_joiners(inbox, &CloseReason::NodeRestarting);
        drop(busy);
        tracing::debug!(document = %self.handle.key, "released");
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
        let unpin = self.node.ports.pins.unpin(&self.handle.key, &self.pin);
        let outcome = match tokio::time::timeout(STORE_DEADLINE, unpin).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Unavailable::new("pins", "no answer in time")),
        };
        if let Err(error) = outcome {
            self.node.metrics.store_error("pins");
            tracing::warn!(document = %self.handle.key, %error, "the pin could not be removed");
        }
    }
}

/// Sessions that were given a seat just before the end.
fn close_late_joiners(mut inbox: mpsc::UnboundedReceiver<Inbound>, reason: &CloseReason) {
    inbox.close();
    while let Ok(inbound) = inbox.try_recv() {
        if let Inbound::Join { link, .. } = inbound {
            link.close(reason.clone());
        }
    }
}
