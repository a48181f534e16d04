//! What must never happen.

use crate::node::Life;
use domain::ledger::{LedgerRecord, Totals, Verdict};
use std::fmt;

#[derive(Debug, Clone)]
#[allow(dead_code, reason = "the fields are there to be printed")]
pub(crate) enum Violation {
    /// A count would have become negative.
    Negative { app: usize },
    /// The totals are not the sums over the shares.
    DoesNotAddUp { app: usize, record: LedgerRecord },
    /// A write raised the totals over every limit of those that it was for.
    OverEveryLimit { app: usize, totals: Totals },
    /// A client was admitted to an app that had no room by the client's own limits.
    OverItsLimit { ticket: u64, before: Totals },
    /// A client was admitted by a write that never took effect.
    NotWritten { ticket: u64 },
    /// A client was admitted that had gone: nobody would give its place back.
    AdmittedNobody { ticket: u64 },
    /// A node counts more than its share says.
    NotCovered { life: Life, app: usize, held: Totals, share: Totals },
    /// A client was told that an app is full which was not.
    NotFull { ticket: u64, verdict: Verdict, most: Totals },
    /// A node takes itself for dead that nobody takes for dead.
    NotDeclaredDead { life: Life, app: usize },
    /// A write was sent again, but not unchanged.
    SentAgainChanged { life: Life, app: usize },
    /// With all mended and everything come to rest, a share is not what its node holds.
    NotExact { life: Life, app: usize, held: Totals, share: Totals },
    /// With nothing to do, a node's books are still open.
    NotQuiet { life: Life, app: usize },
    /// Events go on for ever.
    DoesNotSettle,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
