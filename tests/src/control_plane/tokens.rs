//! `POST /connect/token`: tokens for clients, by their secrets.

use super::ask::refusal;
use super::caller::{Caller, Credentials};
use super::target::Target;
use crate::http::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::registry::Refresh;
use serde_json::{Value, json};

/// A client's secret is good for a token that the control plane takes.
pub async fn a_clients_secret_is_good_for_a_token(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Denied).await;
    let answer = plane.ask(&caller.token_request(&by_secret(&client))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(body.get("refresh_token"), None, "nobody asked for one");
    let token = body["access_token"].as_str().expect("there is a token");
    let usage = plane.ask(&caller.ask("GET", "/usage").bearer(token)).await;
    assert_eq!(usage.status, 200, "{}", usage.body);
    assert_eq!(usage.json()["tenantId"], caller.tenant());
    assert_eq!(usage.json()["usage"]["connections"]["limit"], 100, "the plan's limits travel in the token");
}

/// The secret may come by HTTP Basic instead of in the body.
pub async fn a_secret_may_come_by_basic_authentication(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Denied).await;
    let basic = basic(&client.id, &client.secret);
    let ask = caller.token_request(&[("grant_type", "client_credentials")]).header("Authorization", &basic);
    assert_eq!(plane.ask(&ask).await.status, 200);
    let wrong = caller
        .token_request(&[("grant_type", "client_credentials")])
        .header("Authorization", &self::basic(&client.id, "another"));
    let answer = plane.ask(&wrong).await;
    assert_eq!(error(&answer), (401, "invalid_client".to_owned()));
    assert!(answer.header("www-authenticate").is_some_and(|scheme| scheme.starts_with("Basic ")));
}

/// A wrong secret and an unknown client are told the same.
pub async fn a_wrong_secret_and_an_unknown_client_are_told_the_same(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Denied).await;
    let revoked = caller.client(Refresh::Denied).await;
    caller.revoke(&revoked).await;
    let of = |id: &str, secret: &str| Credentials { id: id.to_owned(), secret: secret.to_owned() };
    let wrong = [of(&client.id, "another"), of("nobody", &client.secret), revoked];
    let mut told = Vec::new();
    for client in &wrong {
        let answer = plane.ask(&caller.token_request(&by_secret(client))).await;
        assert_eq!(error(&answer), (401, "invalid_client".to_owned()), "{}", client.id);
        told.push(answer.json()["error_description"].clone());
    }
    assert!(told.iter().all(|description| *description == told[0]), "{told:?}");
}

/// Requests that are none are refused as RFC 6749 section 5.2 says.
pub async fn a_request_that_is_none_is_refused_in_oauths_words(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Denied).await;
    let Credentials { id, secret } = &client;
    let grant = ("grant_type", "client_credentials");
    let (id, secret) = (("client_id", id.as_str()), ("client_secret", secret.as_str()));
    let form = |fields: &[(&str, &str)]| caller.token_request(fields);
    let cases = [
        ("no grant", form(&[id, secret]), "invalid_request"),
        ("another grant", form(&[("grant_type", "password"), id, secret]), "unsupported_grant_type"),
        ("a parameter twice", form(&[grant, grant, id, secret]), "invalid_request"),
        ("another scope", form(&[grant, id, secret, ("scope", "openid")]), "invalid_scope"),
        ("offline access", form(&[grant, id, secret, ("scope", "offline_access")]), "invalid_scope"),
        (
            "secrets at two places",
            form(&[grant, id, secret]).header("Authorization", &basic(id.1, secret.1)),
            "invalid_request",
        ),
        (
            "another type of body",
            caller.ask("POST", "/connect/token").body("application/json", "{}"),
            "invalid_request",
        ),
        ("no body", caller.ask("POST", "/connect/token"), "invalid_request"),
    ];
    for (what, ask, code) in cases {
        assert_eq!(error(&plane.ask(&ask).await), (400, code.to_owned()), "{what}");
    }
}

/// Other methods are told which one there is.
pub async fn a_token_is_only_had_by_post(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let answer = plane.ask(&caller.ask("GET", "/connect/token")).await;
    assert_eq!(refusal(&answer), (405, "method_not_allowed".to_owned()));
    assert!(answer.header("allow").is_some_and(|methods| methods.contains("POST")));
}

/// The fields of a request by a client's secret.
#[must_use]
pub(super) fn by_secret(client: &Credentials) -> [(&str, &str); 3] {
    [("grant_type", "client_credentials"), ("client_id", &client.id), ("client_secret", &client.secret)]
}

/// Status and `error` of OAuth's refusal, which nobody may keep.
pub(super) fn error(answer: &Answer) -> (u16, String) {
    let body: Value = answer.json();
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    (answer.status, body["error"].as_str().unwrap_or_default().to_owned())
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}
