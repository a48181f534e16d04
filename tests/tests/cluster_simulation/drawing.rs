//! What happens next, by chance, among what can happen.

use crate::chance::Chance;
use crate::node::{Condition, Node};
use crate::schedule::World;
use crate::sequences;
use crate::transition::{Hands, Transition};
use std::sync::Arc;
use std::time::Duration;

/// How likely it is that the next thing is the first of a sequence.
const SEQUENCE: f64 = 0.09;

/// What happens next, and after what time.
pub(crate) fn next(world: &mut World) -> (Duration, Transition) {
    if world.script.is_empty() && world.chance.happens(SEQUENCE) {
        sequences::write(world);
    }
    world.script.pop_front().unwrap_or_else(|| {
        let pause = pause(&mut world.chance);
        (pause, draw(world))
    })
}

/// Whether a transition can happen by the time that it should.
pub(crate) fn is_possible(world: &World, transition: Transition) -> bool {
    let is = |node: usize, conditions: &[Condition]| conditions.contains(&world.house.node(node).condition());
    match transition {
        Transition::Connects { node, .. } | Transition::Dies { node } => !is(node, &[Condition::Gone]),
        Transition::Races { nodes: [first, last], .. } => {
            is(first, &[Condition::Up]) && is(last, &[Condition::Up])
        }
        Transition::GivesUp { client } => world.house.model().askers().contains(&client),
        Transition::Leaves { .. } | Transition::Edits { .. } | Transition::Passes { .. } => true,
        Transition::DiesSoon { node, .. }
        | Transition::Stops { node, .. }
        | Transition::StopsSoon { node, .. }
        | Transition::IsCutOff { node }
        | Transition::Drains { node } => is(node, &[Condition::Up]),
        Transition::Releases { node, .. } => is(node, &[Condition::Up, Condition::CutOff]),
        Transition::GoesOn { node } => is(node, &[Condition::Stopped]),
        Transition::IsMended { node } => is(node, &[Condition::CutOff]),
        Transition::Begins { node } => is(node, &[Condition::Gone]),
        Transition::Arrives { .. } => true,
    }
}

/// How long it takes until the next thing happens: often no time at all, sometimes a lease.
fn pause(chance: &mut Chance) -> Duration {
    let (from, to) = chance.pick(&[(1, 20), (1, 20), (1, 500), (1, 3_000), (100, 9_000), (5_000, 32_000)]);
    chance.between(Duration::from_millis(from), Duration::from_millis(to))
}

fn draw(world: &mut World) -> Transition {
    let drawn = match world.chance.below(100) {
        0..36 => connects(world),
        36..45 => leaves(world),
        45..48 => gives_up(world),
        48..54 => edits(world),
        54..60 => releases(world),
        60..67 => dies(world),
        67..75 => begins(world),
        75..79 => races(world),
        79..85 => stops(world),
        85..93 => goes_on(world),
        93..96 => cut_off(world),
        96..97 => arrives(world),
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

fn gives_up(world: &mut World) -> Option<Transition> {
    let askers = world.house.model().askers();
    (!askers.is_empty()).then(|| Transition::GivesUp { client: world.chance.pick(&askers) })
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
    let node =
        pick(world, |node| matches!(node.condition(), Condition::Up | Condition::CutOff) && is_unused(node))?;
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
        pin.is_some_and(|pin| {
            world.house.at_address_of(&pin.owner.node).life() != pin.owner.node
                || world.house.at_address_of(&pin.owner.node).is_gone()
        })
    };
    let document = (0..documents).find(is_orphan)?;
    let up: Vec<usize> = world
        .house
        .nodes()
        .iter()
        .filter(|node| node.condition() == Condition::Up)
        .map(|node| node.index)
        .collect();
    let [first, .., last] = up[..] else { return None };
    let clients = [world.client(), world.client()];
    Some(Transition::Races { clients, nodes: [first, last], document })
}

fn stops(world: &mut World) -> Option<Transition> {
    if !world.house.plan.has_stops {
        return None;
    }
    let node = pick(world, |node| node.condition() == Condition::Up)?.index;
    Some(Transition::Stops { node, clock: hands(&mut world.chance) })
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

fn arrives(world: &mut World) -> Option<Transition> {
    let node = world.chance.below(world.house.plan.nodes);
    world.house.plan.has_last_words.then_some(Transition::Arrives { node })
}

fn drains(world: &mut World) -> Option<Transition> {
    Some(Transition::Drains { node: pick(world, |node| node.condition() == Condition::Up)?.index })
}

pub(crate) fn hands(chance: &mut Chance) -> Hands {
    chance.pick(&[Hands::GoOn, Hands::StandStill, Hands::StandStill])
}

pub(crate) fn pick(world: &mut World, is_fit: impl Fn(&Node) -> bool) -> Option<Arc<Node>> {
    let fit: Vec<Arc<Node>> = world.house.nodes().into_iter().filter(|node| is_fit(node)).collect();
    let at = (!fit.is_empty()).then(|| world.chance.below(fit.len()))?;
    fit.into_iter().nth(at)
}
