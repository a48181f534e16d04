use super::lots::Token;
use crate::policy::Window;
use crate::ports::{Mark, Want};
use std::time::Duration;

/// What an op is told.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass.
    Pass(Token),
    /// The gate is away: [`super::Purse::take_own_share`] says whether it may pass.
    Away,
    /// It exceeds the limit.
    Full,
}

/// What the driver of a purse does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Call the gate, and report what came of it.
    Call(Call),
    /// Nothing before then, unless [`super::Purse::is_due`].
    Wait {
        /// When to ask again.
        until: Duration,
    },
    /// Nothing, unless [`super::Purse::is_due`].
    Rest,
}

/// A call of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// [`crate::ports::RateGate::take`]: reported by [`super::Purse::granted`], or by [`super::Purse::unanswered`] where it is not
    /// answered in time.
    Buy(Purchase),
    /// [`crate::ports::RateGate::give_back`]: reported by [`super::Purse::returned`] or [`super::Purse::unanswered`].
    GiveBack(Return),
}

/// Tokens to be bought, to be spent within [`OPS_SPENT_WITHIN`](crate::bounds::OPS_SPENT_WITHIN) of the moment at which this was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// How many.
    pub want: Want,
    /// Of which window.
    pub window: Window,
    pub(super) until: Duration,
    /// How many of them are for ops that have passed on the own share.
    pub(super) owed: u64,
}

/// Tokens that were not spent, to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// The purchase that they are of.
    pub mark: Mark,
    /// How many.
    pub count: u64,
    /// Of which window.
    pub window: Window,
}
