//! What a seed decides before its schedule begins: who there is, what is allowed, and the weather.

use crate::chance::Chance;
use domain::ledger::Demand;
use std::time::Duration;

pub(crate) struct Plan {
    pub(crate) nodes: usize,
    /// The limits of each app.
    pub(crate) apps: Vec<Limits>,
    /// What users do before the weather clears.
    pub(crate) actions: u32,
    /// The longest pause between two actions.
    pub(crate) pause_max: Duration,
    pub(crate) weather: Weather,
    /// That a node crashes before an event.
    pub(crate) crash: f64,
    /// That a reaper crashes after a step.
    pub(crate) reaper_crash: f64,
}

/// `maxConnections` and `maxDocuments` of an app's tokens: those issued before a change of its plan, and
/// those issued after it.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    connections: [u64; 2],
    documents: [u64; 2],
}

/// How likely each mishap of a message is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) lost_request: f64,
    pub(crate) lost_reply: f64,
    pub(crate) duplicate: f64,
    /// A copy is under way for so long that later writes overtake it.
    pub(crate) late: f64,
}

impl Plan {
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        let apps = chance.within(1, 3);
        Self {
            nodes: chance.within(2, 6) as usize,
            apps: (0..apps).map(|_| Limits::drawn(chance)).collect(),
            actions: chance.within(20, 90) as u32,
            pause_max: Duration::from_millis(chance.pick(&[2, 20, 200, 2_000])),
            weather: Weather::drawn(chance),
            crash: chance.pick(&[0.0, 0.005, 0.02]),
            reaper_crash: chance.pick(&[0.0, 0.2]),
        }
    }
}

impl Limits {
    fn drawn(chance: &mut Chance) -> Self {
        let (connections, documents) = (chance.within(1, 9), chance.within(1, 4));
        Self {
            connections: [connections, connections + chance.within(0, 2)],
            documents: [documents, documents + chance.within(0, 1)],
        }
    }

    /// What a client asks for: mostly with a token of the first kind, often with a document.
    pub(crate) fn demand(self, chance: &mut Chance) -> Demand {
        let token = usize::from(chance.happens(0.2));
        Demand {
            connections: 1,
            documents: u64::from(chance.happens(0.4)),
            connections_max: self.connections[token],
            documents_max: self.documents[token],
        }
    }
}

impl Weather {
    fn drawn(chance: &mut Chance) -> Self {
        let scale = chance.pick(&[0.0, 0.3, 1.0, 3.0]);
        Self {
            lost_request: 0.05 * scale,
            lost_reply: 0.08 * scale,
            duplicate: 0.06 * scale,
            late: 0.08 * scale,
        }
    }
}
