//! Pins that may stand though nobody here holds the document: a call that pinned or unpinned it was not answered.

use super::Home;
use crate::caps::LEFTOVERS_MAX;
use domain::bounds::REAPED_AT_ONCE;
use domain::ids::DocumentKey;
use domain::ports::Unavailable;
use futures_util::StreamExt;
use futures_util::stream;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Default)]
pub(super) struct Leftovers {
    documents: Mutex<BTreeSet<DocumentKey>>,
    /// A task is at them.
    is_cleared: AtomicBool,
}

impl Leftovers {
    pub(super) fn add(&self, document: &DocumentKey) {
        let mut documents = self.documents.lock();
        if documents.len() < LEFTOVERS_MAX {
            documents.insert(document.clone());
        }
    }

    /// Takes a document out, which is about to be pinned again. Returns whether it was one.
    pub(super) fn take(&self, document: &DocumentKey) -> bool {
        self.documents.lock().remove(document)
    }

    fn has(&self, document: &DocumentKey) -> bool {
        self.documents.lock().contains(document)
    }
}

impl Home {
    /// Removes what was left over, in the background.
    pub(super) fn clear_leftovers(self: &Arc<Self>) {
        let documents: Vec<DocumentKey> = self.leftovers.documents.lock().iter().cloned().collect();
        if documents.is_empty() || self.leftovers.is_cleared.swap(true, Ordering::Relaxed) {
            return;
        }
        let home = Arc::clone(self);
        tokio::spawn(async move {
            stream::iter(documents)
                .for_each_concurrent(REAPED_AT_ONCE, |document| {
                    let home = Arc::clone(&home);
                    async move {
                        if home.clear(&document).await.is_ok() {
                            home.leftovers.take(&document);
                        }
                    }
                })
                .await;
            home.leftovers.is_cleared.store(false, Ordering::Relaxed);
        });
    }

    /// Removes one pin, if it is of this life. Whoever pins the document meanwhile takes it out of the leftovers first,
    /// and then replaces the pin that stands by one of the next generation: removing the old one touches it no more.
    async fn clear(&self, document: &DocumentKey) -> Result<(), Unavailable> {
        let pin = self.pin_of(document).await?;
        match pin.filter(|pin| self.is_ours(pin) && self.leftovers.has(document)) {
            Some(pin) => self.remove(document, &pin).await,
            None => Ok(()),
        }
    }
}
