//! A long history of single edits, written by one session and read by another.

use crate::modes::crowd::open_synced;
use crate::modes::feed::{Fed, History, feed};
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use crate::yjs::coverage::carried;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Trace {
    /// Edits, each an update of its own; a recording may have fewer
    #[arg(long, default_value_t = 259_778)]
    pub(crate) edits: usize,
    /// Edits that the reader may not have seen yet
    #[arg(long, default_value_t = 256, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) window: usize,
    /// Gzipped recording to replay instead of a made-up history
    #[arg(long)]
    pub(crate) recording: Option<PathBuf>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { edits: 259_778, window: 256, recording: None }
    }
}

impl Task for Trace {
    fn name(&self) -> &'static str {
        "trace"
    }

    fn parameters(&self) -> Value {
        json!({"edits": self.edits, "window": self.window, "recording": self.recording})
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

impl Trace {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let history = History::load(self.recording.as_deref(), self.edits)?;
        let document = server.document(0);
        let mut writer = open_synced(server, &document, 0).await?;
        let mut reader = open_synced(server, &document, 0).await?;
        let before = server.meter.read()?;
        let Fed { progress, latency } = feed(&mut writer, &mut reader, &history, self.window).await?;
        let phase = before.until(&server.meter.read()?);

        let (state_bytes, kept) = state(server, &document).await?;
        let updates = history.edits() as u64;
        Ok(Run {
            complete: progress == history.end && kept == Some(history.end.clock_end),
            counts: json!({"updates": updates, "lost": progress.lost, "state_bytes": state_bytes}),
            derived: json!({
                "updates_per_second": rounded(updates as f64 / phase.wall_seconds),
                "cpu_micros_per_update": micros_each(phase.server_cpu_seconds, updates),
            }),
            phase,
            latency,
            refusals: Refusals::default(),
        })
    }
}

/// What a third session is given: bytes of the document's state, and the writer's clocks in it.
async fn state(server: &Server, document: &str) -> Result<(usize, Option<u64>), Failure> {
    let mut joiner = Connection::open(&server.target, document, 0).await?;
    let mut state = (0, None);
    joiner.sync(|update| state = (update.len(), carried(update).map(|c| c.clocks.end))).await?;
    Ok(state)
}
