//! Whatever goes wrong between a process and the usage log, what it counted is added once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::calendar::{Day, Hour};
use domain::clock::Entropy;
use domain::ids::{AppId, AppKey, TenantId};
use domain::ledger::Totals;
use domain::metering::{AppUsage, Endpoint, Reason, Recorder};
use domain::ports::{Resolution, UsageLog, Writer};
use servers::dynoxide::Dynoxide;
use servers::lossy::Lossy;
use std::sync::Arc;
use std::time::Duration;
use stores::disk::DiskUsage;
use stores::dynamo::ATTEMPTS_MAX;
use stores::faults::{FaultPlan, Faults};
use stores::memory::MemoryUsageLog;
use stores::system::SeededEntropy;

const DAY: Day = Day(20_000);
const HOUR_MS: u64 = 60 * 60 * 1000;
const PROCESSES: u64 = 3;
const APPS: u64 = 2;

fn app(nth: u64) -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(&nth.to_string()).unwrap() }
}

/// Some processes that count over two days, and what they have counted of each app.
struct Counting {
    processes: Vec<Recorder>,
    counted: Vec<AppUsage>,
    chance: SeededEntropy,
    now_unix_ms: u64,
}

impl Counting {
    fn new(log: &Arc<dyn UsageLog>, seed: u64) -> Self {
        let processes = (0..PROCESSES).map(|nth| Recorder::new(Writer(nth), Arc::clone(log))).collect();
        Self {
            processes,
            counted: vec![AppUsage::default(); APPS as usize],
            chance: SeededEntropy::new(seed),
            now_unix_ms: DAY.first_hour().starts_unix_s() * 1000,
        }
    }

    fn draw(&self, below: u64) -> u64 {
        self.chance.next_u64() % below
    }

    /// Something happens in one of them.
    fn count(&mut self) {
        let (process, nth) = (&self.processes[self.draw(PROCESSES) as usize], self.draw(APPS));
        let took = Duration::from_micros(self.draw(1_000_000));
        let endpoint = Endpoint::ALL[self.draw(4) as usize];
        let reason = (self.draw(3) == 0).then(|| Reason::parse("4004").unwrap());
        let counted = &mut self.counted[nth as usize];
        let totals = Totals { connections: self.chance.next_u64() % 50, documents: 1 };
        process.count(&app(nth), endpoint, reason.clone(), took, self.now_unix_ms);
        process.meter().saw(&app(nth), Hour::of_unix_ms(self.now_unix_ms), totals);
        match reason {
            Some(reason) => counted.of_mut(endpoint).refused(reason, took),
            None => counted.of_mut(endpoint).answered(1, took),
        }
        let levels = &mut counted.levels;
        levels.connections_peak = levels.connections_peak.max(totals.connections);
        levels.documents_peak = 1;
    }

    async fn flush(&self) -> u64 {
        let mut unwritten = 0;
        for process in &self.processes {
            unwritten += process.flush(self.now_unix_ms).await.unwritten;
        }
        unwritten
    }

    /// Counts for two days, and flushes until all is written down.
    async fn run(&mut self, rounds: u64) {
        for _ in 0..rounds {
            for _ in 0..self.draw(5) {
                self.count();
            }
            self.flush().await;
            self.now_unix_ms += 48 * HOUR_MS / rounds;
        }
        while self.flush().await > 0 {}
    }
}

/// Counts, rolls up and reads through `faulty`, and compares with what `real` has.
async fn is_exact(faulty: Arc<dyn UsageLog>, real: &dyn UsageLog, rounds: u64, seed: u64) {
    let mut counting = Counting::new(&faulty, seed);
    counting.run(rounds).await;
    let (from, to) = (DAY.first_hour(), DAY.plus(3).first_hour());
    for (nth, counted) in (0..).zip(&counting.counted) {
        for before in [1, 3, 2] {
            while faulty.roll_up(&app(nth), DAY.plus(before)).await.is_err() {}
        }
        for resolution in [Resolution::Hours, Resolution::Days] {
            let mut sum = AppUsage::default();
            let spans = real.read(&app(nth), from, to, resolution).await.unwrap();
            assert!(resolution == Resolution::Hours || spans.iter().all(|(span, _)| span.hours == 24));
            spans.iter().for_each(|(_, usage)| sum.add(usage));
            assert_eq!(&sum, counted, "app {nth} by {resolution:?} with seed {seed}");
        }
    }
}

fn without_delays() -> FaultPlan {
    FaultPlan { delay: 0.0, ..FaultPlan::rough() }
}

#[tokio::test(start_paused = true)]
async fn on_bad_days_memory_counts_exactly() {
    for seed in 0..30 {
        let log = Arc::new(MemoryUsageLog::new());
        let faults = Faults::new(FaultPlan::rough(), seed);
        is_exact(Arc::new(faults.wrap(log.clone())), &*log, 60, seed).await;
        assert!(faults.injected() > 0, "{faults}");
    }
}

#[tokio::test]
async fn on_bad_days_a_disk_counts_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(DiskUsage::open(folder.path()).unwrap());
    let faults = Faults::new(without_delays(), 1);
    is_exact(Arc::new(faults.wrap(log.clone())), &*log, 20, 1).await;
    assert!(faults.injected() > 0, "{faults}");
}

#[tokio::test]
async fn on_bad_days_dynamodb_counts_exactly() {
    let (_server, usage) = Dynoxide::with_usage().await;
    let faults = Faults::new(without_delays(), 2);
    is_exact(Arc::new(faults.wrap(usage.log())), &*usage.log(), 16, 2).await;
    assert!(faults.injected() > 0, "{faults}");
}

#[tokio::test]
async fn additions_whose_replies_the_wire_loses_are_made_once() {
    for losses in [1, ATTEMPTS_MAX] {
        let (server, usage) = Dynoxide::with_usage().await;
        let wire = Lossy::start(server.endpoint(), losses).await;
        let lossily = servers::usage(wire.endpoint(), "usage").log();
        is_exact(lossily, &*usage.log(), 4, u64::from(losses)).await;
        assert!(wire.lost() > 0);
    }
}
