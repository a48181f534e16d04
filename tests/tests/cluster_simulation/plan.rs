//! What a schedule is like: drawn once, at its beginning.

use crate::chance::Chance;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, HomeRegion, NodeName, Region, TenantId};
use domain::ledger::Totals;
use std::time::Duration;
use stores::faults::FaultPlan;

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) nodes: usize,
    /// The first so many nodes are in one region, the others in another.
    pub(crate) in_first_region: usize,
    pub(crate) documents: usize,
    pub(crate) limits: Totals,
    pub(crate) weather: FaultPlan,
    /// Whether processes stand still, and go on later.
    pub(crate) has_stops: bool,
    /// Whether nodes are cut off from the stores.
    pub(crate) has_cuts: bool,
    /// Whether what a process was about to send when it died may arrive late.
    pub(crate) has_last_words: bool,
    pub(crate) transitions: u32,
    /// Whether an hour passes at the end, after which the dead are buried.
    pub(crate) waits_for_burials: bool,
}

impl Plan {
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        let nodes = chance.within(2, 4) as usize;
        let one_region = chance.happens(0.6);
        Self {
            nodes,
            in_first_region: if one_region { nodes } else { nodes - 1 },
            documents: chance.within(1, 4) as usize,
            limits: Totals { connections: chance.within(3, 8), documents: chance.within(1, 4) },
            weather: weather(chance),
            has_stops: chance.happens(0.6),
            has_cuts: chance.happens(0.6),
            has_last_words: chance.happens(0.6),
            transitions: chance.within(15, 45) as u32,
            waits_for_burials: chance.happens(0.006),
        }
    }

    /// Whether calls only take time, and none is lost or doubled.
    pub(crate) fn is_calm(&self) -> bool {
        self.weather.lost_request == 0.0
    }

    /// Whether every call either happens at once or never, and whoever lives hears what came of it.
    pub(crate) fn is_prompt(&self) -> bool {
        self.is_calm() && !self.has_stops && !self.has_cuts && !self.has_last_words
    }

    pub(crate) fn region(&self, node: usize) -> Region {
        let name = if node < self.in_first_region { "r0" } else { "r1" };
        Region::parse(name).expect("it is plain")
    }
}

fn weather(chance: &mut Chance) -> FaultPlan {
    let delay_max = Duration::from_millis(chance.pick(&[5, 50, 800]));
    let calm = FaultPlan { delay: 0.3, delay_max, ..FaultPlan::default() };
    if chance.happens(0.6) { calm } else { FaultPlan { delay: 0.3, delay_max, ..FaultPlan::rough() } }
}

pub(crate) fn app() -> AppKey {
    let tenant = TenantId::parse("tenant").expect("it is plain");
    AppKey { tenant, app: AppId::parse("app").expect("it is plain") }
}

pub(crate) fn key(document: usize) -> DocumentKey {
    let name = DocumentName::parse(&format!("d{document}")).expect("it is plain");
    DocumentKey { app: app(), name }
}

pub(crate) fn name(node: usize) -> NodeName {
    NodeName::parse(&format!("n{node}")).expect("it is plain")
}

pub(crate) fn home() -> HomeRegion {
    HomeRegion::parse("home").expect("it is plain")
}
