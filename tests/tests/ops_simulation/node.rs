//! A node: a purse, the call that is under way, and a clock that agrees with nobody's.

use domain::clock::Entropy;
use domain::ops::{Call, Purse};
use std::time::Duration;

/// Somebody who waits for an op, since then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) since: Duration,
    pub(crate) is_op: bool,
    /// Messages of the same batch that come after it.
    pub(crate) following: u64,
}

pub(crate) struct Node {
    pub(crate) purse: Purse<Waiting>,
    /// Which of all lives this one is.
    pub(crate) life: usize,
    /// What its clock is ahead of the gate's.
    pub(crate) ahead: Duration,
    pub(crate) calling: Option<Calling>,
    /// When the driver looks again, where nothing else wakes it.
    pub(crate) wakes_at: Option<Duration>,
}

/// A call under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calling {
    pub(crate) number: u64,
    pub(crate) call: Call,
    /// Its deadline has passed, and the purse was told so.
    pub(crate) is_late: bool,
}

impl Node {
    pub(crate) fn new(life: usize, ahead: Duration) -> Self {
        Self { purse: Purse::default(), life, ahead, calling: None, wakes_at: None }
    }
}

/// Chance for one call.
pub(crate) struct Drawn(pub(crate) u64);

impl Entropy for Drawn {
    fn next_u64(&self) -> u64 {
        self.0
    }
}
