use crate::broken::Broken;
use crate::house::Ask;
use crate::operators::{APP, Desk, this_hour, with_key};
use axum::http::Method;
use domain::bounds::{REPORT_APPS_MAX, REPORT_SPANS_MAX};
use domain::calendar::{Day, Hour};
use domain::metering::{AppUsage, Endpoint, Levels, Reason};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// `count` ops of 2 ms each, and a handshake of 10 ms that was refused.
fn busy(count: u64) -> impl FnOnce(&mut AppUsage) {
    move |usage| {
        usage.of_mut(Endpoint::Ops).answered(count, Duration::from_millis(2));
        usage.of_mut(Endpoint::Connect).refused(Reason::parse("4004").unwrap(), Duration::from_millis(10));
        usage.levels = Levels {
            connections_peak: count,
            documents_peak: 2,
            connections_ms: 3_600_000,
            documents_ms: 1_800_000,
        };
    }
}

fn requests(report: &Value) -> Vec<(String, u64)> {
    let parts = report["timeseries"].as_array().unwrap().iter();
    parts
        .map(|part| (part["date"].as_str().unwrap().to_owned(), part["requests"].as_u64().unwrap()))
        .collect()
}

fn day(text: &str) -> Hour {
    Day::parse(text).unwrap().first_hour()
}

#[tokio::test]
async fn a_report_is_spelled_as_published_with_every_digit_of_its_cost() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    desk.used(APP, day("2026-02-24").plus(3), busy(2)).await;
    let answer = desk.get(&key, "/v1/usage/board?from=2026-02-24&to=2026-02-24").await;
    let expected = concat!(
        r#"{"api_id":"board","name":"Board","#,
        r#""period":{"from":"2026-02-24","to":"2026-02-24","granularity":"day"},"#,
        r#""total_requests":3,"total_errors":1,"avg_latency_ms":4.667,"cost_usd":0.0000075,"#,
        r#""plan_limit":1000,"usage_percentage":0.3,"timeseries":["#,
        r#"{"date":"2026-02-24","requests":3,"errors":1,"avg_latency_ms":4.667,"p99_latency_ms":10.0,"#,
        r#""refused":{"4004":1},"peak_connections":2,"mean_connections":0.042,"#,
        r#""peak_documents":2,"mean_documents":0.021}]}"#
    );
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, expected));
}

#[tokio::test]
async fn a_summary_has_every_app_that_is_on_the_books_or_was_ever_counted() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    desk.used(APP, this_hour(), busy(399_999)).await;
    desk.used("gone", this_hour(), busy(1)).await;
    let answer = desk.get(&key, "/v1/usage?from=2026-02-25&to=2026-02-25&granularity=month").await;
    let expected = concat!(
        r#"{"period":{"from":"2026-02-25","to":"2026-02-25","granularity":"month"},"#,
        r#""total_requests":400002,"total_errors":2,"total_cost_usd":1,"by_api":["#,
        r#"{"api_id":"board","name":"Board","requests":400000,"errors":1,"avg_latency_ms":2.0,"cost_usd":1},"#,
        r#"{"api_id":"gone","name":"","requests":2,"errors":1,"avg_latency_ms":6.0,"cost_usd":0},"#,
        r#"{"api_id":"wiki","name":"","requests":0,"errors":0,"avg_latency_ms":0.0,"cost_usd":0}],"#,
        r#""timeseries":[{"date":"2026-02-01","requests":400002,"errors":2,"#
    );
    assert!(answer.text.starts_with(expected), "{}", answer.text);
    let bucket = &answer.json()["timeseries"][0];
    assert_eq!(bucket["mean_connections"], 0.136, "two hours of connections in 14 h 40 min");
    assert!(
        bucket.get("peak_connections").is_none() && bucket.get("peak_documents").is_none(),
        "peaks don't add up"
    );
}

#[tokio::test]
async fn thirty_days_up_to_today_are_reported_with_empty_buckets() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    desk.used(APP, this_hour(), busy(4)).await;
    let report = desk.get(&key, "/v1/usage/board").await.json();
    assert_eq!(report["period"], json!({"from": "2026-01-26", "to": "2026-02-25", "granularity": "day"}));
    let requests = requests(&report);
    assert_eq!((requests.len(), requests.last().unwrap()), (31, &("2026-02-25".to_owned(), 5)));
    assert_eq!(
        report["timeseries"][0],
        json!({
            "date": "2026-01-26", "requests": 0, "errors": 0, "avg_latency_ms": 0.0, "p99_latency_ms": 0.0,
            "refused": {}, "peak_connections": 0, "mean_connections": 0.0, "peak_documents": 0, "mean_documents": 0.0
        })
    );
}

