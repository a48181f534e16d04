//! Sequences that chance alone would hardly find: each is a way in which a lease could fail.

use crate::chance::Chance;
use crate::drawing::{hands, pick};
use crate::node::Condition;
use crate::schedule::World;
use crate::transition::Transition;
use std::time::Duration;

/// As many calls as it takes a client to be served, about.
const CALLS_MAX: u64 = 7;

/// Writes what happens next into the script.
pub(crate) fn write(world: &mut World) {
    let Some(node) = pick(world, |node| matches!(node.condition(), Condition::Up | Condition::Gone)) else {
        return;
    };
    let (index, is_gone) = (node.index, node.is_gone());
    if is_gone {
        // A life that has not written anything yet.
        push(world, 1..50, Transition::Begins { node: index });
    }
    let document = world.chance.below(world.house.plan.documents);
    let client = world.client();
    push(world, 5..200, Transition::Connects { client, node: index, document });
    match world.chance.below(5) {
        0 | 1 if world.house.plan.has_stops => oversleeps(world, index),
        // In the middle of its handshake.
        3 => push(world, 0..100, Transition::GivesUp { client }),
        2 if world.house.plan.has_last_words => speaks_last(world, index),
        _ => leaves_its_document(world, index, document),
    }
}

/// A node stands still in the middle of something for about as long as its lease, goes on as if nothing had been, and
/// may die of it.
fn oversleeps(world: &mut World, node: usize) {
    let (clock, calls) = (hands(&mut world.chance), world.chance.within(0, CALLS_MAX) as u32);
    push(world, 0..3, Transition::StopsSoon { node, clock, calls });
    // Until it is about to be declared dead, or until it has long been.
    let asleep = if world.chance.happens(0.4) { 18_000..26_000 } else { 26_000..40_000 };
    push(world, asleep, Transition::GoesOn { node });
    if world.chance.happens(0.7) {
        let calls = world.chance.within(0, 8) as u32;
        push(world, 1..20, Transition::DiesSoon { node, calls });
    }
}

/// What a node was about to send when it died arrives after it was reaped.
fn speaks_last(world: &mut World, node: usize) {
    let calls = world.chance.within(0, CALLS_MAX) as u32;
    push(world, 0..3, Transition::DiesSoon { node, calls });
    push(world, 24_000..40_000, Transition::Arrives { node });
}

/// A node dies, and others come for its document at once.
fn leaves_its_document(world: &mut World, node: usize, document: usize) {
    push(world, 500..2_000, Transition::Dies { node });
    let others: Vec<usize> = (0..world.house.plan.nodes).filter(|other| *other != node).collect();
    let nodes = [others[0], others[others.len() - 1]];
    let clients = [world.client(), world.client()];
    push(world, 1..2_000, Transition::Races { clients, nodes, document });
}

fn push(world: &mut World, after_ms: std::ops::Range<u64>, transition: Transition) {
    let after = between(&mut world.chance, after_ms);
    world.script.push_back((after, transition));
}

fn between(chance: &mut Chance, ms: std::ops::Range<u64>) -> Duration {
    chance.between(Duration::from_millis(ms.start), Duration::from_millis(ms.end))
}
