//! Documents of one process, lent to others over HTTP on loopback.
//!
//! For several nodes on one machine: an embedded document store belongs to one process, and the others borrow it.
//! The process that has the store calls [`lend`]; each other one uses a [`BorrowedDocuments`]. What an append
//! promises is what the store behind it promises: the answer comes after it.
//!
//! Whoever asks proves by a [`LoanSecret`] that it may. Nothing is encrypted and nothing is replicated, so this is
//! no store for nodes on several machines.

mod borrower;
mod lender;
mod secret;
mod wire;

pub use borrower::{BorrowedDocuments, InvalidLender};
pub use lender::lend;
pub use secret::{InvalidLoanSecret, LoanSecret};

use std::time::Duration;

/// The one path that is served.
const PATH: &str = "/documents";
/// Bytes of a question or an answer: a whole document at most, which comes near this only where its clients have
/// made it unusable.
const BODY_BYTES_MAX: usize = 512 * 1024 * 1024;
/// How long a borrower keeps a connection that it does not use. Shorter than [`SILENCE_MAX`], so that no question
/// is sent into a connection that the lender is about to end.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// How long a lender waits for the next question on a connection.
const SILENCE_MAX: Duration = Duration::from_secs(30);
