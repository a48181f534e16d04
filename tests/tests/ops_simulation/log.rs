//! What happened to the ops of a schedule, and whether that may be.

use crate::plan::{Plan, Setting};
use domain::bounds::{KNOWN_FULL, OPS_SPENT_WITHIN};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// How long a grant may count: the window, a thousandth of it, and what it may be spent within. A refusal from memory is
/// as old as that at most.
const COUNTS: Duration =
    Duration::from_millis(60_060).saturating_add(OPS_SPENT_WITHIN).saturating_add(KNOWN_FULL);

#[derive(Debug, Default)]
pub(crate) struct Log {
    /// When ops that the gate counts were taken from a purse, in order.
    pub(crate) bought: Vec<Duration>,
    /// When ops passed on the share of a node in one of its lives, in order.
    pub(crate) shared_out: Vec<(usize, Duration)>,
    pub(crate) refused: Vec<Duration>,
    pub(crate) purchases: u64,
    /// The longest that an op waited for its verdict.
    pub(crate) waited: Duration,
}

/// What must not happen.
#[derive(Debug)]
#[expect(dead_code, reason = "told by Debug")]
pub(crate) enum Violation {
    /// More ops than the limit in 60 s.
    TooMany { ops: usize, from: Duration },
    /// More ops on a node's own share than that is.
    ShareExceeded { life: usize, from: Duration },
    /// Refused, though so few had passed.
    RefusedEarly { at: Duration, passed: usize },
    /// An op waited for longer than anything explains.
    WaitedLong { waited: Duration },
}

impl Log {
    pub(crate) fn violation(&self, plan: &Plan) -> Option<Violation> {
        let too_many = fullest(&self.bought).filter(|(ops, _)| *ops > plan.limit as usize);
        if let Some((ops, from)) = too_many {
            return Some(Violation::TooMany { ops, from });
        }
        let share = plan.limit.div_ceil(plan.rates.len() as u64) as usize;
        let lives = self.shared_out.iter().map(|(life, _)| life + 1).max().unwrap_or(0);
        for life in 0..lives {
            let of_life = self.shared_out.iter().filter(|(other, _)| *other == life);
            let passed: Vec<Duration> = of_life.map(|(_, at)| *at).collect();
            if let Some((_, from)) = fullest(&passed).filter(|(ops, _)| *ops > share) {
                return Some(Violation::ShareExceeded { life, from });
            }
        }
        if self.waited > Duration::from_millis(250) {
            return Some(Violation::WaitedLong { waited: self.waited });
        }
        self.refused_early(plan)
    }

    /// While the gate answers, an op is refused only where the limit has been used: on one node all of it, on several
    /// nearly all.
    fn refused_early(&self, plan: &Plan) -> Option<Violation> {
        let least = match plan.setting {
            Setting::Alone => plan.limit,
            // Of a small limit, the few that each node may have in hand are more than a twentieth.
            Setting::Several => (plan.limit * 95).div_ceil(100).min(plan.limit.saturating_sub(12)),
            Setting::Disorder => return None,
        };
        self.refused.iter().find_map(|at| {
            let first = self.bought.partition_point(|bought| *bought + COUNTS < *at);
            let passed = self.bought.partition_point(|bought| bought <= at) - first;
            (passed < least as usize).then_some(Violation::RefusedEarly { at: *at, passed })
        })
    }
}

/// The most that lies within 60 s, and from when.
fn fullest(moments: &[Duration]) -> Option<(usize, Duration)> {
    let within = |first: usize| moments.partition_point(|at| *at < moments[first] + MINUTE) - first;
    (0..moments.len()).map(|first| (within(first), moments[first])).max_by_key(|(ops, _)| *ops)
}
