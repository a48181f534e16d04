//! Pinning an open document again, in another life of its node.

use super::task::{DocumentTask, End};
use crate::caps::{RENEW_RETRY, STORE_DEADLINE};
use crate::home::Pinning;
use domain::ports::{DocumentsError, Pin, Unavailable};

impl DocumentTask {
    /// Sees that the pin is of the node's current life. Until a store answers, the document goes on under the old pin:
    /// if another node has taken it over, the document store refuses what this one appends.
    pub(super) async fn renew(&mut self) -> Result<(), End> {
        self.renew_at = None;
        let home = self.handle.home();
        if home.is_ours(&self.pin) {
            return Ok(());
        }
        match home.pin(&self.handle.key, Some(&self.pin)).await {
            Ok(Pinning::Ours(pin)) => self.go_on_under(pin).await,
            Ok(Pinning::Theirs(_)) => Err(End::Moved),
            Ok(Pinning::NoLease) | Err(_) => {
                self.renew_at = Some(self.node.now() + RENEW_RETRY);
                Ok(())
            }
        }
    }

    /// Goes on under a new pin, if nobody has written to the document meanwhile.
    async fn go_on_under(&mut self, pin: Pin) -> Result<(), End> {
        let opening = self.node.ports.documents.open(&self.handle.key, pin.generation);
        let outcome = match tokio::time::timeout(STORE_DEADLINE, opening).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Unavailable::new("documents", "no answer in time").into()),
        };
        match outcome {
            Ok(opened) if opened.position == self.log.position => {
                tracing::info!(document = %self.handle.key, generation = pin.generation.0, "pinned again");
                self.pin = pin;
                Ok(())
            }
            Ok(_) | Err(DocumentsError::Stale { .. }) => {
                self.pin = pin;
                Err(End::Moved)
            }
            Err(DocumentsError::Unavailable(_)) => {
                self.renew_at = Some(self.node.now() + RENEW_RETRY);
                Ok(())
            }
        }
    }
}
