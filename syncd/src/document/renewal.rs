//! Pinning an open document again, in another life of its node.

use super::storing::within;
use super::task::{DocumentTask, End};
use crate::caps::{RENEW_RETRY, STORE_DEADLINE};
use crate::home::Pinning;
use domain::ports::{DocumentsError, Opened, Pin};

/// How far the document is with a pin of the node's current life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// Its pin is of the life that the node had when it was last looked at.
    Done,
    /// It is asked for, while the document goes on under the old pin.
    Asked,
}

impl DocumentTask {
    /// Has the document pinned in the node's current life, in the background. Until then it goes on under the old pin:
    /// if another node has taken it over, the document store refuses what this one appends.
    pub(super) fn renew(&mut self) {
        self.renew_at = None;
        if self.renewal == Renewal::Asked || self.handle.home().is_ours(&self.pin) {
            return;
        }
        self.renewal = Renewal::Asked;
        let (handle, old) = (self.handle.clone(), self.pin.clone());
        tokio::spawn(async move {
            let pinning = handle.home().pin(&handle.key, Some(&old)).await;
            handle.renewed(pinning.unwrap_or(Pinning::NoLease));
        });
    }

    /// What came of asking for the pin.
    pub(super) async fn renewed(&mut self, pinning: Pinning) -> Result<(), End> {
        self.renewal = Renewal::Done;
        match pinning {
            Pinning::Ours(pin) => self.go_on_under(pin).await,
            Pinning::Theirs(_) => Err(End::Moved),
            Pinning::NoLease => {
                self.renew_at = Some(self.node.now() + RENEW_RETRY);
                Ok(())
            }
        }
    }

    /// Goes on under a new pin, if nobody has written to the document meanwhile.
    async fn go_on_under(&mut self, pin: Pin) -> Result<(), End> {
        let opening = self.node.ports.documents.open(&self.handle.key, pin.generation);
        match within(STORE_DEADLINE, opening).await {
            Ok(opened) if self.is_same(&opened, &pin) => {
                let has_all = opened.position >= self.log.position;
                tracing::info!(document = %self.handle.key, generation = pin.generation.0, "pinned again");
                self.pin = pin;
                // Another life may have begun meanwhile.
                self.renew_at = Some(self.node.now());
                if !has_all {
                    self.check_soon();
                }
                Ok(())
            }
            Ok(_) | Err(DocumentsError::Stale { .. }) => {
                self.pin = pin;
                Err(End::Moved)
            }
            Err(DocumentsError::Lost | DocumentsError::Unavailable(_)) => {
                // Should the document end before the next try, nobody else would remove this pin.
                self.handle.home().leave_pin(&self.handle.key);
                self.renew_at = Some(self.node.now() + RENEW_RETRY);
                Ok(())
            }
        }
    }

    /// Whether nobody has written to the document since this task did: the store has it as this task left it, or has
    /// lost something of it while no other owner had it.
    fn is_same(&self, opened: &Opened, pin: &Pin) -> bool {
        let is_next = pin.generation.0 == self.pin.generation.0 + 1;
        opened.position == self.log.position || is_next && opened.position < self.log.position
    }
}
