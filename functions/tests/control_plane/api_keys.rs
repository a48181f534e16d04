//! Who may ask for reports, webhooks and counts, and how often.

use crate::broken::Broken;
use crate::house::Ask;
use crate::operators::{Desk, key_id, tenant_holder, with_key};
use axum::http::Method;
use domain::ports::ApiKeys;
use domain::registry::{ApiScope, KeyHolder};
use std::sync::Arc;
use std::time::Duration;

const REPORT: &str = "/v1/usage";
const COUNT: &str = "/admin/connection-count";

#[tokio::test]
async fn only_a_key_that_is_known_and_not_revoked_is_believed() {
    let desk = Desk::new().await;
    let good = desk.account_key().await;
    let revoked = desk.key(tenant_holder(), 9, &[ApiScope::UsageRead]).await;
    desk.registry.revoke_api_key(&key_id(9), 1).await.unwrap();
    let unknown = good.replace('1', "7");
    let forged = good.replace("_sss", "_tss");
    for key in ["", "genuine", "sk_live_", &good[1..], &unknown, &forged, &revoked] {
        let answer = desk.get(key, REPORT).await;
        assert_eq!(answer.refusal(), (401, "authentication_failed".to_owned()), "{key}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(desk.house.ask(Ask::get(REPORT)).await.refusal().0, 401);
    assert_eq!(desk.get(&good, REPORT).await.status, 200);
}

#[tokio::test]
async fn each_path_asks_for_its_scope_and_its_holder() {
    let desk = Desk::new().await;
    let reader = desk.key(tenant_holder(), 3, &[ApiScope::UsageRead]).await;
    let writer = desk.key(tenant_holder(), 4, &[ApiScope::WebhooksWrite]).await;
    let platform = desk.platform_key().await;
    // A key that says more than its holder may have.
    let both = desk.key(KeyHolder::Platform, 5, &[ApiScope::UsageRead, ApiScope::PlatformRead]).await;
    let odd = desk.key(tenant_holder(), 6, &[ApiScope::PlatformRead]).await;
    for (key, path, scope) in [
        (&reader, "/v1/webhooks", "webhooks:read"),
        (&writer, "/v1/webhooks", "webhooks:read"),
        (&writer, "/v1/usage/board", "usage:read"),
        (&platform, REPORT, "usage:read"),
        (&both, REPORT, "usage:read"),
    ] {
        let answer = desk.get(key, path).await;
        assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()), "{path}");
        assert!(answer.message().contains(scope), "{}", answer.message());
    }
    let deleting = with_key(Ask::new(Method::DELETE, "/v1/webhooks/wh_1"), &reader);
    assert_eq!(desk.house.ask(deleting).await.refusal().0, 403);
    for key in [&reader, &odd] {
        let told = desk.admin(key, COUNT).await.json();
        assert_eq!((&told["RC"], &told["error"]["code"]), (&403.into(), &"PERMISSION_DENIED".into()));
    }
}

#[tokio::test]
async fn the_platforms_errors_have_its_envelope_at_every_path_of_its_own() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    let exactly = concat!(
        r#"{"RC":401,"RM":"Unauthorized","#,
        r#""error":{"code":"INVALID_API_KEY","message":"Invalid or missing API key"}}"#
    );
    let answer = desk.house.ask(Ask::get(COUNT)).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (401, exactly));
    assert_eq!(answer.header("www-authenticate"), Some("IM-API-KEY"));
    let cases = [
        (Method::GET, "/admin/nothing", 404, "NOT_FOUND"),
        (Method::GET, "/admin", 404, "NOT_FOUND"),
        (Method::POST, COUNT, 405, "METHOD_NOT_ALLOWED"),
    ];
    for (method, path, status, code) in cases {
        let answer = desk.house.ask(Ask::new(method, path).header("im-api-key", &key)).await;
        let told = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &told["RC"], &told["error"]["code"]),
            (status, &status.into(), &code.into())
        );
        assert!(answer.header("x-request-id").is_some());
    }
}

#[tokio::test]
async fn each_key_counts_for_itself_and_longer_than_a_minute_nobody_waits() {
    let desk = Desk::new().await;
    let (one, other) = (desk.account_key().await, desk.key(tenant_holder(), 8, &[ApiScope::UsageRead]).await);
    for _ in 0..12 {
        assert_eq!(desk.get(&one, REPORT).await.status, 200);
    }
    let refused = desk.get(&one, REPORT).await;
    assert_eq!(refused.refusal(), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(desk.get(&one, "/v1/webhooks").await.status, 200, "webhooks have a bucket of their own");
    assert_eq!(desk.get(&other, REPORT).await.status, 200);
    desk.house.clock.advance(Duration::from_secs(61));
    assert_eq!(desk.get(&one, REPORT).await.status, 200);
}

#[tokio::test]
async fn the_thousand_and_first_request_of_a_platform_key_in_a_minute_is_refused() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    for _ in 0..1_000 {
        assert_eq!(desk.admin(&key, COUNT).await.status, 200);
    }
    let refused = desk.admin(&key, COUNT).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("60")));
    let told = refused.json();
    assert_eq!((&told["RC"], &told["error"]["code"]), (&429.into(), &"RATE_LIMIT_EXCEEDED".into()));
}

#[tokio::test]
async fn guessing_at_keys_is_bounded_per_client_and_costs_known_keys_nothing() {
    let desk = Desk::new().await;
    let good = desk.account_key().await;
    let guess = good.replace('1', "7");
    for _ in 0..60 {
        assert_eq!(desk.get(&guess, REPORT).await.refusal().0, 401);
    }
    assert_eq!(desk.get(&guess, REPORT).await.refusal().0, 429);
    assert_eq!(desk.get("no-key", REPORT).await.refusal().0, 401, "it costs no look-up");
    assert_eq!(desk.get(&good, REPORT).await.status, 200);
}

#[tokio::test]
async fn a_use_is_noted_at_most_once_an_hour() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let noted = async || desk.registry.api_key(&key_id(1)).await.unwrap().unwrap().used_unix_s.unwrap();
    desk.get(&key, REPORT).await;
    let first = noted().await;
    desk.house.clock.advance(Duration::from_secs(3_599));
    desk.get(&key, REPORT).await;
    assert_eq!(noted().await, first);
    desk.house.clock.advance(Duration::from_secs(1));
    desk.get(&key, REPORT).await;
    assert_eq!(noted().await, first + 3_600);
}

#[tokio::test]
async fn without_the_registry_nobody_is_known_and_told_so() {
    let desk = Desk::with(|operators| operators.api_keys = Arc::new(Broken::Dead)).await;
    let key = desk.account_key().await;
    assert_eq!(desk.get(&key, REPORT).await.refusal(), (503, "service_unavailable".to_owned()));
    let told = desk.admin(&key, COUNT).await.json();
    assert_eq!((&told["RC"], &told["error"]["code"]), (&503.into(), &"SERVICE_UNAVAILABLE".into()));
}