#[tokio::test]
async fn weeks_months_and_hours_are_called_by_their_beginnings() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    desk.used(APP, day("2026-01-01"), busy(9)).await;
    desk.used(APP, day("2026-01-05").plus(1), busy(19)).await;
    let named =
        async |query: &str| requests(&desk.get(&key, &format!("/v1/usage/board?{query}")).await.json());
    let owned =
        |parts: &[(&str, u64)]| parts.iter().map(|(date, n)| ((*date).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(
        named("from=2025-12-31&to=2026-01-05&granularity=week").await,
        owned(&[("2025-12-29", 10), ("2026-01-05", 20)])
    );
    assert_eq!(
        named("from=2025-12-31&to=2026-01-05&granularity=month").await,
        owned(&[("2025-12-01", 0), ("2026-01-01", 30)])
    );
    assert_eq!(
        named("from=2026-01-05T01:30:00%2B01:00&to=2026-01-05T02:00:00Z&granularity=hour").await,
        owned(&[("2026-01-05T00:00:00Z", 0), ("2026-01-05T01:00:00Z", 20)])
    );
}

#[tokio::test]
async fn one_endpoint_may_be_asked_for_and_the_plan_counts_all() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    desk.used(APP, this_hour(), busy(799)).await;
    let report = desk.get(&key, "/v1/usage/board?endpoint=connect").await.json();
    assert_eq!((&report["total_requests"], &report["total_errors"]), (&json!(1), &json!(1)));
    assert_eq!((&report["plan_limit"], &report["usage_percentage"]), (&json!(1000), &json!(80.0)));
    let report = desk.get(&key, "/v1/usage/wiki").await.json();
    assert_eq!((&report["plan_limit"], &report["usage_percentage"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn means_are_over_what_is_past_of_the_bucket() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    // The clock stands at 14:40: two thirds of the hour are past.
    desk.used(APP, this_hour(), |usage| usage.levels.connections_ms = 4 * 40 * 60 * 1000).await;
    let report = desk.get(&key, "/v1/usage/board?from=2026-02-25T14:00:00Z&granularity=hour").await.json();
    assert_eq!(report["timeseries"][0]["mean_connections"], 4.0);
}

#[tokio::test]
async fn another_tenants_app_is_as_unknown_as_one_that_never_was() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    for id in ["nobodys", "t", "a%20b", "%ff", &"x".repeat(65)] {
        let answer = desk.get(&key, &format!("/v1/usage/{id}")).await;
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()), "{id}");
        assert_eq!(answer.message(), "there is no API of this id");
    }
}

#[tokio::test]
async fn the_key_comes_first_then_the_parameters_then_the_app() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let status = async |key: &str, path: &str| desk.get(key, path).await.refusal().0;
    assert_eq!(status("none", "/v1/usage/nobodys?granularity=x").await, 401);
    assert_eq!(status(&key, "/v1/usage/nobodys?granularity=x").await, 400);
    assert_eq!(status(&key, "/v1/usage/nobodys").await, 404);
    assert_eq!(desk.get(&key, "/v1/usage?endpoint=x").await.status, 200, "a summary knows no such parameter");
}

#[tokio::test]
async fn a_summary_of_more_apps_than_it_may_have_names_the_other_way() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    for n in 0..REPORT_APPS_MAX {
        desk.used(&format!("app-{n}"), this_hour(), busy(1)).await;
    }
    let answer = desk.get(&key, "/v1/usage").await;
    assert_eq!(answer.refusal(), (400, "invalid_parameter".to_owned()));
    assert!(answer.message().contains("/v1/usage/{api_id}"), "{}", answer.message());
}

#[tokio::test]
async fn a_summary_reads_so_much_and_no_more() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    // With the two that are on the books.
    for n in 2..REPORT_SPANS_MAX / 32 {
        desk.used(&format!("app-{n}"), this_hour(), busy(1)).await;
    }
    let by_day = "/v1/usage?from=2026-01-25&to=2026-02-25";
    let by_hour = "/v1/usage?from=2026-02-24T08:00:00Z&to=2026-02-25T16:00:00Z&granularity=hour";
    for path in [by_day, by_hour] {
        let report = desk.get(&key, path).await;
        assert_eq!(report.status, 200, "{path}: {}", report.text);
        assert_eq!(report.json()["total_requests"], 2 * (REPORT_SPANS_MAX / 32 - 2));
    }
    desk.used("one-more", this_hour(), busy(1)).await;
    for (path, most) in [(by_day, "at most 31 days"), (by_hour, "at most 31 hours")] {
        let answer = desk.get(&key, path).await;
        assert_eq!(answer.refusal(), (400, "invalid_parameter".to_owned()), "{path}");
        for told in ["`from`", most, "/v1/usage/{api_id}"] {
            assert!(answer.message().contains(told), "{told}: {}", answer.message());
        }
    }
    assert_eq!(desk.get(&key, &by_day.replace("01-25", "01-26")).await.status, 200, "the shorter range");
    assert_eq!(desk.get(&key, &by_day.replace("usage", "usage/one-more")).await.status, 200, "and each API");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_away_is_no_empty_report() {
    for broken in [Broken::Dead, Broken::Silent] {
        let desk = Desk::with(|operators| operators.usage = Arc::new(broken)).await;
        let key = desk.account_key().await;
        for path in ["/v1/usage", "/v1/usage/board"] {
            assert_eq!(
                desk.get(&key, path).await.refusal(),
                (503, "service_unavailable".to_owned()),
                "{path}"
            );
        }
    }
    let desk = Desk::with(|operators| operators.registry = Arc::new(Broken::Dead)).await;
    let key = desk.account_key().await;
    assert_eq!(desk.get(&key, "/v1/usage/board").await.refusal().0, 503);
}

#[tokio::test]
async fn other_methods_and_preflights_are_answered_as_everywhere() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let answer = desk.house.ask(with_key(Ask::new(Method::POST, "/v1/usage"), &key)).await;
    assert_eq!((answer.refusal().0, answer.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let answer = desk.house.ask(Ask::new(Method::OPTIONS, "/v1/usage/board")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    let head = desk.house.ask(with_key(Ask::new(Method::HEAD, "/v1/usage"), &key)).await;
    assert_eq!((head.status.as_u16(), &*head.text), (200, ""));
}
