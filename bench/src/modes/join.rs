//! Many sessions join a large document at once.

use crate::latency::Latencies;
use crate::measure::Phase;
use crate::modes::crowd::open_synced;
use crate::modes::feed::{History, feed};
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use crate::yjs::coverage::carried;
use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::path::PathBuf;
use tokio::time::{Duration, Instant, sleep};

/// Edits under way while the document is built.
const BUILD_WINDOW: usize = 256;
/// Between waves, and after building, so that each wave meets a server at rest.
const REST: Duration = Duration::from_secs(1);

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Join {
    /// Sessions that join at once
    #[arg(long, default_value_t = 100, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) joiners: usize,
    /// Single edits that the document is built from; the default gives a state of about 311 kB
    #[arg(long, default_value_t = 260_000)]
    pub(crate) edits: usize,
    /// Waves of joiners, one after the other
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) waves: u32,
    /// Gzipped recording to build the document from instead
    #[arg(long)]
    pub(crate) recording: Option<PathBuf>,
}

impl Default for Join {
    fn default() -> Self {
        Self { joiners: 100, edits: 260_000, waves: 5, recording: None }
    }
}

impl Task for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn parameters(&self) -> Value {
        json!({
            "joiners": self.joiners, "edits": self.edits, "waves": self.waves, "recording": self.recording,
        })
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

/// A session that has what it came for.
struct Joined {
    /// Held until the wave is over.
    _connection: Connection,
    taken: Duration,
    state: Vec<u8>,
}

/// What the waves found.
#[derive(Default)]
struct Waves {
    phases: Vec<Phase>,
    latency: Latencies,
    refusals: Refusals,
    joins: u64,
    wrong_states: u64,
    state_bytes: usize,
}

impl Join {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let history = History::load(self.recording.as_deref(), self.edits)?;
        let document = server.document(0);
        let mut writer = open_synced(server, &document, 0).await?;
        let mut reader = open_synced(server, &document, 0).await?;
        feed(&mut writer, &mut reader, &history, BUILD_WINDOW).await?;

        let mut waves = Waves::default();
        for _ in 0..self.waves {
            sleep(REST).await;
            let before = server.meter.read()?;
            let joined = join_all((0..self.joiners).map(|_| join(server, &document))).await;
            waves.phases.push(before.until(&server.meter.read()?));
            waves.count(joined, history.end.clock_end);
        }
        let (phase, joins) = (Phase::sum(&waves.phases), waves.joins);
        Ok(Run {
            complete: waves.refusals.count() == 0 && waves.wrong_states == 0,
            counts: json!({
                "joins": joins, "wrong_states": waves.wrong_states, "state_bytes": waves.state_bytes,
            }),
            derived: json!({
                "joins_per_second": rounded(joins as f64 / phase.wall_seconds),
                "cpu_ms_per_join": each(phase.server_cpu_seconds * 1e3, joins),
            }),
            phase,
            latency: waves.latency,
            refusals: waves.refusals,
        })
    }
}

impl Waves {
    /// Counts one wave, whose joiners should have been given `clocks` of the writer's.
    fn count(&mut self, wave: Vec<Result<Joined, Failure>>, clocks: u64) {
        for result in wave {
            match result {
                Ok(Joined { taken, state, .. }) => {
                    self.joins += 1;
                    self.latency.add(taken);
                    self.state_bytes = state.len();
                    let given = carried(&state).map(|carried| carried.clocks);
                    self.wrong_states += u64::from(given != Some(0..clocks));
                }
                Err(failure) => self.refusals.add(failure),
            }
        }
    }
}

async fn join(server: &Server, document: &str) -> Result<Joined, Failure> {
    let begun = Instant::now();
    let mut connection = Connection::open(&server.target, document, 0).await?;
    let mut state = Vec::new();
    let synced_at = connection.sync(|update| state.extend_from_slice(update)).await?;
    Ok(Joined { _connection: connection, taken: synced_at - begun, state })
}
