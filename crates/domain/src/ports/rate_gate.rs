use super::Unavailable;
use crate::client_ip::ClientIp;
use crate::ids::{ApiKeyId, AppKey};
use crate::policy::{Policy, Window};
use std::time::Duration;

/// What a rate is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RateBucket {
    /// Requests of one client under one policy.
    Client(Policy, ClientIp),
    /// Requests with one API key under one policy.
    Key(Policy, ApiKeyId),
    /// Ops of one app in this region.
    Ops(AppKey),
}

/// What is wanted of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Granted as far as there is room.
    pub need: u64,
    /// Granted beyond the need, up to so many in total, while that leaves room for others.
    pub block: u64,
}

impl Want {
    /// What of a window's room no block takes: all but an eighth. So blocks shrink as the window empties, and what
    /// one taker has in hand when it is empty is little.
    pub const BLOCKS_OF_ROOM: u64 = 8;

    /// So many, and no more.
    #[must_use]
    pub const fn only(need: u64) -> Self {
        Self { need, block: 0 }
    }

    /// How many are granted where so many more fit into the window.
    #[must_use]
    pub fn granted(self, room: u64) -> u64 {
        room.min(self.need.max(self.block.min(room / Self::BLOCKS_OF_ROOM)))
    }
}

/// The moment that grants count from, on the store's own clock. Only the store that gave it can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark(pub u64);

/// What was granted of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// How many, which may be none.
    pub count: u64,
    /// What gives them back.
    pub mark: Mark,
}

/// Counts over a sliding window, by the store's own clock.
///
/// # Contract
/// - [`RateGate::take`] is atomic: however many takers race, in any span of `window.length` never more than
///   `window.limit` are used in total, if whoever takes uses each grant within `within` of asking for it. It grants
///   [`Want::granted`] of the room that is left.
/// - A grant counts from `within` after it was given, for the length of the window, and for up to a thousandth of
///   that length longer.
/// - What is refused is not counted: a client that keeps asking gets in again as soon as its window has room.
/// - [`RateGate::give_back`] returns grants of one take that were not used and never will be. No more may be given
///   back than that take granted; where they no longer count it changes nothing.
/// - After [`Unavailable`] a take may have been counted. Callers let pass (fail open) and say so in a metric.
#[async_trait::async_trait]
pub trait RateGate: Send + Sync + 'static {
    /// Takes of the bucket's window what is to be used within `within`.
    async fn take(
        &self,
        bucket: &RateBucket,
        want: Want,
        window: Window,
        within: Duration,
    ) -> Result<Grant, Unavailable>;

    /// Returns `count` grants of `mark` that were not used.
    async fn give_back(
        &self,
        bucket: &RateBucket,
        mark: Mark,
        count: u64,
        window: Window,
    ) -> Result<(), Unavailable>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_met_as_far_as_there_is_room_and_a_block_shrinks_with_it() {
        assert_eq!(Want::only(5).granted(9), 5);
        assert_eq!(Want::only(5).granted(3), 3);
        let want = Want { need: 2, block: 100 };
        assert_eq!(
            [10_000, 400, 80, 16, 8, 2, 1, 0].map(|room| want.granted(room)),
            [100, 50, 10, 2, 2, 2, 1, 0]
        );
    }
}
