//! What a schedule is to be, drawn from its seed.

use crate::chance::Chance;
use std::time::Duration;

/// What kind of schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// One node, and a gate that answers.
    Alone,
    /// Three nodes with uneven demand, and a gate that answers.
    Several,
    /// Three nodes that die and come back, and a gate that is slow, or whose replies are lost.
    Disorder,
}

/// The bug that a schedule is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// The gate counts a grant from when it is given, though it is spent later.
    CountedAtOnce,
    /// The nodes' clocks are slow, so that lots last twice as long.
    SlowClocks,
    /// What is given back is given back twice.
    ReturnedTwice,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) setting: Setting,
    pub(crate) planted: Planted,
    pub(crate) limit: u64,
    pub(crate) lasts: Duration,
    /// Ops a second of each node while it writes.
    pub(crate) rates: Vec<f64>,
    /// How long each node writes, and how long it pauses, at most.
    pub(crate) spells: Vec<(Duration, Duration)>,
    /// Of the messages that take a token, how many turn out to be no ops.
    pub(crate) no_ops: f64,
    /// The longest way to the gate or back.
    pub(crate) delay_max: Duration,
    pub(crate) lost: f64,
    /// Of the calls, how many meet a gate that is slow, and how slow at most.
    pub(crate) slow: (f64, Duration),
    pub(crate) dies_every: Option<Duration>,
}

impl Plan {
    pub(crate) fn draw(setting: Setting, seed: u64, planted: Planted) -> Self {
        let mut chance = Chance::of(seed);
        let nodes = if setting == Setting::Alone { 1 } else { 3 };
        // More than 1,000 are counted by the thousandth of the window.
        let limit = chance.pick(&[1, 30, 100, 600, 1_500]);
        // Up to sixty times what the limit allows, and at uneven rates.
        let times = chance.pick(&[1.2, 2.0, 5.0, 10.0, if limit > 600 { 10.0 } else { 60.0 }]);
        let demand = limit as f64 / 60.0 * times;
        let rates = (0..nodes).map(|node| demand * [1.0, 0.3, 0.05][node]).collect();
        let mut spell = |_| {
            let writes = chance.between(Duration::from_secs(1), Duration::from_secs(40));
            let pauses = chance.between(Duration::ZERO, Duration::from_secs(30));
            (writes, if chance.happens(0.4) { Duration::ZERO } else { pauses })
        };
        let spells = (0..nodes).map(&mut spell).collect();
        let is_disorder = setting == Setting::Disorder;
        Self {
            seed,
            setting,
            planted,
            limit,
            lasts: Duration::from_secs(150),
            rates,
            spells,
            no_ops: chance.pick(&[0.0, 0.1, 0.5]),
            delay_max: chance.pick(&[Duration::ZERO, Duration::from_millis(1), Duration::from_millis(24)]),
            lost: if is_disorder { chance.pick(&[0.0, 0.05, 0.4]) } else { 0.0 },
            slow: if is_disorder { (0.05, Duration::from_millis(400)) } else { (0.0, Duration::ZERO) },
            dies_every: is_disorder.then_some(Duration::from_secs(15)),
        }
    }
}
