//! Clauses of [`Pins`].

use super::ids::{document, node, region};
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Owner, Pin, PinOutcome, Pins};
use std::sync::Arc;

fn owner(name: &str) -> Owner {
    Owner { region: region("r"), node: node(name, 1), relay: "10.0.0.1:7000".to_owned() }
}

async fn pinned(pins: &dyn Pins, document: &DocumentKey, owner: &Owner) -> Pin {
    match pins.pin(document, owner).await.unwrap() {
        PinOutcome::Pinned(pin) => pin,
        PinOutcome::HeldBy(pin) => panic!("held by {pin:?}"),
    }
}

async fn taken_over(pins: &dyn Pins, document: &DocumentKey, dead: &Pin, owner: &Owner) -> Pin {
    match pins.take_over(document, dead, owner).await.unwrap() {
        PinOutcome::Pinned(pin) => pin,
        PinOutcome::HeldBy(pin) => panic!("held by {pin:?}"),
    }
}

/// A document that is not active has no pin.
pub async fn a_document_that_is_not_active_has_no_pin(pins: Arc<dyn Pins>) {
    assert_eq!(pins.read(&document("d")).await, Ok(None));
}

/// A pin names its owner and is read as it was given.
pub async fn a_pin_is_read_as_it_was_given(pins: Arc<dyn Pins>) {
    let pin = pinned(&*pins, &document("d"), &owner("one")).await;
    assert_eq!(pin.owner, owner("one"));
    assert_eq!(pins.read(&document("d")).await, Ok(Some(pin)));
}

/// A lost answer costs nothing: not even a generation.
pub async fn a_repeat_by_the_owner_returns_the_same_pin(pins: Arc<dyn Pins>) {
    let pin = pinned(&*pins, &document("d"), &owner("one")).await;
    assert_eq!(pinned(&*pins, &document("d"), &owner("one")).await, pin);
}

/// Another asker is told who holds the document, and changes nothing; another life of the owner is another.
pub async fn another_asker_is_told_who_holds_it(pins: Arc<dyn Pins>) {
    let pin = pinned(&*pins, &document("d"), &owner("one")).await;
    for other in [owner("other"), Owner { node: node("one", 2), ..owner("one") }] {
        let outcome = pins.pin(&document("d"), &other).await;
        assert_eq!(outcome, Ok(PinOutcome::HeldBy(pin.clone())));
        assert_eq!(pins.read(&document("d")).await, Ok(Some(pin.clone())));
    }
}

/// Of any number of askers exactly one is given the pin, and the others are told of it.
pub async fn one_of_many_askers_is_given_the_pin(pins: Arc<dyn Pins>) {
    let askers = (0..16).map(|n| {
        let (pins, owner) = (pins.clone(), owner(&format!("n{n}")));
        tokio::spawn(async move { pins.pin(&document("d"), &owner).await.unwrap() })
    });
    assert_one_pin(&*pins, askers.collect()).await;
}

async fn assert_one_pin(pins: &dyn Pins, askers: Vec<tokio::task::JoinHandle<PinOutcome>>) {
    let mut given = Vec::new();
    let mut told = Vec::new();
    for asker in askers {
        match asker.await.unwrap() {
            PinOutcome::Pinned(pin) => given.push(pin),
            PinOutcome::HeldBy(pin) => told.push(pin),
        }
    }
    assert_eq!(given.len(), 1);
    assert!(told.iter().all(|pin| *pin == given[0]));
    assert_eq!(pins.read(&document("d")).await.unwrap().as_ref(), given.first());
}

/// Each new pin of a document has a generation above all earlier ones.
pub async fn generations_rise_whatever_was_unpinned(pins: Arc<dyn Pins>) {
    let mut latest = pinned(&*pins, &document("d"), &owner("one")).await;
    for _ in 0..10 {
        pins.unpin(&document("d"), &latest).await.unwrap();
        let next = pinned(&*pins, &document("d"), &owner("one")).await;
        assert!(next.generation > latest.generation, "{next:?} after {latest:?}");
        latest = next;
    }
}

/// So they do where documents were taken over in between.
pub async fn generations_rise_whatever_was_taken_over(pins: Arc<dyn Pins>) {
    let mut latest = Generation(0);
    for n in 0..10 {
        let first = pinned(&*pins, &document("d"), &owner(&format!("first{n}"))).await;
        assert!(n == 0 || first.generation > latest, "{first:?} after {latest:?}");
        let second = taken_over(&*pins, &document("d"), &first, &owner(&format!("second{n}"))).await;
        assert!(second.generation > first.generation);
        latest = second.generation;
        pins.unpin(&document("d"), &second).await.unwrap();
    }
}

