//! `GET /v1/usage` and `GET /v1/usage/{api_id}`.

use super::ask::refusal;
use super::caller::Caller;
use super::target::Target;
use crate::signer::unix_seconds;
use domain::calendar::Hour;
use domain::metering::{AppUsage, Endpoint, Reason};
use domain::registry::ApiScope;
use serde_json::json;
use std::time::Duration;

/// What is answered for an app is counted, refusals by their reason, and shown to its tenant.
pub async fn what_is_answered_for_an_app_is_counted_and_reported(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let asks = [
        caller.get("/discovery?documentName=d"),
        caller.get("/discovery?documentName=d"),
        caller.get("/discovery"),
        caller.get("/usage"),
        // Nobody's: no genuine token says whose.
        caller.ask("GET", "/usage?token=forged"),
    ];
    for ask in &asks {
        plane.ask(ask).await;
    }
    // Each function writes down what it has counted behind an answer; the last to be asked have done so with this one.
    for ask in [caller.ask("GET", "/usage"), caller.ask("GET", "/discovery")] {
        plane.ask(&ask).await;
    }
    caller.is_metered(4).await;
    let key = caller.account_key().await;
    let report = plane.ask(&caller.ask("GET", "/v1/usage/app?granularity=month").bearer(&key)).await;
    assert_eq!(report.status, 200, "{}", report.body);
    let report = report.json();
    assert_eq!((&report["total_requests"], &report["total_errors"]), (&json!(4), &json!(1)), "{report}");
    assert_eq!(
        (&report["plan_limit"], &report["usage_percentage"]),
        (&json!(1_000), &json!(0.4)),
        "{report}"
    );
    let series = report["timeseries"].as_array().expect("a series is a list");
    let last = series.last().expect("this month is in it");
    assert_eq!(last["refused"], json!({"missing_parameter": 1}), "{report}");
    let of_discovery = caller.ask("GET", "/v1/usage/app?endpoint=discovery").bearer(&key);
    let of_discovery = plane.ask(&of_discovery).await.json();
    assert_eq!(of_discovery["total_requests"], 3, "{of_discovery}");
    assert_eq!(of_discovery["usage_percentage"], 0.4, "the plan is of all endpoints");
}

/// What lies in the log is summed up, and priced by the plan, to the last digit.
pub async fn a_report_sums_up_and_prices_what_was_counted(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let day = Hour::of_unix_s(unix_seconds()).day().minus(3);
    let mut usage = AppUsage::default();
    usage.of_mut(Endpoint::Ops).answered(332, Duration::from_millis(1));
    usage.of_mut(Endpoint::Ops).refused(Reason::parse("4006").expect("a reason"), Duration::from_millis(3));
    usage.levels.connections_peak = 7;
    for hour in [0, 23] {
        caller.has_used(day.first_hour().plus(hour), usage.clone()).await;
    }
    let key = caller.account_key().await;
    let uri = format!("?from={0}&to={0}&granularity=hour", day);
    let report = plane.ask(&caller.ask("GET", &format!("/v1/usage/app{uri}")).bearer(&key)).await;
    assert!(report.body.contains("\"cost_usd\":0.001665,"), "{}", report.body);
    let report = report.json();
    assert_eq!(
        report["period"],
        json!({"from": day.to_string(), "to": day.to_string(), "granularity": "hour"})
    );
    assert_eq!((&report["total_requests"], &report["total_errors"]), (&json!(666), &json!(2)));
    let series = report["timeseries"].as_array().expect("a series is a list");
    let requests: Vec<u64> = series.iter().filter_map(|hour| hour["requests"].as_u64()).collect();
    assert_eq!((requests.len(), requests[0], requests[1], requests[23]), (24, 333, 0, 333));
    assert_eq!((&series[23]["peak_connections"], &series[22]["peak_connections"]), (&json!(7), &json!(0)));
    let summary = plane.ask(&caller.ask("GET", &format!("/v1/usage{uri}")).bearer(&key)).await.json();
    assert_eq!(summary["total_requests"], 666, "{summary}");
    assert_eq!(summary["by_api"][0]["api_id"], "app", "{summary}");
}

