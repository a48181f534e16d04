//! `POST` and `GET /v1/webhooks`, `DELETE /v1/webhooks/{id}`.

use super::ask::{Ask, refusal};
use super::caller::Caller;
use super::target::Target;
use domain::registry::ApiScope;
use serde_json::{Value, json};

const URL: &str = "https://hooks.example.com/wiresocket?from=tests";

fn make(caller: &Caller<'_>, key: &str, body: &Value) -> Ask {
    caller.ask("POST", "/v1/webhooks").bearer(key).body("application/json", body.to_string())
}

/// A webhook is made, listed without its secret, and deleted.
pub async fn a_webhook_is_made_listed_without_its_secret_and_deleted(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let key = caller.account_key().await;
    let body = json!({"url": URL, "events": ["usage.limit_reached"], "description": "Ünser Haken"});
    let answer = plane.ask(&make(&caller, &key, &body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let made = answer.json();
    let secret = made["secret"].as_str().expect("it is shown this once");
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "it is 32 bytes in base64");
    let listed = plane.ask(&caller.ask("GET", "/v1/webhooks").bearer(&key)).await;
    assert!(!listed.body.contains("whsec_"), "{}", listed.body);
    let only = &listed.json()["data"][0];
    for member in ["id", "url", "events", "description", "created"] {
        assert_eq!(only[member], made[member], "{member}");
    }
    let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id is text"));
    let stranger = Caller::fresh(plane).await;
    let theirs = stranger.ask("DELETE", &path).bearer(&stranger.account_key().await);
    assert_eq!(refusal(&plane.ask(&theirs).await), (404, "not_found".to_owned()));
    let drop = caller.ask("DELETE", &path).bearer(&key);
    let dropped = plane.ask(&drop).await;
    assert_eq!((dropped.status, &*dropped.body), (204, ""));
    assert_eq!(refusal(&plane.ask(&drop).await), (404, "not_found".to_owned()));
    let listed = plane.ask(&caller.ask("GET", "/v1/webhooks").bearer(&key)).await.json();
    assert_eq!(listed, json!({"data": []}));
}

/// What can't be a webhook is refused by the name of the member that is wrong.
pub async fn a_webhook_that_cannot_be_is_refused_by_name(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let key = caller.account_key().await;
    let events = json!(["usage.limit_reached"]);
    let cases = [
        (json!({"events": events}), "url"),
        (json!({"url": URL}), "events"),
        (json!({"url": URL, "events": []}), "events"),
        (json!({"url": URL, "events": ["usage.none"]}), "events"),
        (json!({"url": "http://hooks.example.com/", "events": events}), "url"),
        (json!({"url": "https://127.0.0.1/", "events": events}), "url"),
        (json!({"url": "https://169.254.169.254/latest/", "events": events}), "url"),
        (json!({"url": "https://localhost/", "events": events}), "url"),
        (json!({"url": URL, "events": events, "description": "a".repeat(201)}), "description"),
        (json!({"url": URL, "events": events, "secret": "mine"}), "secret"),
    ];
    for (body, name) in cases {
        let answer = plane.ask(&make(&caller, &key, &body)).await;
        assert_eq!(refusal(&answer).0, 400, "{body}");
        assert!(answer.json()["error"]["message"].to_string().contains(name), "{body}: {}", answer.body);
    }
    for garbage in ["", "{", "[]", "null", "\u{0}"] {
        let ask = caller.ask("POST", "/v1/webhooks").bearer(&key).body("application/json", garbage);
        assert_eq!(refusal(&plane.ask(&ask).await).0, 400, "{garbage:?}");
    }
    let listed = plane.ask(&caller.ask("GET", "/v1/webhooks").bearer(&key)).await.json();
    assert_eq!(listed, json!({"data": []}), "nothing was made");
}

/// Reading and writing are two rights.
pub async fn webhooks_are_read_and_written_by_keys_that_may(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let read = caller.account_key_for(ApiScope::WebhooksRead).await;
    let write = caller.account_key_for(ApiScope::WebhooksWrite).await;
    let body = json!({"url": URL, "events": ["usage.limit_exceeded"]});
    let forbidden = (403, "insufficient_scope".to_owned());
    assert_eq!(refusal(&plane.ask(&make(&caller, &read, &body)).await), forbidden);
    let list = |key: &str| caller.ask("GET", "/v1/webhooks").bearer(key);
    assert_eq!(refusal(&plane.ask(&list(&write)).await), forbidden);
    assert_eq!(plane.ask(&make(&caller, &write, &body)).await.status, 201);
    assert_eq!(plane.ask(&list(&read)).await.json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(refusal(&plane.ask(&caller.ask("GET", "/v1/webhooks")).await).0, 401);
}
