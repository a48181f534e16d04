use crate::bounds::{BURY_AFTER, LEASE, LOOK_GAP_MAX, REAPER_PATIENCE};
use crate::ids::{NodeId, Region};
use crate::ports::{NodeRecord, NodeState};
use std::collections::HashMap;
use std::time::Duration;

/// What a look at the nodes shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Its beat stands still: it may be fenced where its beat is still this one, and reaped.
    Silent {
        /// The node as it was seen.
        record: NodeRecord,
    },
    /// Somebody fenced it a while ago and has not come to the end of reaping it.
    HalfReaped {
        /// The node as it was seen.
        record: NodeRecord,
    },
    /// It was reaped so long ago that no write of it can be under way any more.
    LongDead {
        /// The node as it was seen.
        record: NodeRecord,
    },
}

/// What one process has seen of the beats of a home table's nodes, on its own monotonic clock.
#[derive(Debug, Default)]
pub struct Watch {
    seen: HashMap<(Region, NodeId), Seen>,
    looked_at: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    beat: u64,
    /// Whether it was up or draining, fenced, or reaped.
    state: Stage,
    /// Since when both have stood like this.
    since: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Alive,
    Fenced,
    Reaped,
}

impl Watch {
    /// Looks at all nodes of the table, as a strongly consistent read showed them, at `now`.
    ///
    /// A look that follows the one before it by more than [`LOOK_GAP_MAX`] begins all watches of the living anew: in
    /// between, this process saw nothing, or stood still itself. Who was reaped stays so, seen or not.
    pub fn look(&mut self, now: Duration, nodes: &[NodeRecord]) -> Vec<Finding> {
        if self.looked_at.is_none_or(|before| now.saturating_sub(before) > LOOK_GAP_MAX) {
            self.seen.retain(|_, seen| seen.state == Stage::Reaped);
        }
        self.looked_at = Some(now);
        let before = std::mem::take(&mut self.seen);
        let mut findings = Vec::new();
        for record in nodes {
            let key = (record.region.clone(), record.node.clone());
            let (beat, state) = (record.beat, Stage::from(record.state));
            let same = before.get(&key).copied().filter(|seen| seen.beat == beat && seen.state == state);
            let seen = same.unwrap_or(Seen { beat, state, since: now });
            findings.extend(seen.finding(record, now));
            self.seen.insert(key, seen);
        }
        findings
    }

    /// This process's own reads or writes do not go through: what it has watched counts no longer.
    pub fn blind(&mut self) {
        self.looked_at = None;
    }
}

impl Seen {
    fn finding(self, record: &NodeRecord, now: Duration) -> Option<Finding> {
        let stood = now.saturating_sub(self.since);
        let record = || record.clone();
        match self.state {
            Stage::Alive if stood >= LEASE => Some(Finding::Silent { record: record() }),
            Stage::Fenced if stood >= REAPER_PATIENCE => Some(Finding::HalfReaped { record: record() }),
            Stage::Reaped if stood >= BURY_AFTER => Some(Finding::LongDead { record: record() }),
            _ => None,
        }
    }
}

impl From<NodeState> for Stage {
    fn from(state: NodeState) -> Self {
        match state {
            NodeState::Up | NodeState::Draining => Self::Alive,
            NodeState::Fenced => Self::Fenced,
            NodeState::Reaped => Self::Reaped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeName;

    fn node(beat: u64, state: NodeState) -> NodeRecord {
        NodeRecord {
            node: NodeId { name: NodeName::parse("n").unwrap(), epoch: 1 },
            region: Region::parse("r").unwrap(),
            beat,
            state,
            url: String::new(),
            relay: String::new(),
            connections: 0,
            capacity: 1,
            documents: 0,
            beaten_unix_ms: 0,
        }
    }

    /// Looks each second from `from` to `to`, both included. Returns what the last look showed.
    fn look(watch: &mut Watch, from: u64, to: u64, record: &NodeRecord) -> Vec<Finding> {
        (from..=to)
            .map(|s| watch.look(Duration::from_secs(s), std::slice::from_ref(record)))
            .last()
            .unwrap_or_default()
    }

    #[test]
    fn a_beat_that_stands_still_for_a_lease_is_silence() {
        let (mut watch, record) = (Watch::default(), node(7, NodeState::Up));
        let lease = LEASE.as_secs();
        assert_eq!(look(&mut watch, 100, 100 + lease - 1, &record), []);
        let silent = Finding::Silent { record: record.clone() };
        assert_eq!(look(&mut watch, 100 + lease, 100 + lease, &record), [silent]);
    }

    #[test]
    fn a_beat_that_moves_begins_the_watch_anew() {
        let mut watch = Watch::default();
        let lease = LEASE.as_secs();
        look(&mut watch, 100, 100 + lease - 1, &node(7, NodeState::Up));
        assert_eq!(look(&mut watch, 100 + lease, 100 + 2 * lease - 1, &node(8, NodeState::Up)), []);
        assert_eq!(look(&mut watch, 100 + 2 * lease, 100 + 2 * lease, &node(8, NodeState::Up)).len(), 1);
    }

    #[test]
    fn who_did_not_look_for_a_while_has_seen_nothing() {
        let (mut watch, record) = (Watch::default(), node(7, NodeState::Up));
        let (lease, gap) = (LEASE.as_secs(), LOOK_GAP_MAX.as_secs());
        look(&mut watch, 100, 100 + lease - 1, &record);
        let later = 100 + lease + gap;
        assert_eq!(look(&mut watch, later, later, &record), []);
        assert_eq!(look(&mut watch, later + 1, later + lease - 1, &record), []);
        assert_eq!(look(&mut watch, later + lease, later + lease, &record).len(), 1);
    }

    #[test]
    fn who_is_cut_off_itself_declares_nobody_dead() {
        let (mut watch, record) = (Watch::default(), node(7, NodeState::Up));
        let lease = LEASE.as_secs();
        look(&mut watch, 100, 100 + lease - 1, &record);
        watch.blind();
        assert_eq!(look(&mut watch, 100 + lease, 100 + 2 * lease - 1, &record), []);
    }

    #[test]
    fn reaping_that_stops_half_way_is_taken_up_and_the_long_dead_are_buried() {
        let mut watch = Watch::default();
        let fenced = node(7, NodeState::Fenced);
        let patience = REAPER_PATIENCE.as_secs();
        assert_eq!(look(&mut watch, 100, 100 + patience - 1, &fenced), []);
        let half = Finding::HalfReaped { record: fenced.clone() };
        assert_eq!(look(&mut watch, 100 + patience, 100 + patience, &fenced), [half]);
        let reaped = node(7, NodeState::Reaped);
        let since = 101 + patience;
        let bury = BURY_AFTER.as_secs();
        assert_eq!(look(&mut watch, since, since + bury - 1, &reaped), []);
        let long = Finding::LongDead { record: reaped.clone() };
        assert_eq!(look(&mut watch, since + bury, since + bury, &reaped), [long]);
    }
}
