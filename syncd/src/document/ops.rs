//! Ops of one batch of messages, bought from the app's window before they are applied.

use crate::caps::OPS_RETURN_WAIT;
use crate::node::Node;
use domain::bounds::OPS_SPENT_WITHIN;
use domain::policy::Window;
use domain::ports::{Mark, RateBucket, Want};
use engine::OpsBudget;

/// What was bought. What is not used is given back.
pub(super) struct Ops {
    pub(super) budget: OpsBudget,
    bought: Vec<(Mark, u64)>,
    /// Used of budgets that were bought before this one.
    used_before: u64,
    may_buy_again: bool,
}

impl Ops {
    /// Buys up to `possible` ops. Where the rate gate does not answer, there is no bound.
    pub(super) async fn buy(node: &Node, bucket: &RateBucket, possible: u64, limit: u64) -> Self {
        let granted = match possible {
            0 => Some(Vec::new()),
            possible => {
                let grant = node
                    .take(bucket, Want::only(possible), Window::per_minute(limit), OPS_SPENT_WITHIN)
                    .await;
                grant.map(|grant| vec![(grant.mark, grant.count)])
            }
        };
        let count = granted.as_deref().map(sum);
        Self {
            budget: count.map_or_else(OpsBudget::unlimited, OpsBudget::new),
            bought: granted.unwrap_or_default(),
            used_before: 0,
            may_buy_again: count.is_some_and(|granted| granted < possible),
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
        let may_go_on = sum(&again.bought) > 0;
        let bought = self.bought.iter().chain(&again.bought).copied().collect();
        *self = Self { bought, used_before: used, may_buy_again: may_go_on, ..again };
        may_go_on
    }

    /// How many were used.
    pub(super) fn used(&self) -> u64 {
        self.used_before + self.budget.used()
    }

    /// Returns what was not used.
    pub(super) async fn give_back(self, node: &Node, bucket: &RateBucket, limit: u64) {
        let mut unused = sum(&self.bought).saturating_sub(self.used());
        for (mark, count) in self.bought.into_iter().rev() {
            let returned = unused.min(count);
            unused -= returned;
            if returned == 0 {
                continue;
            }
            let given = node.ports.gate.give_back(bucket, mark, returned, Window::per_minute(limit)).await;
            if let Err(error) = given {
                // They stay counted until the window has passed: on the safe side of the limit.
                node.failed_open(bucket, &error.to_string());
            }
        }
    }
}

fn sum(bought: &[(Mark, u64)]) -> u64 {
    bought.iter().map(|(_, count)| count).sum()
}
