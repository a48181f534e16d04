//! Generations of a document rise though its item was deleted long after it was unpinned.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use ::dynoxide::Database;
use ::dynoxide::storage_backend::ManualClock;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, NodeId, NodeName, Region, TenantId};
use domain::ports::{Owner, Pin, PinOutcome, Pins};
use servers::dynoxide::Dynoxide;
use servers::table;
use std::sync::Arc;
use std::time::Duration;
use stores::system::TurnedClock;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Pins of a table whose time, and that of whoever pins, is turned by hand.
struct Home {
    pins: Arc<dyn Pins>,
    clock: Arc<TurnedClock>,
    server_clock: ManualClock,
    database: Database,
    _server: Dynoxide,
}

impl Home {
    async fn new() -> Self {
        let clock = Arc::new(TurnedClock::default());
        let server_clock = ManualClock::new(clock.unix_ms() / 1000);
        let database = Database::memory_with_clock(server_clock.arc()).unwrap();
        let server = Dynoxide::serving(database.clone()).await;
        let home = table(server.endpoint(), "home").await;
        home.create_table().await.unwrap();
        Self { pins: home.ports(clock.clone()).pins, clock, server_clock, database, _server: server }
    }

    /// Time passes, and then DynamoDB deletes what has expired. Returns how many items that were.
    fn pass(&self, time: Duration) -> usize {
        self.clock.advance(time);
        self.server_clock.tick(time);
        self.database.sweep_ttl().unwrap()
    }

    async fn pinned(&self) -> Pin {
        let pinned = self.pins.pin(&document(), &owner()).await;
        let Ok(PinOutcome::Pinned(pin)) = pinned else { panic!("{pinned:?}") };
        pin
    }
}

fn document() -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse("d").unwrap() }
}

fn owner() -> Owner {
    let node = NodeId { name: NodeName::parse("one").unwrap(), epoch: 1 };
    Owner { region: Region::parse("r").unwrap(), node, relay: String::new() }
}

#[tokio::test]
async fn a_document_without_a_trace_begins_at_the_time() {
    let home = Home::new().await;
    let first = home.pinned().await;
    assert_eq!(first.generation.0, home.clock.unix_ms());
    home.pins.unpin(&document(), &first).await.unwrap();
    assert_eq!(home.pass(DAY * 31), 1);
    let second = home.pinned().await;
    assert_eq!(second.generation.0, home.clock.unix_ms());
    assert!(second.generation > first.generation);
}

#[tokio::test]
async fn an_unpinned_documents_generation_is_kept_for_30_days() {
    let home = Home::new().await;
    let first = home.pinned().await;
    home.pins.unpin(&document(), &first).await.unwrap();
    assert_eq!(home.pass(DAY * 30 - Duration::from_secs(1)), 0);
    let second = home.pinned().await;
    assert_eq!(second.generation.0, first.generation.0 + 1);
}

#[tokio::test]
async fn a_pinned_document_never_expires() {
    let home = Home::new().await;
    let first = home.pinned().await;
    home.pins.unpin(&document(), &first).await.unwrap();
    let second = home.pinned().await;
    assert_eq!(home.pass(DAY * 365), 0);
    assert_eq!(home.pins.read(&document()).await, Ok(Some(second)));
}