/// Who brings no key, another's, a revoked one or one for something else sees nothing.
pub async fn reports_are_for_keys_of_the_tenant_that_may_read_usage(plane: &impl Target) {
    let (caller, other) = (Caller::fresh(plane).await, Caller::fresh(plane).await);
    let (key, others) = (caller.account_key().await, other.account_key().await);
    let revoked = caller.account_key().await;
    caller.revoke_key(&revoked).await;
    let mut forged = key.clone();
    forged.replace_range(60.., "AAAAAAAA");
    let answered = async |key: &str, uri: &str| {
        let answer = plane.ask(&caller.ask("GET", uri).bearer(key)).await;
        (answer.status, if answer.status == 200 { String::new() } else { refusal(&answer).1 })
    };
    let unknown = (401, "authentication_failed".to_owned());
    for nobodys in [caller.token(), &revoked, &forged, "sk_live_x", ""] {
        assert_eq!(answered(nobodys, "/v1/usage/app").await, unknown, "{nobodys}");
    }
    let none = plane.ask(&caller.ask("GET", "/v1/usage")).await;
    assert_eq!((refusal(&none), none.header("www-authenticate")), (unknown, Some("Bearer")));
    let forbidden = (403, "insufficient_scope".to_owned());
    let webhooks_only = caller.account_key_for(ApiScope::WebhooksRead).await;
    for wrong in [webhooks_only, caller.platform_key().await] {
        assert_eq!(answered(&wrong, "/v1/usage").await, forbidden);
    }
    assert_eq!(answered(&key, "/v1/usage/app").await.0, 200);
    assert_eq!(answered(&key, "/v1/usage/none").await, (404, "not_found".to_owned()));
    let theirs = plane.ask(&caller.ask("GET", "/v1/usage").bearer(&others)).await.json();
    assert_eq!(theirs["by_api"].as_array().map(Vec::len), Some(1), "their own, and no other's: {theirs}");
}

/// A parameter that can't be used is named, with the form that is expected.
pub async fn parameters_that_are_none_are_named_with_the_valid_form(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let key = caller.account_key().await;
    let cases = [
        ("from=yesterday", "`from`", "2026-02-25"),
        ("to=2026-02-30", "`to`", "2026-02-25"),
        ("from=1999-01-01", "`from`", "400 days"),
        ("from=2026-02-02&to=2026-02-01", "`from`", "before the end of `to`"),
        ("granularity=year", "`granularity`", "hour, day, week or month"),
        ("endpoint=token", "`endpoint`", "discovery"),
        ("granularity=day&granularity=day", "`granularity`", "once"),
        ("granularity=hour&from=-40", "`from`", "2026-02-25"),
    ];
    for (query, name, form) in cases {
        let answer = plane.ask(&caller.ask("GET", &format!("/v1/usage/app?{query}")).bearer(&key)).await;
        assert_eq!(refusal(&answer), (400, "invalid_parameter".to_owned()), "{query}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(name) && message.contains(form), "{query}: {message}");
    }
}

/// Of many requests with one key the 13th in a minute is refused, and another key is another's.
pub async fn the_13th_report_of_a_key_in_a_minute_is_refused(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let (one, other) = (caller.account_key().await, caller.account_key().await);
    let ask = caller.ask("GET", "/v1/usage").bearer(&one);
    for n in 1..=12 {
        assert_eq!(plane.ask(&ask).await.status, 200, "the {n}th");
    }
    let refused = plane.ask(&ask).await;
    assert_eq!(refusal(&refused), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(plane.ask(&caller.ask("GET", "/v1/usage").bearer(&other)).await.status, 200);
}
