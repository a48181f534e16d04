use super::{ShareWrite, WriteOutcome};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand;
/// What a request is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict;
/// One app's ledger as one node drives it.
#[derive(Debug)]
pub struct AppLedger;
impl AppLedger {
    /// The next write.
    pub fn next_write(&mut self) -> Option<ShareWrite> {
        None
    }
    /// Its outcome.
    pub fn completed(&mut self, _: WriteOutcome) {}
}
