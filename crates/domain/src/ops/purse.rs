use super::breaker::Breaker;
use super::fullness::{Fullness, Outcome};
use super::lots::{Lot, Lots, Origin, Token};
use super::own_share::OwnShare;
use super::spending::Spending;
use super::step::{Call, Purchase, Return, Step, Verdict};
use crate::bounds::{OPS_AHEAD_PAUSE, OPS_LOTS_MAX, OPS_SPENT_WITHIN, OPS_WAITING_MAX};
use crate::clock::Entropy;
use crate::policy::Window;
use crate::ports::{Grant, Want};
use std::collections::VecDeque;
use std::time::Duration;

/// One app's ops on one node: ops in, the next call of the gate out, grants in, verdicts out. `W` is who waits.
///
/// - At most one call is under way. Everybody who comes meanwhile waits for what it brings, and what that leaves
///   unserved becomes the next purchase (group commit).
/// - What is bought beyond the need is what the next [`OPS_SPENT_WITHIN`] is likely to spend, and it is bought ahead,
///   while a quarter of that is still there. So a busy app buys about five times a second and waits for none of it, and
///   an app that falls silent holds nothing.
/// - Tokens that end unspent are given back, before anything else is bought.
/// - Before an op is refused, it waits once for others to return what they do not need. After that the
///   app is refused from memory for a while.
/// - Each op is held to the limit of its own token: it takes tokens that were bought under that limit or a lower one, and
///   a purchase is for ops of one limit, that of whoever waits longest.
/// - Where the gate does not answer, nobody waits for it, and ops pass on the node's own share of the limit. They are
///   bought once it is back.
///
/// It does no I/O: whoever drives it does what [`Purse::next_step`] says, reports what came of it, and hands out what
/// [`Purse::next_verdict`] says.
#[derive(Debug)]
pub struct Purse<W> {
    lots: Lots,
    spending: Spending,
    waiting: VecDeque<Waiting<W>>,
    verdicts: VecDeque<(W, Verdict)>,
    /// Ended unspent, and not given back yet.
    unspent: VecDeque<Lot>,
    fullness: Fullness,
    breaker: Breaker,
    own_share: OwnShare,
    /// Of the op that came last: what is bought for nobody yet is bought under it.
    limit: u64,
    /// An op came that found few tokens left, or that passed while the gate was away.
    is_wanted: bool,
    /// Before this, nothing is bought ahead.
    ahead_from: Duration,
    is_calling: bool,
}

#[derive(Debug)]
struct Waiting<W> {
    who: W,
    need: u64,
    limit: u64,
    /// The purchase that is under way is for it too.
    is_asked: bool,
}

impl<W> Default for Purse<W> {
    fn default() -> Self {
        Self {
            lots: Lots::default(),
            spending: Spending::default(),
            waiting: VecDeque::new(),
            verdicts: VecDeque::new(),
            unspent: VecDeque::new(),
            fullness: Fullness::default(),
            breaker: Breaker::default(),
            own_share: OwnShare::default(),
            limit: 0,
            is_wanted: false,
            ahead_from: Duration::ZERO,
            is_calling: false,
        }
    }
}

impl<W> Purse<W> {
    /// Takes a token for an op under `limit`. `None` where there is nothing at hand, and it must [`Purse::wait`].
    pub fn take(&mut self, limit: u64, now: Duration) -> Option<Verdict> {
        self.retire(now);
        self.limit = limit;
        if let Some(lot) = self.lots.take(limit, now) {
            self.spending.note(now);
            self.is_wanted |= self.runs_low(now);
            Some(Verdict::Pass(Token(Origin::Bought(lot))))
        } else if self.fullness.refuses(limit, now) {
            Some(Verdict::Full)
        } else if self.breaker.is_open() {
            Some(Verdict::Away)
        } else {
            None
        }
    }

    /// Waits for a token for an op under `limit`; `need` ops of whoever asks are likely to follow one another, this one
    /// included. The verdict comes from [`Purse::next_verdict`].
    pub fn wait(&mut self, who: W, need: u64, limit: u64) {
        if self.waiting.len() >= OPS_WAITING_MAX {
            self.verdicts.push_back((who, Verdict::Away));
        } else {
            self.waiting.push_back(Waiting { who, need: need.max(1), limit, is_asked: false });
        }
    }

