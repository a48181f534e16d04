//! Handshakes of an app that is full.

use crate::latency::Latencies;
use crate::modes::crowd::{hold, open_synced};
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, micros_each, rounded};
use crate::server::{Plan, Server};
use crate::wire::connection::{Connection, Failure};
use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Close code of an app at its `maxConnections`.
const CONNECTIONS_FULL: u16 = 4004;
/// HTTP status of an attempt past the bound of held refusals.
const TOO_MANY_REQUESTS: u16 = 429;

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Refused {
    /// Clients that try at once, each again as soon as it is refused
    #[arg(long, default_value_t = 512, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) concurrency: usize,
    /// Seconds that are measured
    #[arg(long, default_value_t = 15)]
    pub(crate) seconds: u64,
}

impl Default for Refused {
    fn default() -> Self {
        Self { concurrency: 512, seconds: 15 }
    }
}

impl Task for Refused {
    fn name(&self) -> &'static str {
        "refused"
    }

    fn parameters(&self) -> Value {
        json!({"concurrency": self.concurrency, "seconds": self.seconds})
    }

    fn plan(&self) -> Plan {
        Plan::OneConnection
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

/// What one client met.
#[derive(Default)]
struct Met {
    latency: Latencies,
    refusals: Refusals,
    admitted: u64,
}

impl Refused {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        // The one session that the app may have.
        let mut holder = open_synced(server, &server.document(0), 0).await?;
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let before = server.meter.read()?;
        let clients = join_all((0..self.concurrency).map(|n| insist(server, n, until)));
        let met = tokio::select! {
            met = clients => met,
            failure = hold(&mut holder) => return Err(failure.into()),
        };
        let phase = before.until(&server.meter.read()?);
        let mut all = Met::default();
        for met in met {
            all.latency.add_all(&met.latency);
            all.refusals.add_all(met.refusals);
            all.admitted += met.admitted;
        }
        let by_code = all.refusals.count_if(|f| matches!(f, Failure::Closed(CONNECTIONS_FULL, _)));
        let by_status = all.refusals.count_if(|f| *f == Failure::Http(TOO_MANY_REQUESTS));
        let attempts = all.refusals.count();
        Ok(Run {
            complete: all.admitted == 0 && by_code + by_status == attempts && attempts > 0,
            counts: json!({
                "refused": attempts, "by_close_4004": by_code, "by_http_429": by_status, "admitted": all.admitted,
            }),
            derived: json!({
                "refusals_per_second": rounded(attempts as f64 / phase.wall_seconds),
                "cpu_micros_per_refusal": micros_each(phase.server_cpu_seconds, attempts),
            }),
            phase,
            latency: all.latency,
            refusals: all.refusals,
        })
    }
}

/// Tries again and again, as a stock client in a tight loop would. An attempt under way at the end is
/// waited for.
async fn insist(server: &Server, document: usize, until: Instant) -> Met {
    let mut met = Met::default();
    while Instant::now() < until {
        let begun = Instant::now();
        match attempt(server, document).await {
            Ok(()) => met.admitted += 1,
            Err(failure) => {
                met.latency.add(begun.elapsed());
                met.refusals.add(failure);
            }
        }
    }
    met
}

async fn attempt(server: &Server, document: usize) -> Result<(), Failure> {
    let mut connection = Connection::open(&server.target, &server.document(document), 0).await?;
    connection.sync(|_| {}).await.map(drop)
}
