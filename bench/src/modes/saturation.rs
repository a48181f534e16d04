//! One writer as fast as its window allows.

use crate::modes::audience::{Audience, Tally};
use crate::modes::crowd::open_each;
use crate::modes::{ModeError, Running, Task};
use crate::report::{Run, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Saturation {
    /// Sessions of the one document: a writer, and readers
    #[arg(long, default_value_t = 50, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(2..))]
    pub(crate) sessions: usize,
    /// Seconds that are measured
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// Seconds of the same beforehand that are not
    #[arg(long, default_value_t = 2)]
    pub(crate) warmup: u64,
    /// Updates that the first reader may not have seen yet
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) window: u64,
}

impl Default for Saturation {
    fn default() -> Self {
        Self { sessions: 50, seconds: 5, warmup: 2, window: 32 }
    }
}

impl Task for Saturation {
    fn name(&self) -> &'static str {
        "saturation"
    }

    fn parameters(&self) -> Value {
        json!({
            "sessions": self.sessions, "seconds": self.seconds, "warmup": self.warmup, "window": self.window,
        })
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

impl Saturation {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let mut sessions = Vec::new();
        let opened = open_each(server, self.sessions, |_| server.document(0), |c| sessions.push(c)).await;
        let mut writer = sessions.pop().ok_or_else(|| ModeError::NoSession(opened.refusals.clone()))?;
        let audience = Audience::seat(sessions);
        self.write(&mut writer, &audience, self.warmup).await?;
        audience.settle(&mut writer).await?;
        audience.reset();

        let sent_before = audience.sent();
        let before = server.meter.read()?;
        self.write(&mut writer, &audience, self.seconds).await?;
        let updates = audience.sent() - sent_before;
        audience.settle(&mut writer).await?;
        let phase = before.until(&server.meter.read()?);

        let Tally { deliveries, lost, missing, latency, mut refusals } = audience.tally();
        refusals.add_all(opened.refusals);
        Ok(Run {
            complete: refusals.count() == 0 && missing == 0 && lost == 0,
            counts: json!({"updates": updates, "deliveries": deliveries, "missing": missing, "lost": lost}),
            derived: json!({
                "updates_per_second": rounded(updates as f64 / phase.wall_seconds),
                "deliveries_per_second": rounded(deliveries as f64 / phase.wall_seconds),
                "cpu_micros_per_update": micros_each(phase.server_cpu_seconds, updates),
                "cpu_micros_per_delivery": micros_each(phase.server_cpu_seconds, deliveries),
            }),
            phase,
            latency,
            refusals,
        })
    }

    async fn write(&self, writer: &mut Connection, audience: &Audience, seconds: u64) -> Result<(), Failure> {
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            while audience.in_flight() < self.window {
                audience.send(writer);
            }
            tokio::select! {
                received = writer.receive(|_, _| {}) => received?,
                () = audience.first_moved() => {}
                () = sleep_until(until) => {}
            }
        }
        writer.flush().await
    }
}
