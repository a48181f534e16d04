use crate::broken::Broken;
use crate::house::{Answer, Ask};
use crate::operators::{Desk, tenant, with_key};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::alerts::Hosts;
use domain::bounds::WEBHOOKS_MAX;
use domain::ids::TenantId;
use domain::registry::{ApiScope, KeyHolder};
use serde_json::{Value, json};
use std::sync::Arc;

const PATH: &str = "/v1/webhooks";

async fn post(desk: &Desk, key: &str, body: &Value) -> Answer {
    let ask = with_key(Ask::new(Method::POST, PATH), key).header("content-type", "application/json");
    desk.house.ask(ask.body(body.to_string().into_bytes())).await
}

async fn delete(desk: &Desk, key: &str, id: &str) -> Answer {
    desk.house.ask(with_key(Ask::new(Method::DELETE, &format!("{PATH}/{id}")), key)).await
}

fn body() -> Value {
    json!({"url": "https://hooks.example.com/a", "events": ["usage.limit_exceeded", "usage.limit_reached"]})
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_sealed() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let made = post(&desk, &key, &body()).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let secret = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    let secret = STANDARD.decode(secret).unwrap();
    let kept = desk.usage.alerts.webhooks(&tenant()).await.unwrap().remove(0);
    // The vault of this house hands back what it is given.
    assert_eq!((secret.len(), &kept.sealed_secret), (32, &secret));
    let listed = desk.get(&key, PATH).await.json();
    let mut without_secret = made.clone();
    without_secret.as_object_mut().unwrap().remove("secret");
    assert_eq!(listed, json!({"data": [without_secret]}));
    assert_eq!(made["events"], json!(["usage.limit_reached", "usage.limit_exceeded"]));
    assert_eq!((&made["description"], &made["created"]), (&json!(""), &json!(1_772_030_400)));
}

#[tokio::test]
async fn no_two_webhooks_have_one_secret() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let (one, other) = (post(&desk, &key, &body()).await.json(), post(&desk, &key, &body()).await.json());
    assert_ne!(one["secret"], other["secret"]);
    assert_ne!(one["id"], other["id"]);
}

#[tokio::test]
async fn a_tenant_sees_and_deletes_its_own_webhooks_alone() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let stranger = KeyHolder::Tenant(TenantId::parse("stranger").unwrap());
    let stranger = desk.key(stranger, 7, &[ApiScope::WebhooksRead, ApiScope::WebhooksWrite]).await;
    let id = post(&desk, &key, &body()).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&stranger, PATH).await.json(), json!({"data": []}));
    assert_eq!(delete(&desk, &stranger, &id).await.refusal(), (404, "not_found".to_owned()));
    assert_eq!(delete(&desk, &key, &id).await.status, 204);
    assert_eq!(delete(&desk, &key, &id).await.message(), "there is no webhook of this id");
    assert_eq!(delete(&desk, &key, "%ff").await.refusal().0, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_named() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    let mut private = body();
    private["url"] = json!("https://192.168.1.1/hook");
    let answer = post(&desk, &key, &private).await;
    assert_eq!(answer.refusal(), (400, "invalid_parameter".to_owned()));
    assert!(
        answer.message().contains("`url`") && answer.message().contains("private"),
        "{}",
        answer.message()
    );
    let answer = post(&desk, &key, &json!({})).await;
    assert_eq!(answer.refusal(), (400, "missing_parameter".to_owned()));
    for (content_type, bytes) in
        [("text/plain", body().to_string().into_bytes()), ("application/json", vec![b'['; 9_000])]
    {
        let ask = with_key(Ask::new(Method::POST, PATH), &key).header("content-type", content_type);
        let answer = desk.house.ask(ask.body(bytes)).await;
        assert_eq!(answer.refusal(), (400, "invalid_json".to_owned()), "{content_type}");
    }
}

#[tokio::test]
async fn any_host_is_taken_where_all_may_be_delivered_to() {
    let desk = Desk::with(|operators| operators.webhooks.as_mut().unwrap().hosts = Hosts::Any).await;
    let key = desk.account_key().await;
    let local = json!({"url": "https://127.0.0.1:8443/hook", "events": ["usage.limit_reached"]});
    assert_eq!(post(&desk, &key, &local).await.status, 201);
}

#[tokio::test]
async fn an_account_has_so_many_webhooks_and_no_more() {
    let desk = Desk::new().await;
    let key = desk.account_key().await;
    for _ in 0..WEBHOOKS_MAX {
        assert_eq!(post(&desk, &key, &body()).await.status, 201);
    }
    let refused = post(&desk, &key, &body()).await;
    assert_eq!(refused.refusal(), (400, "invalid_parameter".to_owned()));
    assert!(refused.message().contains(&WEBHOOKS_MAX.to_string()));
}

#[tokio::test]
async fn without_its_stores_nothing_is_made() {
    let desk =
        Desk::with(|operators| operators.webhooks.as_mut().unwrap().vault = Arc::new(Broken::Dead)).await;
    let key = desk.account_key().await;
    assert_eq!(post(&desk, &key, &body()).await.refusal().0, 503);
    assert_eq!(desk.get(&key, PATH).await.json(), json!({"data": []}));
    let desk =
        Desk::with(|operators| operators.webhooks.as_mut().unwrap().alerts = Arc::new(Broken::Dead)).await;
    let key = desk.account_key().await;
    assert_eq!(desk.get(&key, PATH).await.refusal().0, 503);
}

#[tokio::test]
async fn methods_are_those_of_a_list_and_of_its_entries() {
    let desk = Desk::with(|operators| operators.webhooks = None).await;
    let key = desk.account_key().await;
    assert_eq!(desk.get(&key, PATH).await.message(), "nothing is served at this path");
    let desk = Desk::new().await;
    for (path, methods) in [(PATH, "GET, HEAD, POST, OPTIONS"), ("/v1/webhooks/wh_1", "DELETE, OPTIONS")] {
        let answer = desk.house.ask(Ask::new(Method::PUT, path)).await;
        assert_eq!((answer.refusal().0, answer.header("allow")), (405, Some(methods)));
        let preflight = Ask::new(Method::OPTIONS, path).header("access-control-request-method", "POST");
        let answer = desk.house.ask(preflight).await;
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods));
    }
}
