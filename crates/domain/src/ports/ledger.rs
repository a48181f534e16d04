use super::Unavailable;
use crate::ids::AppKey;
use crate::ledger::{LedgerRecord, ShareWrite, WriteOutcome};

/// The global count of each app: one record an app, in the table of the app's home region.
///
/// # Contract
/// - [`Ledger::write`] is one atomic compare-and-set of one share: the record's totals and that share change
///   together, or nothing does. It takes effect only where the stored share equals `write.old` and, for what
///   the write grows, the totals before it are at most `write.bounds`.
/// - The totals always equal the sums over the shares, sealed ones included.
/// - A refused write changes nothing, and its answer carries the record's totals and the share as they stood
///   at that moment.
/// - Repeating a write that took effect is refused, with the share equal to `write.new`: the writer sees its
///   own value and knows. The sequence number in every share makes that so even for a copy that arrives late.
/// - [`Ledger::read`] is strongly consistent: it sees every write that was answered before it began. An app
///   that was never written reads as an empty record.
/// - After [`Unavailable`] a write may have taken effect, may not have, or may yet take effect.
#[async_trait::async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// The app's record.
    async fn read(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable>;

    /// Replaces one share of the app.
    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable>;

    /// Deletes a sealed share, which counts nothing. Anything but a sealed share stays. May be repeated.
    /// Called only long after a node's death, when no write of it can still be under way.
    async fn forget_sealed(&self, app: &AppKey, share: &crate::ids::NodeId) -> Result<(), Unavailable>;
}
