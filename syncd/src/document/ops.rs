//! Ops of one batch of messages, bought from the app's window before they are applied.

use crate::caps::OPS_RETURN_WAIT;
use crate::node::Node;
use domain::policy::Window;
use domain::ports::RateBucket;
use engine::OpsBudget;

/// What was bought. What is not used is given back.
pub(super) struct Ops {
    pub(super) budget: OpsBudget,
    bought: u64,
    /// Used of budgets that were bought before this one.
    used_before: u64,
    may_buy_again: bool,
}

impl Ops {
    /// Buys up to `possible` ops. Where the rate gate does not answer, there is no bound.
    pub(super) async fn buy(node: &Node, bucket: &RateBucket, possible: u64, limit: u64) -> Self {
        let granted = match possible {
            0 => Some(0),
            possible => node.take(bucket, possible, Window::per_minute(limit)).await,
        };
        Self {
            budget: granted.map_or_else(OpsBudget::unlimited, OpsBudget::new),
            bought: granted.unwrap_or(0),
            used_before: 0,
            may_buy_again: granted.is_some_and(|granted| granted < possible),
        }
    }

    /// Tries once more for an op that found nothing left: what another document of the app has bought and does
    /// not need comes back soon.
    pub(super) async fn buy_again(&mut self, node: &Node, bucket: &RateBucket, limit: u64) -> bool {
        if !std::mem::take(&mut self.may_buy_again) || limit == 0 {
            return false;
        }
        tokio::time::sleep(OPS_RETURN_WAIT).await;
        let used = self.used();
        let again = Self::buy(node, bucket, 1, limit).await;
        let may_go_on = again.bought > 0;
        *self =
            Self { bought: self.bought + again.bought, used_before: used, may_buy_again: may_go_on, ..again };
        may_go_on
    }

    /// How many were used.
    pub(super) fn used(&self) -> u64 {
        self.used_before + self.budget.used()
    }

    /// Returns what was not used.
    pub(super) async fn give_back(self, node: &Node, bucket: &RateBucket, limit: u64) {
        let unused = self.bought.saturating_sub(self.used());
        if unused == 0 {
            return;
        }
        if let Err(error) = node.ports.gate.give_back(bucket, unused, Window::per_minute(limit)).await {
            // They stay counted until the window has passed: on the safe side of the limit.
            node.failed_open(bucket, &error.to_string());
        }
    }
}
