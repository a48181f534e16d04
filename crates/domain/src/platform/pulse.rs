use crate::bounds::BEAT_FRESH;
use crate::ids::{NodeName, Region};
use crate::ports::NodeRecord;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What one process has seen of the nodes' beats, to tell within seconds who is alive.
///
/// A lease needs longer to end, and rightly: it takes things away. Here nothing depends on the answer but a number that somebody
/// reads. A node is alive that beat within [`BEAT_FRESH`], on this process's monotonic clock. When a beat was is known as far as
/// looks tell: after the last one that did not show it, and before the first one that did. The time that the node itself says is
/// believed where it is short ago; where it is not, the node is silent or its clock is behind, and another look tells which.
#[derive(Debug, Default)]
pub struct Pulse {
    seen: HashMap<Process, Seen>,
    /// When it looked last.
    looked: Duration,
}

/// A node over all its lives, of which each home table may show another.
type Process = (Region, NodeName);

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Which beat: its life, its number, and the time that the node says.
    beat: (u64, u64, u64),
    /// It was not before this moment, on this process's monotonic clock. `None` where nobody knows.
    earliest: Option<Duration>,
    /// It was not after this one.
    latest: Duration,
}

/// Who is alive, as far as one look tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Nodes that are alive, each once.
    pub living: Vec<NodeRecord>,
    /// Nodes of which only another look, a beat later, can tell.
    pub doubtful: Vec<NodeRecord>,
}

impl Pulse {
    /// Looks at every record of every home table, at `now` on the process's monotonic clock and `now_unix_ms` on its other one. A
    /// node has a record in each home table, and of its former lives too: the one that it wrote last, by its own clock, speaks for
    /// it. Nodes that are not listed any more are forgotten, as are dead ones, which count nothing.
    pub fn look(
        &mut self,
        records: impl IntoIterator<Item = NodeRecord>,
        now: Duration,
        now_unix_ms: u64,
    ) -> Reading {
        let mut reading = Reading::default();
        let mut seen = HashMap::new();
        for (process, record) in last_of_each(records) {
            let sight = self.sight(&process, &record, now, now_unix_ms);
            seen.insert(process, sight);
            let is_fresh = |beaten: Duration| now.saturating_sub(beaten) < BEAT_FRESH;
            if sight.earliest.is_some_and(is_fresh) {
                reading.living.push(record);
            } else if is_fresh(sight.latest) {
                reading.doubtful.push(record);
            }
        }
        (self.seen, self.looked) = (seen, now);
        reading
    }

    fn sight(&self, process: &Process, record: &NodeRecord, now: Duration, now_unix_ms: u64) -> Seen {
        match self.seen.get(process) {
            Some(before) if before.beat == beat(record) => *before,
            Some(_) => new_sight(record, Some(self.looked), now, now_unix_ms),
            None => new_sight(record, None, now, now_unix_ms),
        }
    }
}

fn last_of_each(records: impl IntoIterator<Item = NodeRecord>) -> BTreeMap<Process, NodeRecord> {
    let mut last: BTreeMap<Process, NodeRecord> = BTreeMap::new();
    for record in records.into_iter().filter(|record| !record.state.is_dead()) {
        let process = (record.region.clone(), record.node.name.clone());
        let is_later = |known: &NodeRecord| beaten(&record) > beaten(known);
        if last.get(&process).is_none_or(is_later) {
            last.insert(process, record);
        }
    }
    last
}

/// When a record was written, by its node's own clock.
fn beaten(record: &NodeRecord) -> (u64, u64, u64) {
    (record.beaten_unix_ms, record.node.epoch, record.beat)
}

fn beat(record: &NodeRecord) -> (u64, u64, u64) {
    (record.node.epoch, record.beat, record.beaten_unix_ms)
}