    /// Lets an op pass while the gate is away, on this node's share of `limit`: one of `nodes`.
    pub fn take_own_share(&mut self, limit: u64, nodes: u64, now: Duration) -> Option<Token> {
        self.is_wanted = true;
        let slice = self.own_share.take(limit.div_ceil(nodes.max(1)), now)?;
        self.spending.note(now);
        Some(Token(Origin::OwnShare(slice)))
    }

    /// Puts a token back that was not used.
    pub fn put_back(&mut self, token: Token, now: Duration) {
        self.spending.take_back();
        match token.0 {
            Origin::Bought(lot) => self.keep(lot, now),
            Origin::OwnShare(slice) => self.own_share.put_back(slice),
        }
    }

    /// The next verdict for somebody who waited.
    pub fn next_verdict(&mut self) -> Option<(W, Verdict)> {
        self.verdicts.pop_front()
    }

    /// Whether the gate is to be called now.
    #[must_use]
    pub fn is_due(&self, now: Duration) -> bool {
        !self.is_calling && self.due_at().is_some_and(|at| at <= now)
    }

    /// What to do next. While a call is under way there is nothing to do.
    pub fn next_step(&mut self, now: Duration) -> Step {
        self.retire(now);
        if self.is_calling {
            return Step::Rest;
        }
        if self.is_due(now) {
            self.is_calling = true;
            return Step::Call(self.call(now));
        }
        let wakes_at = self.due_at().into_iter().chain(self.lots.ends_at()).min();
        wakes_at.map_or(Step::Rest, |until| Step::Wait { until })
    }

    /// The gate answered a purchase in time.
    pub fn granted(&mut self, purchase: Purchase, grant: Grant, now: Duration) {
        self.is_calling = false;
        self.breaker.close();
        self.granted_late(purchase, grant, now);
        let is_short = grant.count < purchase.want.need;
        let asked: Vec<&mut Waiting<W>> =
            self.waiting.iter_mut().filter(|waiting| waiting.is_asked).collect();
        let is_left = !asked.is_empty();
        asked.into_iter().for_each(|waiting| waiting.is_asked = is_short);
        if is_short && is_left && self.fullness.fell_short(purchase.window.limit, now) == Outcome::Refused {
            self.answer_waiting(Verdict::Full, |waiting| waiting.is_asked);
        }
        if grant.count < purchase.want.block {
            self.ahead_from = now + OPS_AHEAD_PAUSE;
        }
    }

    /// A purchase that was reported as unanswered was granted after all. Nobody waits for it any more.
    pub fn granted_late(&mut self, purchase: Purchase, grant: Grant, now: Duration) {
        // What there was no room for is owed no more: the window is full either way.
        self.own_share.settle(purchase.owed);
        let left = grant.count.saturating_sub(purchase.owed);
        let limit = purchase.window.limit;
        self.keep(Lot { mark: grant.mark, limit, until: purchase.until, left }, now);
    }

    /// The gate has taken tokens back.
    pub fn returned(&mut self) {
        self.is_calling = false;
        self.fullness.may_have_room();
    }

    /// The gate did not answer the call in time. Tokens that were to be given back stay counted.
    pub fn unanswered(&mut self, now: Duration, entropy: &dyn Entropy) {
        self.is_calling = false;
        self.breaker.open(now, entropy);
        self.answer_waiting(Verdict::Away, |_| true);
    }

    /// Whether nothing would be lost if it were forgotten: no tokens, nobody who waits, and nothing on the own share.
    pub fn is_unused(&mut self, now: Duration) -> bool {
        self.retire(now);
        let is_empty = self.lots.len() == 0 && self.waiting.is_empty() && self.verdicts.is_empty();
        is_empty && !self.is_calling && self.own_share.is_unused(now)
    }

