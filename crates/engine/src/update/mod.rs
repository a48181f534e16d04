//! Yjs updates (lib0 encoding v1): what one says, whether it can be applied, and how yrs is told.

mod any;
mod dialect;
mod facts;
mod known;
mod replica;
mod rest;
mod schedule;
mod state_vector;
mod structs;

pub(crate) use dialect::{Feed, parts, restore};
pub(crate) use facts::{DeleteRange, Facts};
pub(crate) use known::Known;
pub(crate) use replica::{Digest, Replica};
pub(crate) use schedule::{Schedule, schedule};
pub(crate) use state_vector::StateVector;

/// One more than the largest clock: yrs computes with 32 bits and a sign.
pub(crate) const CLOCK_END_MAX: u64 = (1 << 31) - 1;

/// The name of one element: the client that inserted it, and how many it had inserted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) client: u64,
    pub(crate) clock: u32,
}
