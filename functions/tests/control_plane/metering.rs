//! What requests count as, for whom.

use crate::broken::Broken;
use crate::house::{Ask, FAR_TOKEN, House, NOW_UNIX_MS, TOKEN};
use axum::http::Method;
use domain::calendar::Hour;
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::{AppUsage, Endpoint, Recorder};
use domain::ports::{NodeState, Resolution, UsageLog, Writer};
use functions::FlushAfter;
use std::sync::Arc;
use std::time::Duration;
use stores::memory::MemoryUsageLog;
use stores::system::TurnedClock;
use tower::{Layer, Service, ServiceExt, service_fn};

struct Metered {
    house: House,
    recorder: Arc<Recorder>,
    log: Arc<MemoryUsageLog>,
}

impl Metered {
    fn new() -> Self {
        let log = Arc::new(MemoryUsageLog::new());
        let recorder = Arc::new(Recorder::new(Writer(7), log.clone()));
        let house = House::with(|plane| plane.metering = Some(recorder.clone()));
        Self { house, recorder, log }
    }

    /// What was counted of an app of the tenant `t`.
    async fn usage(&self, app: &str) -> AppUsage {
        self.recorder.flush(NOW_UNIX_MS).await;
        written(&*self.log, app).await
    }
}

async fn written(log: &dyn UsageLog, app: &str) -> AppUsage {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(app).unwrap() };
    let hour = Hour::of_unix_ms(NOW_UNIX_MS);
    let mut total = AppUsage::default();
    log.read(&app, hour, hour.plus(1), Resolution::Hours)
        .await
        .unwrap()
        .iter()
        .for_each(|(_, usage)| total.add(usage));
    total
}

#[tokio::test]
async fn requests_count_for_the_app_that_asks_with_what_came_of_them() {
    let metered = Metered::new();
    metered.house.home.announce("near", "eu-central-1", NodeState::Up).await;
    metered.house.get("/discovery?documentName=d").await;
    metered.house.get("/discovery").await;
    metered.house.get("/usage").await;
    metered.house.ask(Ask::get(&format!("/usage?token={FAR_TOKEN}"))).await;
    metered.house.ask(Ask::get("/usage?token=of-another-app")).await;
    let usage = metered.usage("a").await;
    let refused = |endpoint| -> Vec<(String, u64)> {
        usage.of(endpoint).refused.iter().map(|(reason, count)| (reason.to_string(), *count)).collect()
    };
    assert_eq!(usage.of(Endpoint::Discovery).requests, 2);
    assert_eq!(refused(Endpoint::Discovery), [("missing_parameter".to_owned(), 1)]);
    assert_eq!((usage.of(Endpoint::Usage).requests, usage.of(Endpoint::Usage).errors()), (2, 0));
    assert_eq!(metered.usage("b").await.of(Endpoint::Usage).requests, 1);
}

#[tokio::test]
async fn what_nobody_asks_for_with_a_genuine_token_counts_for_nobody() {
    let metered = Metered::new();
    for path in
        ["/usage", "/usage?token=forged", "/usage?token=expired", "/discovery?token=out-of-scope", "/nowhere"]
    {
        metered.house.ask(Ask::get(path)).await;
    }
    metered.house.ask(Ask::new(Method::OPTIONS, &format!("/usage?token={TOKEN}"))).await;
    metered.house.ask(Ask::new(Method::POST, &format!("/usage?token={TOKEN}"))).await;
    assert_eq!(metered.recorder.flush(NOW_UNIX_MS).await.additions, 0);
}

#[tokio::test]
async fn an_origin_that_may_not_use_a_genuine_token_is_an_error_of_its_app() {
    let metered = Metered::new();
    metered.house.ask(Ask::get("/usage?token=for-one-domain").header("origin", "https://evil.example")).await;
    let usage = metered.usage("a").await;
    assert_eq!((usage.of(Endpoint::Usage).requests, usage.of(Endpoint::Usage).errors()), (1, 1));
}

#[tokio::test]
async fn an_outage_is_an_error_of_whoever_asked() {
    let log = Arc::new(MemoryUsageLog::new());
    let recorder = Arc::new(Recorder::new(Writer(7), log.clone()));
    let house = House::with(|plane| plane.metering = Some(recorder.clone()));
    assert_eq!(house.get("/discovery?documentName=d").await.refusal().0, 503);
    recorder.flush(NOW_UNIX_MS).await;
    let usage = written(&*log, "a").await;
    let refused = &usage.of(Endpoint::Discovery).refused;
    assert_eq!(
        refused.iter().map(|(reason, count)| (reason.as_str(), *count)).collect::<Vec<_>>(),
        [("service_unavailable", 1)]
    );
}

fn counted(recorder: &Recorder) {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    recorder.count(&app, Endpoint::Usage, None, Duration::from_millis(1), NOW_UNIX_MS);
}

#[tokio::test]
async fn usage_is_written_down_when_the_answer_is_posted_and_before_the_service_is_done() {
    let log = Arc::new(MemoryUsageLog::new());
    let recorder = Arc::new(Recorder::new(Writer(7), log.clone()));
    let after = FlushAfter::new(recorder.clone(), Arc::new(TurnedClock::new(NOW_UNIX_MS)));
    let posting = service_fn(|()| {
        let (recorder, log) = (recorder.clone(), log.clone());
        async move {
            counted(&recorder);
            assert!(written(&*log, "a").await.is_empty(), "not while somebody waits for the answer");
            Ok::<_, std::io::Error>("posted")
        }
    });
    let mut flushing = after.layer(posting);
    assert_eq!(flushing.ready().await.unwrap().call(()).await.unwrap(), "posted");
    assert_eq!(written(&*log, "a").await.of(Endpoint::Usage).requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_away_holds_up_the_next_request_no_longer_than_a_second_and_loses_nothing() {
    for broken in [Broken::Dead, Broken::Silent] {
        let recorder = Arc::new(Recorder::new(Writer(7), Arc::new(broken)));
        let after = FlushAfter::new(recorder.clone(), Arc::new(TurnedClock::new(NOW_UNIX_MS)));
        let mut flushing = after.layer(service_fn(|()| {
            counted(&recorder);
            async { Ok::<_, std::io::Error>(()) }
        }));
        let begun = tokio::time::Instant::now();
        flushing.ready().await.unwrap().call(()).await.unwrap();
        assert!(begun.elapsed() <= Duration::from_millis(1_001), "{:?}", begun.elapsed());
        let meter = recorder.meter();
        assert_eq!((meter.unwritten(), meter.lost()), (1, 0));
    }
}
