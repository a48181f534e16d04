//! Leases: when a node may be declared dead, and how what it held comes off the books.
//!
//! A node raises a number, its beat, in each home table. No two machines' clocks are ever compared: whoever has
//! watched a beat stand still for [`crate::bounds::LEASE`] on its own monotonic clock, while its own reads and
//! writes went through, may reap the node. [`Watch`] decides when; [`reap`] does it, or [`reap_further`] bit by bit,
//! and [`bury`] forgets the rest long after. Each step may be repeated, by anyone, after a crash in between.

mod reaping;
mod watch;

pub use reaping::{Progress, Reaping, Struck, bury, reap, reap_further, seal_share, strike_pin};
pub use watch::{Finding, Watch};
