//! Many documents, each with a paced writer and a reader: what storing an update before showing it costs.

use crate::latency::Latencies;
use crate::modes::audience::{Audience, Tally, attend};
use crate::modes::crowd::open_synced;
use crate::modes::pace::Pace;
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use clap::Args;
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Documents that are opened at once.
const OPENING_MAX: usize = 32;

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Spread {
    /// Documents
    #[arg(long, default_value_t = 100, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) documents: usize,
    /// Updates a second, of all documents together
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rate: u64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Seconds of the same beforehand that are not
    #[arg(long, default_value_t = 2)]
    pub(crate) warmup: u64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { documents: 100, rate: 1000, seconds: 10, warmup: 2 }
    }
}

/// A document's writer and its one reader.
struct Couple {
    writer: Connection,
    audience: Audience,
}

impl Task for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    fn parameters(&self) -> Value {
        json!({
            "documents": self.documents, "rate": self.rate, "seconds": self.seconds, "warmup": self.warmup,
        })
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

impl Spread {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let (mut couples, refusals) = self.open(server).await?;
        self.write(&mut couples, self.warmup).await?;
        couples.iter().for_each(|couple| couple.audience.reset());
        let before = server.meter.read()?;
        let updates = self.write(&mut couples, self.seconds).await?;
        let phase = before.until(&server.meter.read()?);
        let Tally { deliveries, lost, missing, latency, refusals } = tally(&couples, refusals);
        Ok(Run {
            complete: refusals.count() == 0 && missing == 0 && lost == 0,
            counts: json!({
                "documents": couples.len(), "updates": updates, "deliveries": deliveries,
                "missing": missing, "lost": lost,
            }),
            derived: json!({
                "deliveries_per_second": rounded(deliveries as f64 / phase.wall_seconds),
                "cpu_micros_per_delivery": micros_each(phase.server_cpu_seconds, deliveries),
            }),
            phase,
            latency,
            refusals,
        })
    }

    async fn open(&self, server: &Server) -> Result<(Vec<Couple>, Refusals), ModeError> {
        let opening = (0..self.documents).map(|n| async move {
            let document = server.document(n);
            let writer = open_synced(server, &document, 2 * n).await?;
            let reader = open_synced(server, &document, 2 * n + 1).await?;
            Ok::<_, Failure>(Couple { writer, audience: Audience::seat(vec![reader]) })
        });
        let (mut couples, mut refusals) = (Vec::new(), Refusals::default());
        let mut opened = stream::iter(opening).buffer_unordered(OPENING_MAX);
        while let Some(couple) = opened.next().await {
            match couple {
                Ok(couple) => couples.push(couple),
                Err(failure) => refusals.add(failure),
            }
        }
        if couples.is_empty() { Err(ModeError::NoSession(refusals)) } else { Ok((couples, refusals)) }
    }

    /// All write on their beat, staggered over it, until each reader has all. Returns how many updates that were.
    async fn write(&self, couples: &mut [Couple], seconds: u64) -> Result<u64, Failure> {
        let (begin, count) = (Instant::now(), couples.len());
        let each = self.rate as f64 / count as f64;
        let updates = (each * seconds as f64).round() as u64;
        let writing = couples.iter_mut().enumerate().map(|(n, couple)| {
            let staggered = Duration::from_secs_f64(n as f64 / self.rate as f64);
            couple.write(Pace::new(begin + staggered, each), updates)
        });
        for written in join_all(writing).await {
            written?;
        }
        Ok(updates * count as u64)
    }
}

impl Couple {
    async fn write(&mut self, pace: Pace, updates: u64) -> Result<(), Failure> {
        for n in 0..updates {
            attend(&mut self.writer, pace.due(n)).await?;
            self.audience.send(&mut self.writer);
            self.writer.flush().await?;
        }
        self.audience.settle(&mut self.writer).await
    }
}

fn tally(couples: &[Couple], refusals: Refusals) -> Tally {
    let none = Tally { deliveries: 0, lost: 0, missing: 0, latency: Latencies::default(), refusals };
    couples.iter().map(|couple| couple.audience.tally()).fold(none, |mut all, one| {
        all.deliveries += one.deliveries;
        all.lost += one.lost;
        all.missing += one.missing;
        all.latency.add_all(&one.latency);
        all.refusals.add_all(one.refusals);
        all
    })
}
