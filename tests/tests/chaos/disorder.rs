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
/// How often it is Redis that suffers.
const REDIS_SUFFERS: f64 = 0.3;
/// What each way to Redis and back takes where it is slow.
const SLOW: Duration = Duration::from_millis(100);
/// Between two disturbances.
const PAUSE_MS: Range<u64> = 500..5_000;

/// Makes nodes, their ways to DynamoDB and their Redis fail, and sees that each failure ends.
pub(crate) struct Disorder {
    fleet: Fleet,
    city: Arc<City>,
    chance: StdRng,
    ills: Vec<Ill>,
    next_at: Instant,
}

/// Who can suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patient {
    Node(usize),
    Redis,
}

/// What somebody suffers from, and until when.
#[derive(Debug, Clone, Copy)]
struct Ill {
    patient: Patient,
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
    /// All that comes from it comes late.
    Slow,
}

impl Kind {
    fn name(self, patient: Patient) -> &'static str {
        match (self, patient) {
            (Self::Dead, Patient::Node(_)) => "node killed",
            (Self::Draining, _) => "node drained",
            (Self::Frozen, Patient::Node(_)) => "node stopped",
            (Self::Faulty(Faults { outage: Outage::None, .. }), _) => "DynamoDB faulty",
            (Self::Faulty(_), _) => "DynamoDB gone",
            (Self::Dead, Patient::Redis) => "Redis killed",
            (Self::Frozen, Patient::Redis) => "Redis stopped",
            (Self::Slow, _) => "Redis slow",
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
        let (patient, kind, lasts_ms) = if self.chance.random_bool(REDIS_SUFFERS) {
            self.disease_of_redis()
        } else {
            let well = self.well_nodes();
            if well.len() <= WELL_MIN {
                return;
            }
            let node = well[self.chance.random_range(0..well.len())];
            self.disease_of_node(node)
        };
        if self.ills.iter().any(|ill| ill.patient == patient) {
            return;
        }
        let lasts = self.milliseconds(lasts_ms);
        self.city.trace.note(format!("{patient:?}: {kind:?} for {lasts:.1?}"));
        self.city.count(kind.name(patient));
        match patient {
            Patient::Node(node) => self.node_falls_ill(node, kind).await,
            Patient::Redis => self.redis_falls_ill(kind).await,
        }
        self.ills.push(Ill { patient, kind, until: Instant::now() + lasts });
    }

    fn well_nodes(&self) -> Vec<usize> {
        let is_well = |node: &usize| self.ills.iter().all(|ill| ill.patient != Patient::Node(*node));
        (0..self.fleet.nodes().count()).filter(is_well).collect()
    }

    fn disease_of_redis(&mut self) -> (Patient, Kind, Range<u64>) {
        let (kind, lasts_ms) = match self.chance.random_range(0..3) {
            0 => (Kind::Dead, 200..8_000),
            1 => (Kind::Frozen, 200..8_000),
            _ => (Kind::Slow, 2_000..10_000),
        };
        (Patient::Redis, kind, lasts_ms)
    }

    fn disease_of_node(&mut self, node: usize) -> (Patient, Kind, Range<u64>) {
        let (kind, lasts_ms) = match self.chance.random_range(0..10) {
            0 | 1 => (Kind::Dead, 500..25_000),
            2 => (Kind::Draining, 5_000..10_000),
            3 | 4 => (Kind::Frozen, 25_000..40_000),
            5 => (Kind::Faulty(self.outage()), 2_000..35_000),
            _ => (Kind::Faulty(self.faults()), 3_000..15_000),
        };
        (Patient::Node(node), kind, lasts_ms)
    }

    async fn redis_falls_ill(&mut self, kind: Kind) {
        match kind {
            Kind::Dead => self.fleet.redis_mut().kill().await,
            Kind::Frozen => self.fleet.redis().freeze(),
            _ => self.fleet.wire().takes(SLOW),
        }
    }

    async fn redis_is_well(&mut self, kind: Kind) {
        match kind {
            Kind::Dead => self.fleet.redis_mut().restart().await,
            Kind::Frozen => self.fleet.redis().thaw(),
            _ => self.fleet.wire().takes(Duration::ZERO),
        }
    }

    async fn node_falls_ill(&mut self, node: usize, kind: Kind) {
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
            Kind::Slow => {}
        }
    }

    async fn heal(&mut self, Ill { patient, kind, .. }: Ill) {
        self.city.trace.note(format!("{patient:?}: well again after {kind:?}"));
        match patient {
            Patient::Node(node) => self.node_is_well(node, kind).await,
            Patient::Redis => self.redis_is_well(kind).await,
        }
    }

    async fn node_is_well(&mut self, node: usize, kind: Kind) {
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
            Kind::Slow => {}
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
