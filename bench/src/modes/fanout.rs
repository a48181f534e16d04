//! One paced writer, many readers.

use crate::latency::Latencies;
use crate::modes::audience::{Audience, Tally, attend};
use crate::modes::crowd::open_each;
use crate::modes::pace::Pace;
use crate::modes::{ModeError, Running, Task};
use crate::report::{Run, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use clap::Args;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Fanout {
    /// Sessions of the one document: a writer, and readers
    #[arg(long, default_value_t = 200, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(2..))]
    pub(crate) sessions: usize,
    /// Updates a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rate: u64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Seconds of the same beforehand that are not
    #[arg(long, default_value_t = 2)]
    pub(crate) warmup: u64,
}

impl Default for Fanout {
    fn default() -> Self {
        Self { sessions: 200, rate: 50, seconds: 10, warmup: 2 }
    }
}

impl Task for Fanout {
    fn name(&self) -> &'static str {
        "fanout"
    }

    fn parameters(&self) -> Value {
        json!({"sessions": self.sessions, "rate": self.rate, "seconds": self.seconds, "warmup": self.warmup})
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

impl Fanout {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let mut sessions = Vec::new();
        let opened = open_each(server, self.sessions, |_| server.document(0), |c| sessions.push(c)).await;
        let mut writer = sessions.pop().ok_or_else(|| ModeError::NoSession(opened.refusals.clone()))?;
        let readers = sessions.len() as u64;
        let audience = Audience::seat(sessions);
        self.write(&mut writer, &audience, self.rate * self.warmup).await?;
        audience.settle(&mut writer).await?;
        audience.reset();

        let updates = self.rate * self.seconds;
        let before = server.meter.read()?;
        let lateness = self.write(&mut writer, &audience, updates).await?;
        audience.settle(&mut writer).await?;
        let phase = before.until(&server.meter.read()?);

        let Tally { deliveries, lost, missing, latency, mut refusals } = audience.tally();
        refusals.add_all(opened.refusals);
        Ok(Run {
            complete: refusals.count() == 0 && missing == 0 && lost == 0,
            counts: json!({
                "readers": readers, "updates": updates, "deliveries": deliveries, "missing": missing, "lost": lost,
            }),
            derived: json!({
                "deliveries_per_second": rounded(deliveries as f64 / phase.wall_seconds),
                "cpu_micros_per_delivery": micros_each(phase.server_cpu_seconds, deliveries),
                "writer_late_ms_max": lateness.to_json()["max"],
            }),
            phase,
            latency,
            refusals,
        })
    }

    /// Writes on the beat, and tells how late the generator itself was.
    async fn write(
        &self,
        writer: &mut Connection,
        audience: &Audience,
        updates: u64,
    ) -> Result<Latencies, Failure> {
        let pace = Pace::new(Instant::now(), self.rate as f64);
        let mut lateness = Latencies::default();
        for n in 0..updates {
            attend(writer, pace.due(n)).await?;
            lateness.add(pace.due(n).elapsed());
            audience.send(writer);
            writer.flush().await?;
        }
        Ok(lateness)
    }
}
