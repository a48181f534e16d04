use super::*;
use crate::calendar::Day;
use crate::ids::{AppId, TenantId};
use crate::metering::AppUsage;
use crate::ports::{Resolution, Span, UsageAdd, UsageStanding};
use futures_util::FutureExt;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// A log that answers so many additions, and no other until it is let.
#[derive(Default)]
struct Reluctant {
    answers: Mutex<usize>,
    taken: Mutex<BTreeSet<AppKey>>,
}

#[async_trait::async_trait]
impl UsageLog for Reluctant {
    async fn add(&self, _: Writer, _: u64, add: &UsageAdd) -> Result<(), Unavailable> {
        let left = self.answers.lock().unwrap().checked_sub(1);
        match left {
            Some(left) => *self.answers.lock().unwrap() = left,
            None => future::pending().await,
        }
        self.taken.lock().unwrap().insert(add.app.clone());
        Ok(())
    }

    async fn read(
        &self,
        _: &AppKey,
        _: Hour,
        _: Hour,
        _: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        Ok(vec![])
    }

    async fn apps(&self, _: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        Ok(vec![])
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        Ok(vec![])
    }

    async fn roll_up(&self, _: &AppKey, _: Day) -> Result<(), Unavailable> {
        Ok(())
    }
}

const APPS: usize = 3_000;

fn count_all(recorder: &Recorder) {
    for n in 0..APPS {
        let (tenant, app) = (TenantId::parse(&format!("t{}", n % 10)), AppId::parse(&format!("a{n}")));
        let app = AppKey { tenant: tenant.unwrap(), app: app.unwrap() };
        recorder.count(&app, Endpoint::Ops, None, Duration::ZERO, 5);
    }
}

/// A flush that is given up once the log answers no more.
fn flush(recorder: &Recorder, log: &Reluctant, answers: usize) {
    *log.answers.lock().unwrap() = answers;
    let _ = recorder.flush(5).now_or_never();
}

#[test]
fn a_flush_that_is_given_up_leaves_what_it_has_written_in_the_sums() {
    let log = Arc::new(Reluctant::default());
    let recorder = Recorder::new(Writer(1), log.clone());
    count_all(&recorder);
    let before = recorder.meter().written();
    flush(&recorder, &log, 1_700);
    let flushed = recorder.flushed_since(before, None);
    assert_eq!((flushed.additions, flushed.requests, flushed.ops), (1_700, 1_700, 1_700));
    assert_eq!((flushed.unwritten, flushed.lost), (APPS as u64 - 1_700, 0));
}

#[test]
fn a_log_that_never_takes_all_has_everybody_in_turn() {
    let log = Arc::new(Reluctant::default());
    let recorder = Recorder::new(Writer(1), log.clone());
    for _ in 0..40 {
        count_all(&recorder);
        flush(&recorder, &log, 300);
    }
    assert_eq!(log.taken.lock().unwrap().len(), APPS);
}

#[test]
fn it_is_known_how_long_the_oldest_has_waited() {
    let log = Arc::new(Reluctant::default());
    let recorder = Recorder::new(Writer(1), log.clone());
    let behind_s = |now_s: u64| recorder.behind(now_s * 1000).as_secs();
    count_all(&recorder);
    assert_eq!(behind_s(60), 0, "nobody has tried");
    recorder.flush(60_000).now_or_never();
    assert_eq!((behind_s(60), behind_s(90)), (0, 30));
    *log.answers.lock().unwrap() = usize::MAX;
    recorder.flush(120_000).now_or_never().unwrap();
    recorder.flush(180_000).now_or_never().unwrap();
    assert_eq!(behind_s(200), 0, "all is written");
    count_all(&recorder);
    assert_eq!(behind_s(200), 20);
}
