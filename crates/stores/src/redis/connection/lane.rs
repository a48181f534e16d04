/// What a call is for. Each lane is a connection of its own, on which calls that are under way at the same time travel
/// together; so a large state never keeps a small question waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Questions to rate windows.
    Rates,
    /// What is written before it is shown.
    Appends,
    /// Whole documents.
    Bulk,
}

impl Lane {
    /// The port that a failure is named after.
    pub(super) fn store(self) -> &'static str {
        match self {
            Self::Rates => "rate gate",
            Self::Appends | Self::Bulk => "documents",
        }
    }

    /// Calls that may be under way at once; one past it fails. Above what a node asks for in its deadlines of a
    /// server that answers: a document has at most one append under way, a take is a hundred bytes.
    pub(super) fn calls_max(self) -> usize {
        match self {
            Self::Rates => 4_096,
            Self::Appends => 16_384,
            Self::Bulk => 1_024,
        }
    }
}
