//! Documents that the nodes of a region share: `documents/scripts/record.lua` says what is stored of each.
//!
//! Each call is one script on the three keys of its document, and so atomic. What it writes is in the memory of the
//! server when it returns: it survives the death of every node, and that of the server only as far as the server
//! saves and replicates. Where it did not, the next append, compaction or check is told so, by the positions.

mod answer;
mod entry;
mod keys;
mod lifetimes;

use super::Redis;
use super::connection::{Lane, Script};
use crate::Retention;
use answer::{Said, done, opened, position};
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, LogBounds, Opened, Position, Unavailable};
use entry::pack;
use keys::keys;
use lifetimes::{Lifetime, Lifetimes, Release};
use redis::{ToRedisArgs, Value};
use std::time::Duration;

/// How long an append may take, and whatever else is a few bytes.
const APPEND_DEADLINE: Duration = Duration::from_secs(2);
/// How long a whole document may take to be read or written: less than what the callers wait, so that they learn the
/// cause.
const BULK_DEADLINE: Duration = Duration::from_millis(4500);
/// Bytes of an append from which it travels with whole documents, and keeps no other append waiting.
const LARGE_APPEND_BYTES: usize = 256 * 1024;
/// Bytes of a state, or of one append. Half of what servers take in one argument, where nobody configured them.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// For a script that needs to know no more.
const NO_ARGS: Option<u64> = None;
/// A stream takes its memory by pages of 4 KiB or 100 entries: a log of less than one would save nothing. Beyond that, a
/// log of a third of the state leaves room for what the server's allocator rounds up, within twice the state.
const LOG_BOUNDS: LogBounds = LogBounds { bytes: 3072, state_parts: 3, entry_bytes: 24, entries: 4096 };

/// The content of documents on a Redis or Valkey.
pub struct RedisDocuments {
    redis: Redis,
    lifetimes: Lifetimes,
    scripts: Scripts,
}

struct Scripts {
    open: Script,
    append: Script,
    compact: Script,
    keep: Script,
    drop: Script,
}

macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("scripts/record.lua"), include_str!(concat!("scripts/", $name))))
    };
}

impl RedisDocuments {
    /// The documents on `redis`. The keys of those that are released live for `retention`, and those of open ones for
    /// as long after each append and check, and for an hour at least.
    #[must_use]
    pub fn new(redis: Redis, retention: Retention) -> Self {
        let scripts = Scripts {
            open: script!("open.lua"),
            append: script!("append.lua"),
            compact: script!("compact.lua"),
            keep: script!("keep.lua"),
            drop: script!("drop.lua"),
        };
        Self { redis, lifetimes: retention.into(), scripts }
    }

    /// Runs a script that `asked` asks for, after which the document's keys live for `lifetime`.
    async fn run(
        &self,
        (script, lane, deadline): (&Script, Lane, Duration),
        document: &DocumentKey,
        asked: Generation,
        lifetime: Lifetime,
        args: impl ToRedisArgs + Sync,
    ) -> Result<Said, DocumentsError> {
        let keys = keys(&self.redis, document);
        let args = (asked.0, lifetime.ms(), args);
        let answer: Value = self.redis.run(lane, deadline, script, &keys, args).await?;
        done(answer, asked)
    }
}

#[async_trait::async_trait]
impl Documents for RedisDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let open = (&self.scripts.open, Lane::Bulk, BULK_DEADLINE);
        opened(self.run(open, document, generation, self.lifetimes.open, NO_ARGS).await?)
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        check_bytes("an append", updates.iter().map(Bytes::len).sum())?;
        let entry = pack(updates);
        let (lane, deadline) = match entry.len() {
            ..LARGE_APPEND_BYTES => (Lane::Appends, APPEND_DEADLINE),
            _ => (Lane::Bulk, BULK_DEADLINE),
        };
        let append = (&self.scripts.append, lane, deadline);
        let args = (after.0, &entry[..]);
        position(self.run(append, document, generation, self.lifetimes.open, args).await?)
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        check_bytes("a state", state.len())?;
        let compact = (&self.scripts.compact, Lane::Bulk, BULK_DEADLINE);
        let args = (through.0, &state[..]);
        self.run(compact, document, generation, self.lifetimes.open, args).await.map(drop)
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        let keep = (&self.scripts.keep, Lane::Bulk, APPEND_DEADLINE);
        self.run(keep, document, generation, self.lifetimes.open, at.0).await.map(drop)
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        let (script, lifetime) = match self.lifetimes.release {
            Release::Keep(lifetime) => (&self.scripts.keep, lifetime),
            Release::Drop(tombstone) => (&self.scripts.drop, tombstone),
        };
        let release = (script, Lane::Bulk, APPEND_DEADLINE);
        self.run(release, document, generation, lifetime, Position(0).0).await.map(drop)
    }

    fn log_bounds(&self) -> LogBounds {
        LOG_BOUNDS
    }

    async fn interrupted(&self) {
        self.redis.interrupted().await;
    }
}

fn check_bytes(what: &str, bytes: usize) -> Result<(), Unavailable> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    let cause = format_args!("{what} of {bytes} bytes is over the {BYTES_MAX} that are stored on redis");
    Err(Unavailable::new("documents", cause))
}
