use crate::city::City;
use house_tests::{Delay, Faults, Fleet, LostReply, Outage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep_until;

/// Nodes that are well at any moment, at least.
const WELL_MIN: usize = 2;
/// Between two disturbances.
const PAUSE_MS: Range<u64> = 500..5_000;

/// Makes nodes and their ways to DynamoDB fail, and sees that each failure ends.
pub(crate) struct Disorder {
    fleet: Fleet,
    city: Arc<City>,
    chance: StdRng,
    ills: Vec<Ill>,
    next_at: Instant,
}

/// What a node suffers from, and until when.
#[derive(Debug, Clone, Copy)]
struct Ill {
    node: usize,
    kind: Kind,
    until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Killed, to be started again.
    Dead,
    /// Told to end, to be started again.
    Draining,
    /// Stopped, to be continued.
    Frozen,
    /// Its DynamoDB fails.
    Faulty(Faults),
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Dead => "node killed",
            Self::Draining => "node drained",
            Self::Frozen => "node stopped",
            Self::Faulty(Faults { outage: Outage::None, .. }) => "DynamoDB faulty",
            Self::Faulty(_) => "DynamoDB gone",
        }
    }
}

impl Disorder {
    pub(crate) fn over(fleet: Fleet, city: Arc<City>, seed: u64) -> Self {
        let (chance, next_at) = (StdRng::seed_from_u64(seed), Instant::now() + Duration::from_secs(3));
        Self { fleet, city, chance, ills: Vec::new(), next_at }
    }

    /// Waits for the next thing to happen, and lets it happen.
    pub(crate) async fn step(&mut self) {
        let healing = (0..self.ills.len()).min_by_key(|ill| self.ills[*ill].until);
        let heals_at = healing.map(|ill| self.ills[ill].until);
        match (healing, heals_at) {
            (Some(ill), Some(at)) if at <= self.next_at => {
                sleep_until(at.into()).await;
                let ill = self.ills.swap_remove(ill);
                self.heal(ill).await;
            }
            _ => {
                sleep_until(self.next_at.into()).await;
                self.disturb().await;
                self.next_at = Instant::now() + self.milliseconds(PAUSE_MS);
            }
        }
    }

    /// Heals everything. Returns the fleet, all of it well.
    pub(crate) async fn end(mut self) -> Fleet {
        while let Some(ill) = self.ills.pop() {
            self.heal(ill).await;
        }
        self.fleet.fail(Faults::default());
        self.city.trace.note("the last fault is over");
        self.fleet
    }

    async fn disturb(&mut self) {
        let nodes = self.fleet.nodes().count();
        let well: Vec<usize> =
            (0..nodes).filter(|node| self.ills.iter().all(|ill| ill.node != *node)).collect();
        if well.len() <= WELL_MIN {
            return;
        }
        let node = well[self.chance.random_range(0..well.len())];
        let (kind, lasts_ms) = match self.chance.random_range(0..10) {
            0 | 1 => (Kind::Dead, 500..25_000),
            2 => (Kind::Draining, 5_000..10_000),
            3 | 4 => (Kind::Frozen, 25_000..40_000),
            5 => (Kind::Faulty(self.outage()), 2_000..35_000),
            _ => (Kind::Faulty(self.faults()), 3_000..15_000),
        };
        let lasts = self.milliseconds(lasts_ms);
        self.city.trace.note(format!("node-{node}: {kind:?} for {lasts:.1?}"));
        self.city.count(kind.name());
        self.fall_ill(node, kind).await;
        self.ills.push(Ill { node, kind, until: Instant::now() + lasts });
    }

    async fn fall_ill(&mut self, node: usize, kind: Kind) {
        self.city.doors.suspect(node);
        match kind {
            Kind::Dead => {
                self.city.doors.close(node);
                self.fleet[node].kill().await;
            }
            Kind::Draining => {
                self.city.doors.close(node);
                self.fleet[node].begin_drain();
            }
            Kind::Frozen => {
                self.city.doors.close(node);
                self.fleet[node].freeze();
            }
            Kind::Faulty(faults) => self.fleet[node].proxy().set(faults),
        }
    }

    async fn heal(&mut self, Ill { node, kind, .. }: Ill) {
        self.city.trace.note(format!("node-{node}: well again after {kind:?}"));
        match kind {
            Kind::Dead => self.fleet[node].start().await,
            Kind::Draining => {
                let status = self.fleet[node].drained().await;
                if status.code() != Some(0) {
                    self.city.fail(format!("node-{node} drained and ended with {status}"));
                }
                self.fleet[node].start().await;
            }
            Kind::Frozen => self.fleet[node].thaw(),
            Kind::Faulty(_) => self.fleet[node].proxy().set(Faults::default()),
        }
        self.city.doors.recovers(node);
        self.city.doors.reopen(node, self.fleet[node].address());
    }

    fn outage(&mut self) -> Faults {
        Faults::outage(if self.chance.random_bool(0.5) { Outage::Refuses } else { Outage::Hangs })
    }

    /// A bad network or a busy table, some of each.
    fn faults(&mut self) -> Faults {
        let lost = match self.chance.random_range(0..3) {
            0 => LostReply::Never,
            1 => LostReply::Sometimes(self.chance.random_range(0.0..0.4)),
            _ => LostReply::EachOnce,
        };
        Faults {
            delay: Delay::up_to(Duration::from_millis(self.chance.random_range(0..300))),
            throttled: self.chance.random_range(-0.3..0.5_f64).max(0.0),
            reset: self.chance.random_range(-0.2..0.3_f64).max(0.0),
            lost,
            outage: Outage::None,
        }
    }

    fn milliseconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.chance.random_range(range))
    }
}