    /// When the gate is to be called next, as far as that is known.
    fn due_at(&self) -> Option<Duration> {
        if let Some(probe_at) = self.breaker.probe_at() {
            return self.is_wanted.then_some(probe_at);
        }
        if !self.unspent.is_empty() {
            return Some(Duration::ZERO);
        }
        let for_waiting = (!self.waiting.is_empty()).then(|| self.fullness.buys_from());
        let ahead = self.is_wanted.then_some(self.ahead_from);
        for_waiting.into_iter().chain(ahead).min()
    }

    fn call(&mut self, now: Duration) -> Call {
        if self.breaker.is_open() {
            return Call::Buy(self.purchase(1, self.limit, now));
        }
        if let Some(Lot { mark, limit, left: count, .. }) = self.unspent.pop_front() {
            return Call::GiveBack(Return { mark, count, window: Window::per_minute(limit) });
        }
        match self.waiting.front().map(|first| first.limit) {
            Some(limit) if self.fullness.buys_from() <= now => {
                let mut need = 0_u64;
                for waiting in self.waiting.iter_mut().filter(|waiting| waiting.limit == limit) {
                    waiting.is_asked = true;
                    need = need.saturating_add(waiting.need);
                }
                Call::Buy(self.purchase(need, limit, now))
            }
            _ => Call::Buy(self.purchase(0, self.limit, now)),
        }
    }

    fn purchase(&mut self, need: u64, limit: u64, now: Duration) -> Purchase {
        self.is_wanted = false;
        let owed = self.own_share.owed(now);
        let expected = self.spending.expected(now);
        let block = expected - self.lots.left().min(expected / 4);
        Purchase {
            want: Want { need: need.saturating_add(owed), block },
            window: Window::per_minute(limit),
            until: now + OPS_SPENT_WITHIN,
            owed,
        }
    }

    /// Whether little is left of what is likely to be spent, or it ends soon.
    fn runs_low(&mut self, now: Duration) -> bool {
        let expected = self.spending.expected(now);
        let ends_soon = self.lots.last_until().is_none_or(|until| until <= now + OPS_SPENT_WITHIN / 4);
        let is_low = ends_soon || self.lots.left() <= expected / 4;
        expected >= 2 && is_low && !self.fullness.refuses(self.limit, now)
    }

    /// Keeps tokens at hand for whoever waits or comes; those that have ended are given back.
    fn keep(&mut self, lot: Lot, now: Duration) {
        if now >= lot.until {
            return self.give_back(lot);
        }
        self.lots.put(lot);
        if self.lots.len() > OPS_LOTS_MAX
            && let Some(oldest) = self.lots.take_oldest()
        {
            self.give_back(oldest);
        }
        self.serve(now);
    }

    fn retire(&mut self, now: Duration) {
        while let Some(lot) = self.lots.take_ended(now) {
            self.give_back(lot);
        }
    }

    /// What is past the bound is not given back: it stays counted.
    fn give_back(&mut self, lot: Lot) {
        if lot.left > 0 && self.unspent.len() < OPS_LOTS_MAX {
            self.unspent.push_back(lot);
        }
    }

    /// Gives a token to each of those who wait, in order, as far as they reach.
    fn serve(&mut self, now: Duration) {
        for waiting in std::mem::take(&mut self.waiting) {
            if let Some(lot) = self.lots.take(waiting.limit, now) {
                self.spending.note(now);
                self.verdicts.push_back((waiting.who, Verdict::Pass(Token(Origin::Bought(lot)))));
            } else {
                self.waiting.push_back(waiting);
            }
        }
        if self.waiting.is_empty() {
            self.fullness.nobody_waits();
        }
    }

    fn answer_waiting(&mut self, verdict: Verdict, concerns: impl Fn(&Waiting<W>) -> bool) {
        for waiting in std::mem::take(&mut self.waiting) {
            if concerns(&waiting) {
                self.verdicts.push_back((waiting.who, verdict));
            } else {
                self.waiting.push_back(waiting);
            }
        }
        if self.waiting.is_empty() {
            self.fullness.nobody_waits();
        }
    }
}

#[cfg(test)]
#[path = "purse_tests.rs"]
mod tests;
