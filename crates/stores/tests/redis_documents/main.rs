//! What documents on Redis promise beyond the port's contract: when their keys end, what they take of the server's
//! memory, and what a server that loses, refuses or evicts does to them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../servers/mod.rs"]
mod servers;

mod eviction;
mod expiry;
mod failures;
mod memory;
mod replies;
mod restoring;
mod takeover;

use bytes::Bytes;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use servers::redis::{RedisServer, ask, redis_server};
use std::time::{Duration, Instant};
use stores::Retention;
use stores::redis::{Redis, RedisDocuments, RedisUrl};

const FIRST: Generation = Generation(10);
const NEXT: Generation = Generation(11);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn update(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

fn documents(url: &RedisUrl, retention: Retention) -> RedisDocuments {
    RedisDocuments::new(Redis::new(url, None).unwrap(), retention)
}

fn key(name: &str) -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse(name).unwrap() }
}

/// A document that a test looks at through the port, and at its keys, as an operator would.
struct Watched {
    url: RedisUrl,
    store: RedisDocuments,
    key: DocumentKey,
}

/// What is stored of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    State,
    Log,
}

const PARTS: [Part; 3] = [Part::Head, Part::State, Part::Log];

impl Watched {
    fn new(url: RedisUrl, retention: Retention) -> Self {
        Self { store: documents(&url, retention), url, key: key("d") }
    }

    /// Opened by `FIRST`, with a state of two updates and a log of one.
    async fn with_content(url: RedisUrl, retention: Retention) -> Self {
        let watched = Self::new(url, retention);
        watched.open(FIRST).await.unwrap();
        watched.append(0, "1").await.unwrap();
        watched.append(1, "2").await.unwrap();
        watched.compact(2, "1 2").await.unwrap();
        watched.append(2, "3").await.unwrap();
        watched
    }

    async fn open(&self, generation: Generation) -> Result<Opened, DocumentsError> {
        self.store.open(&self.key, generation).await
    }

    async fn append(&self, after: u64, text: &str) -> Result<Position, DocumentsError> {
        self.store.append(&self.key, FIRST, Position(after), &[update(text)]).await
    }

    async fn compact(&self, through: u64, state: &str) -> Result<(), DocumentsError> {
        self.store.compact(&self.key, FIRST, Position(through), update(state)).await
    }

    async fn restore(&self, above: u64, state: &str) -> Result<Position, DocumentsError> {
        self.store.restore(&self.key, FIRST, Position(above), update(state)).await
    }

    async fn check(&self, at: u64) -> Result<(), DocumentsError> {
        self.store.check(&self.key, FIRST, Position(at)).await
    }

    async fn expire(&self) -> Result<(), DocumentsError> {
        self.store.expire(&self.key, FIRST).await
    }

    /// What the next owner finds.
    async fn content(&self) -> Vec<Bytes> {
        self.open(NEXT).await.unwrap().updates
    }

    fn name_of(&self, part: Part) -> String {
        let letter = match part {
            Part::Head => 'h',
            Part::State => 's',
            Part::Log => 'l',
        };
        format!("{}doc:{{{}}}:{letter}", self.url.prefix(), self.key)
    }

    /// Asks the server about one of the document's keys.
    fn ask<T: redis::FromRedisValue>(&self, command: &[&str], part: Part, args: &[&str]) -> T {
        let name = self.name_of(part);
        ask(&self.url.to_string(), &[command, &[&name], args].concat())
    }

    fn parts(&self) -> Vec<Part> {
        PARTS.into_iter().filter(|&part| self.ask(&["EXISTS"], part, &[])).collect()
    }

    /// Every key with the prefix of this test.
    fn all_keys(&self) -> Vec<String> {
        ask(&self.url.to_string(), &["KEYS", &format!("{}*", self.url.prefix())])
    }

    fn remove(&self, part: Part) {
        let removed: u64 = self.ask(&["DEL"], part, &[]);
        assert_eq!(removed, 1, "{part:?}");
    }
}

/// Waits for what comes by itself.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks until there is an answer: on each of a store's connections the first call after a loss may find it broken.
async fn answered<T>(mut ask: impl AsyncFnMut() -> Result<T, DocumentsError>) -> Result<T, DocumentsError> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(DocumentsError::Unavailable(_)) if begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            answer => return answer,
        }
    }
}

/// The cause that a call names which the store does not answer.
fn cause<T: std::fmt::Debug>(outcome: Result<T, DocumentsError>) -> String {
    match outcome {
        Err(DocumentsError::Unavailable(unavailable)) => {
            assert_eq!(unavailable.store, "documents");
            unavailable.cause
        }
        other => panic!("{other:?} is an answer"),
    }
}

fn url_of(server: &RedisServer) -> RedisUrl {
    server.url().parse().unwrap()
}
