//! `GET /{tenantId}/.well-known/jwks`.

use super::ask::{Ask, refusal};
use super::caller::Caller;
use super::target::Target;
use serde_json::Value;
use stores::jwt::Start;

/// A tenant's key set holds its public keys, and nothing private.
pub async fn a_tenants_key_set_holds_its_public_keys(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let answer = plane.ask(&key_set(&caller)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/")));
    let keys = keys(&answer.json());
    assert_eq!(keys.len(), 1);
    let has = |name: &str, value: &str| keys[0][name] == value;
    assert!(
        has("kty", "OKP") && has("crv", "Ed25519") && has("alg", "EdDSA") && has("use", "sig"),
        "{keys:?}"
    );
    assert!(keys[0]["kid"].is_string());
    assert_eq!(keys[0].get("d"), None, "a private key is published");
}

/// The next key is published before it signs.
pub async fn the_next_key_is_published_before_it_signs(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    caller.rotate(Start::WhenKnown).await;
    assert_eq!(keys(&plane.ask(&key_set(&caller)).await.json()).len(), 2);
}

/// Whoever has the key set already is told that it is still the same.
pub async fn a_key_set_that_is_the_same_is_not_sent_again(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let first = plane.ask(&key_set(&caller)).await;
    let tag = first.header("etag").expect("it has a tag").to_owned();
    let again = plane.ask(&key_set(&caller).header("If-None-Match", &tag)).await;
    assert_eq!((again.status, &*again.body), (304, ""));
    assert_eq!(again.header("etag"), Some(&*tag));
    caller.rotate(Start::WhenKnown).await;
    assert_eq!(plane.ask(&key_set(&caller).header("If-None-Match", &tag)).await.status, 200);
}

/// There is no key set of a tenant that there is not.
pub async fn an_unknown_tenant_has_no_key_set(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    for tenant in ["nobody", "a..b"] {
        let answer = plane.ask(&caller.ask("GET", &format!("/{tenant}/.well-known/jwks"))).await;
        assert_eq!(refusal(&answer), (404, "not_found".to_owned()), "{tenant}");
    }
}

fn key_set(caller: &Caller<'_>) -> Ask {
    caller.ask("GET", &format!("/{}/.well-known/jwks", caller.tenant()))
}

fn keys(set: &Value) -> Vec<Value> {
    set["keys"].as_array().unwrap_or_else(|| panic!("{set} is no key set")).clone()
}