/// A dead node's pin is replaced, with the next generation.
pub async fn a_take_over_replaces_the_pin_with_the_next_generation(pins: Arc<dyn Pins>) {
    let dead = pinned(&*pins, &document("d"), &owner("dead")).await;
    let pin = taken_over(&*pins, &document("d"), &dead, &owner("one")).await;
    assert_eq!(pin, Pin { owner: owner("one"), generation: Generation(dead.generation.0 + 1) });
    assert_eq!(pins.read(&document("d")).await, Ok(Some(pin)));
}

/// A lost answer of a take-over costs nothing.
pub async fn a_repeated_take_over_returns_the_pin_it_made(pins: Arc<dyn Pins>) {
    let dead = pinned(&*pins, &document("d"), &owner("dead")).await;
    let pin = taken_over(&*pins, &document("d"), &dead, &owner("one")).await;
    assert_eq!(taken_over(&*pins, &document("d"), &dead, &owner("one")).await, pin);
}

/// Exactly the pin that is named is replaced: not one of another owner, nor of another generation.
pub async fn a_take_over_of_another_pin_changes_nothing(pins: Arc<dyn Pins>) {
    let pin = pinned(&*pins, &document("d"), &owner("one")).await;
    let of_another = Pin { owner: owner("dead"), ..pin.clone() };
    let older = Pin { generation: Generation(pin.generation.0.wrapping_sub(1)), ..pin.clone() };
    for named in [of_another, older] {
        let outcome = pins.take_over(&document("d"), &named, &owner("other")).await;
        assert_eq!(outcome, Ok(PinOutcome::HeldBy(pin.clone())));
        assert_eq!(pins.read(&document("d")).await, Ok(Some(pin.clone())));
    }
}

/// Where the dead node's pin was struck meanwhile, or there is no trace of it, a take-over pins.
pub async fn a_take_over_where_no_pin_stands_pins(pins: Arc<dyn Pins>) {
    let dead = pinned(&*pins, &document("d"), &owner("dead")).await;
    pins.unpin(&document("d"), &dead).await.unwrap();
    for name in ["d", "never pinned"] {
        let pin = taken_over(&*pins, &document(name), &dead, &owner("one")).await;
        assert_eq!(pin.owner, owner("one"));
        assert_eq!(pins.read(&document(name)).await, Ok(Some(pin.clone())));
        assert_eq!(taken_over(&*pins, &document(name), &dead, &owner("one")).await, pin);
        assert!(name != "d" || pin.generation > dead.generation, "{pin:?} after {dead:?}");
    }
}

/// Of any number of nodes that take a pin over, exactly one is given it.
pub async fn one_of_many_takers_is_given_the_pin(pins: Arc<dyn Pins>) {
    let dead = pinned(&*pins, &document("d"), &owner("dead")).await;
    let takers = (0..16).map(|n| {
        let (pins, dead, owner) = (pins.clone(), dead.clone(), owner(&format!("n{n}")));
        tokio::spawn(async move { pins.take_over(&document("d"), &dead, &owner).await.unwrap() })
    });
    assert_one_pin(&*pins, takers.collect()).await;
}

/// A late unpin, of a pin that was taken over or given anew, changes nothing.
pub async fn unpinning_removes_exactly_the_pin_it_names(pins: Arc<dyn Pins>) {
    let first = pinned(&*pins, &document("d"), &owner("one")).await;
    let second = taken_over(&*pins, &document("d"), &first, &owner("other")).await;
    pins.unpin(&document("d"), &first).await.unwrap();
    assert_eq!(pins.read(&document("d")).await, Ok(Some(second.clone())));
    pins.unpin(&document("d"), &second).await.unwrap();
    assert_eq!(pins.read(&document("d")).await, Ok(None));

    let third = pinned(&*pins, &document("d"), &owner("one")).await;
    pins.unpin(&document("d"), &first).await.unwrap();
    assert_eq!(pins.read(&document("d")).await, Ok(Some(third)));
}

/// Unpinning what is not pinned does nothing.
pub async fn unpinning_may_be_repeated(pins: Arc<dyn Pins>) {
    let pin = pinned(&*pins, &document("d"), &owner("one")).await;
    for _ in 0..2 {
        pins.unpin(&document("d"), &pin).await.unwrap();
        assert_eq!(pins.read(&document("d")).await, Ok(None));
    }
}

/// A pin of one document is no pin of another.
pub async fn documents_are_pinned_apart(pins: Arc<dyn Pins>) {
    let one = pinned(&*pins, &document("d"), &owner("one")).await;
    let other = pinned(&*pins, &document("d/2"), &owner("other")).await;
    pins.unpin(&document("d"), &one).await.unwrap();
    assert_eq!(pins.read(&document("d")).await, Ok(None));
    assert_eq!(pins.read(&document("d/2")).await, Ok(Some(other)));
}
