//! What is raised when, once.

use crate::house::{House, LIMIT, app};
use crate::watched_log::WatchedLog;
use domain::alerts::EventKind;
use domain::calendar::{Day, Hour};
use functions::alerting::embedded_metrics;
use functions::metrics::MetricsNamespace;
use std::sync::Arc;
use std::time::Duration;

fn told(kind: &str, app: &str, month: &str) -> (String, String, String) {
    (kind.to_owned(), app.to_owned(), month.to_owned())
}

#[tokio::test]
async fn each_threshold_is_told_once_at_its_exact_share() {
    let house = House::with_webhook().await;
    let alerting = house.alerting();
    house.used("board", LIMIT * 8 / 10 - 1).await;
    assert_eq!(alerting.run().await.raised, 0);
    house.used("board", 1).await;
    assert_eq!(alerting.run().await.raised, 1);
    assert_eq!(alerting.run().await.raised, 0);
    house.used("board", LIMIT * 2 / 10).await;
    // Another process, which remembers nothing.
    assert_eq!(house.alerting().run().await.raised, 1);
    assert_eq!(house.alerting().run().await.raised, 0);
    let expected =
        [told("usage.limit_exceeded", "board", "2026-02"), told("usage.limit_reached", "board", "2026-02")];
    assert_eq!(house.receivers.told(), expected);
}

#[tokio::test]
async fn an_event_is_signed_and_spelled_as_published() {
    let house = House::with_webhook().await;
    house.used("board", 801).await;
    house.alerting().run().await;
    let got = house.receivers.got().remove(0);
    assert_eq!((&*got.url, &*got.secret), ("https://wh_1.example.com/hook", &b"secret of wh_1"[..]));
    let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(body["id"], got.id.as_str());
    assert!(got.id.starts_with("evt_") && got.id.len() == 36, "{}", got.id);
    let object = serde_json::json!({
        "api_id": "board", "plan_limit": 1_000, "usage": 801, "usage_percentage": 80.1, "period": "2026-02"
    });
    assert_eq!(body["data"]["object"], object);
}

#[tokio::test]
async fn apps_without_a_number_of_requests_or_off_the_books_are_told_nothing() {
    let house = House::with_webhook().await;
    house.app("free", "free").await;
    house.app("planless", "gone").await;
    for app in ["free", "planless", "unknown"] {
        house.used(app, 10 * LIMIT).await;
    }
    let report = house.alerting().run().await;
    assert_eq!((report.apps, report.raised, report.failure), (3, 0, None));
}

#[tokio::test]
async fn each_month_begins_at_nothing() {
    let house = House::with_webhook().await;
    house.used("board", LIMIT).await;
    house.alerting().run().await;
    house.turn(8 * 24 * 3600);
    house.used("board", LIMIT - 1).await;
    assert_eq!(house.alerting().run().await.raised, 1);
    assert!(house.receivers.told().contains(&told("usage.limit_reached", "board", "2026-03")));
    assert_eq!(house.receivers.got().len(), 3);
}

#[tokio::test]
async fn a_threshold_that_is_crossed_in_a_months_last_minute_is_told_after_it() {
    let house = House::with_webhook().await;
    let march = Day::parse("2026-03-01").unwrap().first_hour();
    house.turn(march.starts_unix_s() - Hour::of_unix_ms(crate::house::NOW_UNIX_MS).starts_unix_s());
    house.used_at("board", Hour(march.0 - 1), LIMIT * 9 / 10).await;
    assert_eq!(house.alerting().run().await.raised, 1);
    assert_eq!(house.receivers.told(), [told("usage.limit_reached", "board", "2026-02")]);
    house.turn(26 * 3600);
    house.used_at("board", Hour(march.0 - 1), LIMIT).await;
    assert_eq!(house.alerting().run().await.raised, 0, "nothing may be added that late");
}

#[tokio::test]
async fn two_runs_at_once_raise_and_deliver_once() {
    for seed in 0..20 {
        let house = House::with_webhook().await;
        house.webhook("wh_2", &[EventKind::LimitExceeded]).await;
        house.used("board", LIMIT + seed).await;
        let (one, other) = (house.alerting(), house.alerting());
        let (one, other) = tokio::join!(one.run(), other.run());
        assert_eq!((one.raised + other.raised, one.delivered + other.delivered), (2, 3), "{seed}");
        // What one run raised when the other was past it is delivered by now, and nothing is left.
        assert_eq!(house.alerting().run().await.pending, 0);
        assert_eq!(house.receivers.got().len(), 3, "{seed}");
    }
}

#[tokio::test]
async fn runs_are_futures_that_a_task_may_own() {
    let alerting = Arc::new(House::with_webhook().await.alerting());
    tokio::spawn(async move { alerting.run().await }).await.unwrap();
}

#[tokio::test]
async fn settled_days_are_rolled_up_once() {
    let house = House::with_webhook().await;
    let today = Hour::of_unix_ms(crate::house::NOW_UNIX_MS).day();
    house.used_at("board", today.minus(3).first_hour(), 5).await;
    assert_eq!(house.alerting().run().await.rolled_up, 1);
    let standing = house.usage.log.standings().await.unwrap().remove(0);
    assert_eq!(standing.rolled_up_to, today.minus(1));
    assert_eq!(house.alerting().run().await.rolled_up, 0);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_for_one_app_holds_up_no_other() {
    let house = House::with_webhook().await;
    house.app("stuck", "counted").await;
    for app in ["board", "stuck"] {
        house.used_at(app, Hour(Hour::of_unix_ms(crate::house::NOW_UNIX_MS).0 - 72), LIMIT).await;
    }
    let alerting = house.alerting_over(Arc::new(WatchedLog::of(&house.usage.log).stuck(app("stuck"))));
    let begun = tokio::time::Instant::now();
    let report = alerting.run().await;
    assert_eq!((report.rolled_up, report.raised, report.delivered), (1, 2, 2));
    assert_eq!(report.failure.map(|failure| failure.store), Some("usage"));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(house.alerting().run().await.raised, 2, "the next run makes up for it");
}

#[tokio::test]
async fn a_runs_counts_are_metrics() {
    let house = House::with_webhook().await;
    house.used("board", LIMIT).await;
    let report = house.alerting().run().await;
    let metrics = embedded_metrics(&report, &MetricsNamespace::default(), 5);
    assert_eq!((&metrics["EventsRaised"], &metrics["DeliveriesDelivered"]), (&2.into(), &2.into()));
    let told = &metrics["_aws"]["CloudWatchMetrics"][0];
    assert_eq!((&told["Namespace"], &told["Dimensions"]), (&"WireSocket".into(), &serde_json::json!([[]])));
    assert_eq!((&metrics["DeliveriesDropped"], &metrics["OldestUntried"]), (&0.into(), &0.into()));
    for metric in told["Metrics"].as_array().unwrap() {
        assert!(metrics[metric["Name"].as_str().unwrap()].is_u64(), "{metric}");
    }
}
