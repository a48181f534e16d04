use super::*;
use domain::ids::{AppId, AppKey, DocumentName, TenantId};
use domain::metering::{AppUsage, Histogram};
use domain::ports::{Resolution, UsageLog, Writer};
use futures_util::FutureExt;
use stores::memory::MemoryUsageLog;
use stores::system::TurnedClock;

const HOUR_MS: u64 = 60 * 60 * 1000;
/// An hour's beginning.
const HOUR: u64 = 472_222;

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

struct Counted {
    log: Arc<MemoryUsageLog>,
    recorder: Arc<Recorder>,
    tallied: Arc<Tallied>,
    clock: Arc<TurnedClock>,
    tally: Tally,
}

impl Counted {
    /// A tally that begins so long before an hour's end.
    fn before_the_hour(ends_in_ms: u64) -> Self {
        let log = Arc::new(MemoryUsageLog::new());
        let recorder = Arc::new(Recorder::new(Writer(1), log.clone()));
        let tallied = Tallied::into_recorder(Arc::clone(&recorder));
        let clock = Arc::new(TurnedClock::new((HOUR + 1) * HOUR_MS - ends_in_ms));
        let document = Arc::new(DocumentKey { app: app(), name: DocumentName::parse("d").unwrap() });
        let tally = Tally::new(Some(Arc::clone(&tallied)), clock.clone(), document);
        Self { log, recorder, tallied, clock, tally }
    }

    /// A turn of so many ops, which take so long to be stored.
    fn turn(&mut self, ops: u64, takes: Duration) {
        for _ in 0..ops {
            self.tally.taken(self.clock.monotonic());
            self.tally.applied();
        }
        self.clock.advance(takes);
        self.tally.stored(self.clock.monotonic());
        self.tally.turn_ends(self.clock.monotonic());
    }

    /// What was handed over, by hours after [`HOUR`].
    fn recorded(&self) -> Vec<(u64, AppUsage)> {
        self.recorder.flush(self.clock.unix_ms()).now_or_never().expect("memory answers at once");
        let read = self.log.read(&app(), Hour(0), Hour(u64::MAX), Resolution::Hours).now_or_never();
        let spans = read.expect("memory answers at once").unwrap();
        spans.into_iter().map(|(span, usage)| (span.from.0 - HOUR, usage)).collect()
    }

    fn ops(&self) -> Vec<(u64, u64)> {
        let recorded = self.recorded().into_iter();
        recorded.map(|(hour, usage)| (hour, usage.of(Endpoint::Ops).requests)).collect()
    }
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn an_op_that_is_stored_before_an_hours_end_is_of_that_hour_and_one_at_its_end_of_the_next() {
    let mut counted = Counted::before_the_hour(10);
    counted.turn(3, 9 * MS);
    counted.turn(4, MS);
    counted.turn(5, MS);
    counted.tally.push();
    assert_eq!(counted.ops(), [(0, 3), (1, 9)]);
}

#[test]
fn what_an_hour_counted_is_handed_over_at_its_end_at_the_latest() {
    let mut counted = Counted::before_the_hour(10);
    counted.turn(3, MS);
    assert_eq!(counted.tally.due(), Some(10 * MS));
    counted.clock.advance(9 * MS);
    counted.tally.turn_ends(counted.clock.monotonic());
    assert_eq!((counted.ops(), counted.tally.due()), (vec![(0, 3)], None));
}

#[test]
fn counts_are_handed_over_once_they_are_old_enough_or_dropped() {
    let mut counted = Counted::before_the_hour(HOUR_MS / 2);
    counted.turn(1, MS);
    assert_eq!(counted.tally.due(), Some(MS + TALLIED_FOR));
    counted.clock.advance(TALLIED_FOR - 2 * MS);
    counted.turn(1, MS);
    assert_eq!(counted.ops(), []);
    counted.turn(1, MS);
    assert_eq!(counted.ops(), [(0, 3)]);
    counted.turn(1, MS);
    assert_eq!(counted.tallied.tallying(), 1);
    let Counted { recorder, tallied, tally, .. } = counted;
    drop(tally);
    assert_eq!((recorder.meter().unwritten(), tallied.tallying()), (1, 0));
}

#[test]
fn an_ops_latency_is_from_the_queue_to_the_store() {
    let mut counted = Counted::before_the_hour(HOUR_MS);
    counted.tally.taken(counted.clock.monotonic());
    counted.clock.advance(3 * MS);
    counted.turn(2, 4 * MS);
    counted.turn(1, MS);
    counted.tally.push();
    let usage = counted.recorded().remove(0).1;
    let ops = usage.of(Endpoint::Ops);
    let mut histogram = Histogram::default();
    histogram.note(7_000, 2);
    histogram.note(1_000, 1);
    assert_eq!((ops.latency_us, ops.histogram), (15_000, histogram));
}

#[test]
fn refused_ops_are_requests_and_errors_by_their_close_code() {
    let mut counted = Counted::before_the_hour(HOUR_MS);
    counted.turn(1, MS);
    counted.tally.refused(&CloseReason::OpsExceeded { limit: 1 }, counted.clock.monotonic());
    (0..2).for_each(|_| counted.tally.applied());
    counted.tally.not_stored(&CloseReason::TryAgainLater, counted.clock.monotonic());
    counted.tally.push();
    let usage = counted.recorded().remove(0).1;
    let ops = usage.of(Endpoint::Ops);
    let refused: Vec<_> = ops.refused.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!((ops.requests, refused), (4, vec![("1013", 2), ("4006", 1)]));
}

#[test]
fn without_a_recorder_nothing_is_kept() {
    let Counted { clock, tally, .. } = Counted::before_the_hour(HOUR_MS);
    let mut tally = Tally::new(None, clock.clone(), Arc::clone(&tally.document));
    tally.applied();
    tally.stored(clock.monotonic());
    tally.push();
    assert!(tally.counts.is_empty());
}
