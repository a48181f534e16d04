//! `GET /usage`.

use super::ask::refusal;
use super::caller::Caller;
use super::target::Target;
use super::world::EMPTY_HOME;
use crate::signer::unix_seconds;
use serde_json::json;

/// The counts are the sums over all nodes, beside the limits of the token's plan.
pub async fn usage_is_the_sum_over_all_nodes_beside_the_plan_limits(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    caller.count("node-a", 80, 3).await;
    caller.count("node-b", 2, 1).await;
    let answer = plane.ask(&caller.get("/usage")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let expected = json!({
        "connections": {"current": 82, "limit": 100, "percent": 82.0, "status": "warning"},
        "documents": {"current": 4, "limit": 20, "percent": 20.0, "status": "healthy"},
    });
    assert_eq!(body["usage"], expected);
    assert_eq!((&body["tenantId"], &body["appId"]), (&json!(caller.tenant()), &json!("app")));
    assert_about_now(body["timestamp"].as_str().expect("a timestamp is text"));
}

/// An app that was never counted uses nothing.
pub async fn an_app_that_was_never_counted_uses_nothing(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let usage = plane.ask(&caller.get("/usage")).await.json()["usage"].clone();
    let current = |what: &str| usage[what]["current"].clone();
    assert_eq!((current("connections"), current("documents")), (json!(0), json!(0)), "{usage}");
}

/// Usage is counted in the app's home, and nowhere else.
pub async fn usage_is_counted_in_the_home_of_the_app(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    caller.count("node-a", 7, 2).await;
    let elsewhere = caller.get_with("/usage", &json!({"dbCode": EMPTY_HOME})).await;
    let current = |body: serde_json::Value| body["usage"]["connections"]["current"].clone();
    assert_eq!(current(plane.ask(&elsewhere).await.json()), 0);
    assert_eq!(current(plane.ask(&caller.get("/usage")).await.json()), 7);
}

/// A home that the deployment does not have is forbidden.
pub async fn a_home_that_is_not_had_is_forbidden(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let ask = caller.get_with("/usage", &json!({"dbCode": "aws-sa-east-1"})).await;
    assert_eq!(refusal(&plane.ask(&ask).await), (403, "insufficient_scope".to_owned()));
}

/// `2026-02-25T14:40:00.000Z`, within a few minutes of this machine's clock.
fn assert_about_now(timestamp: &str) {
    let now_ms = unix_seconds() * 1000;
    let near = [now_ms.saturating_sub(300_000), now_ms + 300_000].map(domain::clock::rfc3339_ms);
    assert_eq!(timestamp.len(), near[0].len(), "{timestamp}");
    assert!(*near[0] <= *timestamp && *timestamp <= *near[1], "{timestamp} is not between {near:?}");
}
