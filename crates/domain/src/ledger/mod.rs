//! The ledger: counts that are exact, cheap and cannot leak.
//!
//! One record an app. Each node writes only its own share of it, and only from a value it knows, by
//! compare-and-set; see [`crate::ports::Ledger`] for the store's part and [`AppLedger`] for the node's.

mod admission;
mod app_ledger;
mod share;

pub use admission::{Demand, Ticket, Verdict};
pub use app_ledger::AppLedger;
pub use share::{Bounds, LedgerRecord, Share, ShareWrite, Totals, WriteOutcome};
