//! A document store that goes away, or comes back without what it had: what clients see of it, and that nothing is
//! lost that anyone was shown.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod brittle;

use brittle::Brittle;
use bytes::Bytes;
use domain::ids::Generation;
use domain::ports::{Documents, Position};
use house_tests::house::{self, House, HouseNode, sees};
use house_tests::raw_client::{Ending, RawClient};
use house_tests::wire::{self, Typist};
use house_tests::{Plan, eventually, gauge};
use std::sync::Arc;

struct Scene {
    store: Arc<Brittle>,
    house: House,
    plan: Plan,
    token: String,
    node: HouseNode,
}

impl Scene {
    async fn open() -> Self {
        let (store, plan) = (Arc::new(Brittle::default()), Plan::default());
        let house = House::with_documents(store.clone());
        let node = house.node("one", "r").await;
        Self { store, token: house.token(&plan), house, plan, node }
    }

    async fn join(&self) -> Result<RawClient, Ending> {
        RawClient::join(self.node.address, "/d", &self.token).await
    }

    /// Two sessions of one document, the second of which has seen what the first typed.
    async fn two_with(&self, typist: &mut Typist, text: &str) -> (RawClient, RawClient) {
        let (mut writer, mut reader) = (self.join().await.unwrap(), self.join().await.unwrap());
        writer.send(wire::update_message(&typist.types(text))).await;
        sees(&mut reader, text).await;
        (writer, reader)
    }

    /// Joins again and again until the document is served.
    async fn join_when_it_can_be(&self) -> RawClient {
        eventually("the document is served", async || self.join().await.ok()).await
    }

    /// What the store has of the document, as bytes.
    async fn stored(&self) -> Vec<u8> {
        let pin = self.house.pin(&self.plan, "d").await.unwrap();
        let key = house::key(&self.plan, "d");
        self.store.open(&key, pin.generation).await.unwrap().updates.concat()
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

const TRY_AGAIN: (u16, &str) = (1013, "Try again later");

fn try_again() -> Ending {
    Ending::Closed(TRY_AGAIN.0, TRY_AGAIN.1.into())
}

#[tokio::test]
async fn what_cannot_be_stored_is_shown_to_nobody_and_what_was_shown_is_kept() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (mut writer, mut reader) = scene.two_with(&mut typist, "shown").await;
    scene.store.goes_away();
    writer.send(wire::update_message(&typist.types("hidden"))).await;
    assert_eq!(writer.ending().await, try_again());
    let told = loop {
        match reader.next().await {
            Ok(message) => assert!(!holds(&message, "hidden")),
            Err(ending) => break ending,
        }
    };
    assert_eq!(told, try_again());
    assert_eq!(scene.join().await.unwrap_err(), try_again());
    scene.store.comes_back();
    let mut again = scene.join_when_it_can_be().await;
    again.send(wire::sync_step_1()).await;
    sees(&mut again, "shown").await;
    assert!(holds(&scene.stored().await, "shown"));
}

#[tokio::test]
async fn a_document_that_cannot_be_stored_stays_counted_and_pinned() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (mut writer, _reader) = scene.two_with(&mut typist, "shown").await;
    scene.store.goes_away();
    writer.send(wire::update_message(&typist.types("hidden"))).await;
    writer.ending().await;
    scene.house.counts(&scene.plan, 0, 1).await;
    assert!(scene.house.pin(&scene.plan, "d").await.is_some());
}

#[tokio::test]
async fn a_store_that_is_away_for_a_moment_is_not_noticed() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (mut writer, mut reader) = scene.two_with(&mut typist, "shown").await;
    scene.store.refuses_next(3);
    writer.send(wire::update_message(&typist.types("patient"))).await;
    sees(&mut reader, "patient").await;
    assert!(holds(&scene.stored().await, "patient"));
}

#[tokio::test]
async fn a_store_that_restarts_empty_is_given_the_whole_document_with_the_next_edit() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (mut writer, mut reader) = scene.two_with(&mut typist, "early").await;
    scene.store.loses_everything();
    writer.send(wire::update_message(&typist.types("late"))).await;
    sees(&mut reader, "late").await;
    let stored = scene.stored().await;
    assert!(holds(&stored, "earlylate"), "{stored:?}");
}

#[tokio::test]
async fn a_store_that_says_it_was_interrupted_is_given_what_it_lost() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let _sessions = scene.two_with(&mut typist, "early").await;
    scene.store.loses_everything();
    scene.store.interrupts();
    eventually("the document is written down again", async || {
        let key = house::key(&scene.plan, "d");
        let stored = scene.store.peek(&key).await;
        holds(&stored, "early").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_document_that_nobody_uses_is_not_given_up_while_its_store_is_away() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (writer, reader) = scene.two_with(&mut typist, "shown").await;
    scene.store.goes_away();
    writer.leave().await;
    reader.leave().await;
    eventually("the grace is over", async || {
        (gauge(scene.node.address, "wiresocket_documents_unstored").await >= 1.0).then_some(())
    })
    .await;
    scene.store.loses_everything();
    scene.store.comes_back();
    let mut again = scene.join_when_it_can_be().await;
    again.send(wire::sync_step_1()).await;
    sees(&mut again, "shown").await;
    assert!(holds(&scene.stored().await, "shown"));
}

#[tokio::test]
async fn a_drain_waits_for_a_store_that_comes_back_empty() {
    let (mut scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (writer, reader) = scene.two_with(&mut typist, "shown").await;
    scene.store.goes_away();
    let other = scene.house.node("two", "r").await;
    let store = scene.store.clone();
    let away = store.refused();
    let comes_back = async {
        eventually("the draining node has asked", async || (store.refused() > away).then_some(())).await;
        store.loses_everything();
        store.comes_back();
    };
    tokio::join!(scene.node.drain(), comes_back);
    drop((writer, reader));
    scene.node = other;
    let mut again = scene.join_when_it_can_be().await;
    again.send(wire::sync_step_1()).await;
    sees(&mut again, "shown").await;
}

#[tokio::test]
async fn what_an_earlier_owner_put_into_an_emptied_store_is_kept_and_shown() {
    let (scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (mut writer, mut reader) = scene.two_with(&mut typist, "ours").await;
    scene.store.loses_everything();
    let key = house::key(&scene.plan, "d");
    let theirs = Bytes::from(Typist::new(2).types("theirs"));
    scene.store.open(&key, Generation(0)).await.unwrap();
    scene.store.append(&key, Generation(0), Position(0), &[theirs]).await.unwrap();
    writer.send(wire::update_message(&typist.types(" and more"))).await;
    sees(&mut reader, "theirs").await;
    let stored = scene.stored().await;
    assert!(holds(&stored, "theirs") && holds(&stored, "ours and more"), "{stored:?}");
}

#[tokio::test]
async fn a_fresh_node_finds_what_the_dead_one_wrote_down_again() {
    let (mut scene, mut typist) = (Scene::open().await, Typist::new(1));
    let (mut writer, mut reader) = scene.two_with(&mut typist, "early").await;
    scene.store.loses_everything();
    writer.send(wire::update_message(&typist.types("late"))).await;
    sees(&mut reader, "late").await;
    let other = scene.house.node("two", "r").await;
    scene.node.kill();
    scene.node = other;
    let mut again = scene.join_when_it_can_be().await;
    again.send(wire::sync_step_1()).await;
    sees(&mut again, "earlylate").await;
    let pin = scene.house.pin(&scene.plan, "d").await.unwrap();
    assert_eq!(pin.generation, Generation(2));
}
