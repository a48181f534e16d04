//! Documents that the nodes of a region share: `documents/scripts/record.lua` says what is stored of each.
//!
//! Each call is one script on the three keys of its document, and so atomic. Large states go past the scripts: Lua would
//! copy them, and the server would serve nobody meanwhile. One is read after the script that opens its document, when
//! only the opener may replace it, and written before the script that gives it its name.
//!
//! What is written is in the memory of the server when a call returns: it survives the death of every node, and that of
//! the server only as far as the server saves and replicates. Where it did not, the next append, compaction or check is
//! told so, by the positions.

mod answer;
mod entry;
mod keys;
mod lifetimes;

use super::Redis;
use super::connection::{Lane, Script};
use crate::Retention;
use answer::{Opening, Said, State, done, opening, position};
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, LogBounds, Opened, Position, Unavailable};
use entry::pack;
use keys::{key_of_attempt, keys};
use lifetimes::{Lifetime, Lifetimes, Release};
use redis::{ToRedisArgs, Value};
use std::time::{Duration, Instant};

/// How long an append may take, and whatever else is a few bytes.
const APPEND_DEADLINE: Duration = Duration::from_secs(2);
/// How long a whole document may take to be read or written: less than what the callers wait, so that they learn the
/// cause.
const BULK_DEADLINE: Duration = Duration::from_millis(4500);
/// Bytes of an append from which it travels with whole documents, and keeps no other append waiting.
const LARGE_APPEND_BYTES: usize = 256 * 1024;
/// Bytes of a state, or of one append. Half of what servers take in one argument, where nobody configured them.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes of a state that goes through a script: 64 KiB take it a tenth of a millisecond, and 10 MiB thirty.
const SMALL_STATE_BYTES: usize = 64 * 1024;
/// How long a large state waits for the script that gives it its name, if that never comes.
const UNNAMED_STATE_MS: u64 = 60_000;
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
    restore: Script,
    keep: Script,
    drop: Script,
}

macro_rules! script {
    ($($name:literal)*) => {
        Script::new(concat!(include_str!("scripts/record.lua"), $(include_str!(concat!("scripts/", $name))),*))
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
            compact: script!("state.lua" "compact.lua"),
            restore: script!("state.lua" "restore.lua"),
            keep: script!("keep.lua"),
            drop: script!("drop.lua"),
        };
        Self { redis, lifetimes: retention.into(), scripts }
    }

    /// Runs a script that `asked` asks for, after which the document's keys live for `lifetime`.
    async fn run(
        &self,
        (script, lane, deadline): (&Script, Lane, Duration),
        keys: &[String],
        asked: Generation,
        lifetime: Lifetime,
        args: impl ToRedisArgs + Sync,
    ) -> Result<Said, DocumentsError> {
        let args = (asked.0, lifetime.ms(), lifetime.of_nothing().ms(), args);
        let answer: Value = self.redis.run(lane, deadline, script, keys, args).await?;
        done(answer, asked)
    }

    /// Runs a script that is given a position and a state.
    async fn run_with_state(
        &self,
        (script, position): (&Script, Position),
        document: &DocumentKey,
        asked: Generation,
        state: Bytes,
    ) -> Result<Said, DocumentsError> {
        check_bytes("a state", state.len())?;
        let (began, mut keys) = (Instant::now(), keys(&self.redis, document).to_vec());
        let lifetime = self.lifetimes.open;
        if state.len() <= SMALL_STATE_BYTES {
            let small = (script, Lane::Bulk, BULK_DEADLINE);
            return self.run(small, &keys, asked, lifetime, (position.0, &state[..])).await;
        }
        let key = key_of_attempt(&self.redis, document, rand::random());
        self.leave(&key, &state, BULK_DEADLINE).await?;
        keys.push(key);
        let large = (script, Lane::Bulk, left(began));
        self.run(large, &keys, asked, lifetime, (position.0, state.len())).await
    }

    /// The large state of a document that was just opened.
    async fn large_state(&self, key: &str, bytes: usize, within: Duration) -> Result<Bytes, DocumentsError> {
        let mut get = redis::cmd("GET");
        get.arg(key);
        match self.redis.call(Lane::Bulk, within, &get).await? {
            Value::BulkString(state) if state.len() == bytes => Ok(state.into()),
            _ => Err(DocumentsError::Lost),
        }
    }

    /// Leaves a large state under a name of its own, from which a script takes it.
    async fn leave(&self, key: &str, state: &[u8], within: Duration) -> Result<(), Unavailable> {
        let mut set = redis::cmd("SET");
        set.arg(key).arg(state).arg("PX").arg(UNNAMED_STATE_MS);
        self.redis.call(Lane::Bulk, within, &set).await.map(drop)
    }
}

#[async_trait::async_trait]
impl Documents for RedisDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let (began, keys) = (Instant::now(), keys(&self.redis, document));
        let open = (&self.scripts.open, Lane::Bulk, BULK_DEADLINE);
        let said = self.run(open, &keys, generation, self.lifetimes.open, SMALL_STATE_BYTES).await?;
        let Opening { position, state, updates } = opening(said)?;
        let state = match state {
            State::None => None,
            State::Small(state) => Some(state),
            State::Large(bytes) => Some(self.large_state(&keys[1], bytes, left(began)).await?),
        };
        Ok(Opened { updates: state.into_iter().chain(updates).collect(), position })
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
        let (append, keys) = ((&self.scripts.append, lane, deadline), keys(&self.redis, document));
        let args = (after.0, &entry[..]);
        position(self.run(append, &keys, generation, self.lifetimes.open, args).await?)
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let compact = (&self.scripts.compact, through);
        self.run_with_state(compact, document, generation, state).await.map(drop)
    }

    async fn restore(
        &self,
        document: &DocumentKey,
        generation: Generation,
        above: Position,
        state: Bytes,
    ) -> Result<Position, DocumentsError> {
        position(self.run_with_state((&self.scripts.restore, above), document, generation, state).await?)
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        let keep = (&self.scripts.keep, Lane::Bulk, APPEND_DEADLINE);
        let keys = keys(&self.redis, document);
        self.run(keep, &keys, generation, self.lifetimes.open, at.0).await.map(drop)
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        let (script, lifetime) = match self.lifetimes.release {
            Release::Keep(lifetime) => (&self.scripts.keep, lifetime),
            Release::Drop(tombstone) => (&self.scripts.drop, tombstone),
        };
        let release = (script, Lane::Bulk, APPEND_DEADLINE);
        let keys = keys(&self.redis, document);
        self.run(release, &keys, generation, lifetime, Position(0).0).await.map(drop)
    }

    fn log_bounds(&self) -> LogBounds {
        LOG_BOUNDS
    }

    async fn interrupted(&self) {
        self.redis.interrupted().await;
    }
}

/// What is left of the time for a whole document.
fn left(began: Instant) -> Duration {
    BULK_DEADLINE.saturating_sub(began.elapsed())
}

fn check_bytes(what: &str, bytes: usize) -> Result<(), Unavailable> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    let cause = format_args!("{what} of {bytes} bytes is over the {BYTES_MAX} that are stored on redis");
    Err(Unavailable::new("documents", cause))
}
