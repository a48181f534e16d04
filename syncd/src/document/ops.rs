//! A document's use of its app's ops.

use crate::home::Home;
use crate::metrics::Metrics;
use crate::ops::{AppPurse, Taken};
use bytes::Bytes;
use domain::ops::Token;
use engine::OpsBudget;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Ops {
    purse: Arc<AppPurse>,
    /// Knows how many nodes share the limit where the gate is away.
    home: Arc<Home>,
    metrics: Arc<Metrics>,
}

impl Ops {
    pub(super) fn new(purse: Arc<AppPurse>, home: Arc<Home>, metrics: Arc<Metrics>) -> Self {
        Self { purse, home, metrics }
    }

    /// Takes a token for a message that may be an op under `limit`.
    pub(super) fn take(&self, limit: u64, now: Duration) -> Taken {
        self.purse.take(limit, now, || self.home.living_nodes())
    }

    /// Waits for a token for an op, which `following` messages of its sender come after.
    pub(super) async fn wait(&self, limit: u64, following: &[Bytes]) -> Option<Token> {
        let more = following.iter().filter(|message| engine::may_be_op(message)).count();
        self.purse.wait(more as u64 + 1, limit, || self.home.living_nodes()).await
    }

    /// Notes that a token was used, or puts it back.
    pub(super) fn settle(&self, token: Token, budget: &OpsBudget) {
        if budget.used() == 0 {
            return self.purse.put_back(token);
        }
        self.metrics.ops.inc();
        if token.is_of_own_share() {
            self.metrics.ops_shared_out.inc();
        }
    }
}