/// A beat that was not there at the look before, if there was one. One that is said to be young is as old as it is said to be.
fn new_sight(record: &NodeRecord, looked: Option<Duration>, now: Duration, now_unix_ms: u64) -> Seen {
    let age = Duration::from_millis(now_unix_ms.saturating_sub(record.beaten_unix_ms));
    let said = (age < BEAT_FRESH).then(|| now.saturating_sub(age));
    let earliest = said.max(looked);
    let latest = said.and(earliest).unwrap_or(now);
    Seen { beat: beat(record), earliest, latest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::ports::NodeState;

    fn node(beat: u64, beaten_unix_ms: u64) -> NodeRecord {
        NodeRecord {
            node: NodeId { name: NodeName::parse("n").unwrap(), epoch: 1 },
            region: Region::parse("r").unwrap(),
            beat,
            state: NodeState::Up,
            url: String::new(),
            relay: String::new(),
            connections: 5,
            documents: 1,
            capacity: 10,
            beaten_unix_ms,
        }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// How many are alive, and of how many nobody can tell.
    fn look(pulse: &mut Pulse, node: NodeRecord, now: u64, now_unix_s: u64) -> (usize, usize) {
        let reading = pulse.look(vec![node], s(now), now_unix_s * 1000);
        (reading.living.len(), reading.doubtful.len())
    }

    #[test]
    fn a_node_that_says_it_has_just_beaten_is_believed_until_it_is_silent() {
        let mut pulse = Pulse::default();
        assert_eq!(look(&mut pulse, node(1, 1_000_000), 100, 1_004), (1, 0));
        assert_eq!(look(&mut pulse, node(1, 1_000_000), 103, 1_007), (1, 0));
        assert_eq!(
            look(&mut pulse, node(1, 1_000_000), 104, 1_008),
            (0, 0),
            "8 s after it said it had beaten"
        );
        assert_eq!(look(&mut pulse, node(2, 1_009_000), 106, 1_010), (1, 0), "it beats again");
    }

    #[test]
    fn a_node_whose_clock_is_behind_is_alive_once_its_beat_moves() {
        let mut pulse = Pulse::default();
        assert_eq!(look(&mut pulse, node(1, 5_000), 100, 1_000), (0, 1));
        assert_eq!(look(&mut pulse, node(2, 10_000), 104, 1_004), (1, 0));
        assert_eq!(look(&mut pulse, node(2, 10_000), 107, 1_007), (1, 0));
        assert_eq!(look(&mut pulse, node(2, 10_000), 111, 1_011), (0, 1), "it beat 7 s ago, or 11");
        assert_eq!(look(&mut pulse, node(2, 10_000), 112, 1_012), (0, 0));
    }

    #[test]
    fn a_beat_that_nobody_looked_for_is_no_younger_than_it_says() {
        let mut pulse = Pulse::default();
        assert_eq!(look(&mut pulse, node(1, 1_000_000), 100, 1_000), (1, 0));
        assert_eq!(
            look(&mut pulse, node(3, 1_010_000), 160, 1_060),
            (0, 1),
            "it died, or its clock is behind"
        );
        assert_eq!(look(&mut pulse, node(3, 1_010_000), 168, 1_068), (0, 0));
        assert_eq!(look(&mut pulse, node(9, 1_224_000), 330, 1_230), (1, 0));
        assert_eq!(
            look(&mut pulse, node(9, 1_224_000), 332, 1_232),
            (0, 0),
            "8 s after it said it had beaten"
        );
    }

    #[test]
    fn a_node_that_was_silent_from_the_first_look_is_in_doubt_no_longer_than_a_beat_takes() {
        let mut pulse = Pulse::default();
        assert_eq!(look(&mut pulse, node(1, 5_000), 100, 1_000), (0, 1));
        assert_eq!(look(&mut pulse, node(1, 5_000), 107, 1_007), (0, 1));
        assert_eq!(look(&mut pulse, node(1, 5_000), 108, 1_008), (0, 0));
    }

    #[test]
    fn a_node_counts_once_whatever_homes_and_lives_it_has_a_record_of() {
        let mut pulse = Pulse::default();
        let life = |epoch, beaten_unix_ms, connections| {
            let node = NodeId { name: NodeName::parse("n").unwrap(), epoch };
            NodeRecord { node, connections, ..super::tests::node(7, beaten_unix_ms) }
        };
        let other = NodeRecord { region: Region::parse("r-2").unwrap(), ..life(1, 1_000_000, 20) };
        let records = vec![life(1, 1_000_000, 5), life(2, 1_003_000, 6), life(1, 1_001_000, 7), other];
        let reading = pulse.look(records, s(100), 1_004_000);
        assert_eq!(reading.living.iter().map(|node| node.connections).collect::<Vec<_>>(), [6, 20]);
    }

    #[test]
    fn the_dead_count_nothing_and_a_clock_that_is_ahead_harms_nobody() {
        let mut pulse = Pulse::default();
        let dead = NodeRecord { state: NodeState::Fenced, ..node(1, 1_000_000) };
        assert_eq!(look(&mut pulse, dead, 100, 1_000), (0, 0));
        assert_eq!(look(&mut pulse, node(1, 9_000_000), 100, 1_000), (1, 0));
        assert_eq!(look(&mut pulse, node(1, 9_000_000), 108, 1_008), (0, 0), "the monotonic clock decides");
    }
}
