//! What happens next, by chance, among what can happen.

use crate::chance::Chance;
use crate::node::{Condition, Node};
use crate::schedule::World;
use crate::transition::Transition;
use std::sync::Arc;
use std::time::Duration;

/// How long it takes until the next thing happens: often no time at all, sometimes a lease.
pub(crate) fn pause(chance: &mut Chance) -> Duration {
    let (from, to) = chance.pick(&[(1, 20), (1, 20), (1, 500), (1, 3_000), (100, 9_000), (5_000, 32_000)]);
    chance.between(Duration::from_millis(from), Duration::from_millis(to))
}

/// The next transition.
pub(crate) fn draw(world: &mut World) -> Transition {
    let drawn = match world.chance.below(100) {
        0..36 => connects(world),
        36..48 => leaves(world),
        48..54 => edits(world),
        54..60 => releases(world),
        60..67 => dies(world),
        67..75 => begins(world),
        75..79 => races(world),
        79..85 => stops(world),
        85..93 => goes_on(world),
        93..97 => cut_off(world),
        _ => drains(world),
    };
    drawn.unwrap_or_else(|| {
        let time = pause(&mut world.chance);
        Transition::Passes { time }
    })
}

fn connects(world: &mut World) -> Option<Transition> {
    let node = pick(world, |node| !node.is_gone())?.index;
    let document = world.chance.below(world.house.plan.documents);
    Some(Transition::Connects { client: world.client(), node, document })
}

fn leaves(world: &mut World) -> Option<Transition> {
    Some(Transition::Leaves { client: user(world)? })
}

fn edits(world: &mut World) -> Option<Transition> {
    Some(Transition::Edits { client: user(world)? })
}

/// A client whose node runs: one that stands still hears of nothing.
fn user(world: &mut World) -> Option<u64> {
    let users = world.house.model().users();
    let client = (!users.is_empty()).then(|| world.chance.pick(&users))?;
    let node = world.house.model().client(client)?.node;
    (world.house.node(node).condition() != Condition::Stopped).then_some(client)
}

fn releases(world: &mut World) -> Option<Transition> {
    let is_unused = |node: &Node| node.open().values().any(|open| open.users.is_empty());
    let node = pick(world, |node| matches!(node.condition(), Condition::Up | Condition::CutOff) && is_unused(node))?;
    let document =
        node.open().iter().find(|(_, open)| open.users.is_empty()).map(|(document, _)| *document)?;
    Some(Transition::Releases { node: node.index, document })
}

fn dies(world: &mut World) -> Option<Transition> {
    let node = pick(world, |node| !node.is_gone())?;
    // One that stands still calls nothing, and one that is about to die dies.
    if node.condition() == Condition::Up && world.chance.happens(0.5) {
        let calls = world.chance.within(0, 25) as u32;
        return Some(Transition::DiesSoon { node: node.index, calls });
    }
    Some(Transition::Dies { node: node.index })
}

fn begins(world: &mut World) -> Option<Transition> {
    Some(Transition::Begins { node: pick(world, Node::is_gone)?.index })
}

fn races(world: &mut World) -> Option<Transition> {
    let documents = world.house.plan.documents;
    let is_orphan = |document: &usize| {
        let pin = world.house.table.pin(*document);
        pin.is_some_and(|pin| world.house.at_address_of(&pin.owner.node).life() != pin.owner.node
            || world.house.at_address_of(&pin.owner.node).is_gone())
    };
    let document = (0..documents).find(is_orphan)?;
    let up: Vec<usize> =
        world.house.nodes().iter().filter(|node| node.condition() == Condition::Up).map(|node| node.index).collect();
    let [first, .., last] = up[..] else { return None };
    let clients = [world.client(), world.client()];
    Some(Transition::Races { clients, nodes: [first, last], document })
}

fn stops(world: &mut World) -> Option<Transition> {
    if !world.house.plan.has_stops {
        return None;
    }
    Some(Transition::Stops { node: pick(world, |node| node.condition() == Condition::Up)?.index })
}

fn goes_on(world: &mut World) -> Option<Transition> {
    let node = pick(world, |node| matches!(node.condition(), Condition::Stopped | Condition::CutOff))?;
    match node.condition() {
        Condition::Stopped => Some(Transition::GoesOn { node: node.index }),
        _ => Some(Transition::IsMended { node: node.index }),
    }
}

fn cut_off(world: &mut World) -> Option<Transition> {
    if !world.house.plan.has_cuts {
        return None;
    }
    Some(Transition::IsCutOff { node: pick(world, |node| node.condition() == Condition::Up)?.index })
}

fn drains(world: &mut World) -> Option<Transition> {
    Some(Transition::Drains { node: pick(world, |node| node.condition() == Condition::Up)?.index })
}

fn pick(world: &mut World, is_fit: impl Fn(&Node) -> bool) -> Option<Arc<Node>> {
    let fit: Vec<Arc<Node>> = world.house.nodes().into_iter().filter(|node| is_fit(node)).collect();
    let at = (!fit.is_empty()).then(|| world.chance.below(fit.len()))?;
    fit.into_iter().nth(at)
}
