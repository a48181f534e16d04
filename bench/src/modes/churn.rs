//! Open, sync, close, over and over.

use crate::latency::Latencies;
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Churn {
    /// Sessions at any moment
    #[arg(long, default_value_t = 64, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) concurrency: usize,
    /// Handshakes that are measured
    #[arg(long, default_value_t = 20_000)]
    pub(crate) handshakes: usize,
    /// Handshakes beforehand that are not
    #[arg(long, default_value_t = 4_000)]
    pub(crate) warmup: usize,
    /// Documents that they take in turn
    #[arg(long, default_value_t = 64, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) documents: usize,
}

impl Default for Churn {
    fn default() -> Self {
        Self { concurrency: 64, handshakes: 20_000, warmup: 4_000, documents: 64 }
    }
}

impl Task for Churn {
    fn name(&self) -> &'static str {
        "churn"
    }

    fn parameters(&self) -> Value {
        json!({
            "concurrency": self.concurrency,
            "handshakes": self.handshakes,
            "warmup": self.warmup,
            "documents": self.documents,
        })
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

impl Churn {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let (_, warmup_refusals) = self.churn(server, self.warmup).await;
        let before = server.meter.read()?;
        let (latency, mut refusals) = self.churn(server, self.handshakes).await;
        let phase = before.until(&server.meter.read()?);
        let handshakes = self.handshakes as u64 - refusals.count();
        refusals.add_all(warmup_refusals);
        let grown_kib = phase.rss_after_kib as i64 - phase.rss_before_kib as i64;
        Ok(Run {
            complete: refusals.count() == 0,
            counts: json!({"handshakes": handshakes}),
            derived: json!({
                "handshakes_per_second": rounded(handshakes as f64 / phase.wall_seconds),
                "cpu_micros_per_handshake": micros_each(phase.server_cpu_seconds, handshakes),
                "rss_growth_kib": grown_kib,
            }),
            phase,
            latency,
            refusals,
        })
    }

    async fn churn(&self, server: &Server, handshakes: usize) -> (Latencies, Refusals) {
        let (mut latency, mut refusals) = (Latencies::default(), Refusals::default());
        let sessions = (0..handshakes).map(|n| come_and_go(server, n % self.documents));
        let mut results = stream::iter(sessions).buffer_unordered(self.concurrency);
        while let Some(result) = results.next().await {
            match result {
                Ok(taken) => latency.add(taken),
                Err(failure) => refusals.add(failure),
            }
        }
        (latency, refusals)
    }
}

/// One session; how long it took from `connect` to the whole of step 2.
async fn come_and_go(server: &Server, document: usize) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let mut connection = Connection::open(&server.target, &server.document(document), 0).await?;
    let synced_at = connection.sync(|_| {}).await?;
    connection.close().await?;
    Ok(synced_at - begun)
}
