//! Who is refused, and what every refusal looks like.

use super::ask::refusal;
use super::caller::Caller;
use super::target::Target;
use serde_json::json;
use std::collections::HashSet;

/// Without a genuine token nobody is told anything.
pub async fn who_brings_no_genuine_token_is_not_authenticated(plane: &impl Target) {
    let (caller, other) = (Caller::fresh(plane).await, Caller::fresh(plane).await);
    let expired = caller.sign(&json!({"exp": 1_000_000})).await;
    let of_another = caller.sign_by_key_of(&other, &json!({})).await;
    let tampered = format!("{}AAAA", &caller.token()[..caller.token().len() - 4]);
    for path in ["/usage", "/discovery?documentName=d"] {
        let bare = || caller.ask("GET", path);
        let asks = [
            ("no token", bare()),
            ("another scheme", bare().header("Authorization", "Basic eDp5")),
            ("no JWT", bare().bearer("not-a-token")),
            ("a changed signature", bare().bearer(&tampered)),
            ("an expired token", bare().bearer(&expired)),
            ("another tenant's key", bare().bearer(&of_another)),
        ];
        for (what, ask) in asks {
            let answer = plane.ask(&ask).await;
            assert_eq!(refusal(&answer), (401, "authentication_failed".to_owned()), "{path} with {what}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path} with {what}");
        }
    }
}

/// A genuine token that may not do this is forbidden.
pub async fn a_genuine_token_that_may_not_do_this_is_forbidden(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let changes = [json!({"scope": "openid"}), json!({"aud": "Another.API"}), json!({"limits": {}})];
    for changed in changes {
        let answer = plane.ask(&caller.get_with("/usage", &changed).await).await;
        assert_eq!(refusal(&answer), (403, "insufficient_scope".to_owned()), "{changed}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
}

/// A browser on another domain may not use a token that is for one.
pub async fn a_browser_on_another_domain_may_not_use_the_token(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let token = caller.sign(&json!({"allowed_domain_1": "app.example.com"})).await;
    let from = |origin: &str| caller.ask("GET", "/usage").bearer(&token).header("Origin", origin);
    for origin in ["https://evil.example.com", "null"] {
        let answer = plane.ask(&from(origin)).await;
        assert_eq!(refusal(&answer), (403, "insufficient_scope".to_owned()), "{origin}");
    }
    assert_eq!(plane.ask(&from("https://App.Example.com")).await.status, 200);
}

/// A token may come in the header or in either parameter, and the header goes first.
pub async fn a_token_may_come_in_the_header_or_in_either_parameter(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let token = caller.token();
    let asks = [
        caller.ask("GET", "/usage?token=none").header("authorization", &format!("bearer {token}")),
        caller.ask("GET", &format!("/usage?access_token=none&token={token}")),
        caller.ask("GET", &format!("/usage?access_token={token}")),
    ];
    for ask in asks {
        assert_eq!(plane.ask(&ask).await.status, 200, "{}", ask.uri);
    }
}

/// Nothing is served at other paths.
pub async fn nothing_is_served_at_other_paths(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    for path in
        ["/", "/Discovery", "/usage/a", "/connect", "/connect/token/x", "/health", "/.well-known/jwks"]
    {
        let answer = plane.ask(&caller.get(path)).await;
        assert_eq!(refusal(&answer), (404, "not_found".to_owned()), "{path}");
    }
}

/// Every answer has an id of its own, and may be read by any origin and kept by nobody.
pub async fn every_answer_has_an_id_and_may_be_read_by_any_origin(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let asks = [
        caller.get("/usage").header("X-Request-Id", "mine"),
        caller.get("/usage"),
        caller.get("/discovery?documentName=d").header("Origin", "https://app.example.com"),
        caller.get("/discovery"),
        caller.ask("GET", "/usage"),
        caller.get("/nowhere"),
    ];
    let mut ids = HashSet::new();
    for ask in &asks {
        let answer = plane.ask(ask).await;
        let id = answer.header("x-request-id").unwrap_or_else(|| panic!("{} has no id", ask.uri));
        assert_eq!(id.len(), 32, "{id}");
        ids.insert(id.to_owned());
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{}", ask.uri);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", ask.uri);
    }
    assert_eq!(ids.len(), asks.len());
}
