//! Ops per minute: a node buys tokens of an app's window in blocks, and spends them in memory.
//!
//! One [`Purse`] an app and node. An op that finds a token in it costs no round trip. Why no window is passed all the
//! same: a token is spent at most [`crate::bounds::OPS_SPENT_WITHIN`] after the moment *before* its purchase was sent,
//! and the gate counts it from that long *after* it was given. So whatever was spent in a span of one window's length
//! was all counted when the last of it was granted. See [`crate::ports::RateGate`] for the gate's part.

mod breaker;
mod fullness;
mod lots;
mod own_share;
mod purse;
mod spending;
mod step;

pub use lots::Token;
pub use purse::Purse;
pub use step::{Call, Purchase, Return, Step, Verdict};
