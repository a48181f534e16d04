use super::LOST_MAX;
use domain::ids::{DocumentKey, Generation};
use domain::ports::DocumentsError;
use parking_lot::Mutex;
use std::collections::HashMap;

/// The owners that were told that the inner store lost their document, or that its answer is not known. They have the
/// document, and open it again only to write it down: so the archive, which has an older state, is not asked. A store that is restarted empty thus costs no
/// storm of reads, and nothing is lost where the archive is away at that moment.
#[derive(Debug, Default)]
pub(super) struct LostOwners {
    told: Mutex<HashMap<DocumentKey, Generation>>,
}

impl LostOwners {
    /// Passes an answer of the inner store on, and remembers who was told of a loss, or may have missed that he was. Only
    /// for what nobody asks who does not have the document.
    pub(super) fn heard<T>(
        &self,
        document: &DocumentKey,
        generation: Generation,
        answer: Result<T, DocumentsError>,
    ) -> Result<T, DocumentsError> {
        if matches!(answer, Err(DocumentsError::Lost | DocumentsError::Unavailable(_))) {
            self.note(document, generation);
        }
        answer
    }

    /// Remembers who was told of a loss.
    pub(super) fn note(&self, document: &DocumentKey, generation: Generation) {
        let mut told = self.told.lock();
        if told.len() >= LOST_MAX {
            // Most of them are owners that are no more; the others open with one read more.
            told.clear();
        }
        told.insert(document.clone(), generation);
    }

    /// Whether whoever opens the document is such an owner. It is one no more, once it asked.
    pub(super) fn comes_back(&self, document: &DocumentKey, generation: Generation) -> bool {
        let mut told = self.told.lock();
        match told.get(document) {
            Some(owner) if *owner <= generation => told.remove(document) == Some(generation),
            _ => false,
        }
    }
}
