//! Memory of connections that say nothing.

use crate::modes::crowd::{Opened, hold, open_each, open_synced};
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, each, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long a server that has just lost its warm-up connection may take to come to rest.
const REST: Duration = Duration::from_secs(1);

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Idle {
    /// Connections
    #[arg(long, default_value_t = 10_000)]
    pub(crate) connections: usize,
    /// Documents that they are spread over
    #[arg(long, default_value_t = 1, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) documents: usize,
    /// Seconds of silence before memory is read
    #[arg(long, default_value_t = 5)]
    pub(crate) settle: u64,
}

impl Default for Idle {
    fn default() -> Self {
        Self { connections: 10_000, documents: 1, settle: 5 }
    }
}

impl Task for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn parameters(&self) -> Value {
        json!({"connections": self.connections, "documents": self.documents, "settle": self.settle})
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

impl Idle {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        open_synced(server, &server.document(self.documents), 0).await?.close().await?;
        sleep(REST).await;
        let empty = server.meter.read()?;
        let mut held = JoinSet::new();
        let document = |n| server.document(n % self.documents);
        let keep = |mut connection: Connection| {
            held.spawn_local(async move { hold(&mut connection).await });
        };
        let Opened { latency, mut refusals } = open_each(server, self.connections, document, keep).await;
        let open = server.meter.read()?;
        sleep(Duration::from_secs(self.settle)).await;
        let settled = server.meter.read()?;
        let ended = ended(&mut held);
        let ended_count = ended.count();
        refusals.add_all(ended);
        let opened = self.connections as u64 - (refusals.count() - ended_count);
        let grown_kib = settled.rss_kib as f64 - empty.rss_kib as f64;
        let connecting = empty.until(&open);
        Ok(Run {
            complete: refusals.count() == 0,
            counts: json!({"handshakes": opened, "open_at_end": opened - ended_count}),
            derived: json!({
                "kib_per_connection": each(grown_kib, opened - ended_count),
                "cpu_micros_per_handshake": micros_each(connecting.server_cpu_seconds, opened),
                "handshakes_per_second": rounded(opened as f64 / connecting.wall_seconds),
                "cpu_seconds_while_idle": rounded(open.until(&settled).server_cpu_seconds),
            }),
            phase: empty.until(&settled),
            latency,
            refusals,
        })
    }
}

fn ended(held: &mut JoinSet<Failure>) -> Refusals {
    let mut ended = Refusals::default();
    while let Some(result) = held.try_join_next() {
        // A task is neither aborted nor panics before this.
        result.into_iter().for_each(|failure| ended.add(failure));
    }
    ended
}
