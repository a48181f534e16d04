/// What becomes of a document's content when the document is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retention {
    /// It stays until someone opens the document again.
    #[default]
    Kept,
    /// It is dropped at once: content lives as long as the sessions on it.
    DroppedAtRelease,
}
