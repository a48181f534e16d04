//! `POST /connect/token`: refresh tokens, each good once.

use super::caller::{Caller, Credentials};
use super::target::Target;
use super::tokens::error;
use crate::http::Answer;
use domain::registry::Refresh;

/// A refresh token is followed by another, and what is issued for it is a token like any other.
pub async fn a_refresh_token_is_followed_by_another(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Allowed).await;
    let mut refresh = first(plane, &caller, &client).await;
    for _ in 0..2 {
        let answer = turn(plane, &caller, &client, &refresh).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        let token = body["access_token"].as_str().expect("there is a token");
        assert_eq!(plane.ask(&caller.ask("GET", "/usage").bearer(token)).await.status, 200);
        let next = body["refresh_token"].as_str().expect("there is a refresh token");
        assert_ne!(next, refresh);
        refresh = next.to_owned();
    }
}

/// A refresh token that is used twice revokes its family: whoever has the next one has nothing.
pub async fn a_refresh_token_used_twice_revokes_its_family(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Allowed).await;
    let spent = first(plane, &caller, &client).await;
    let next = refresh_token(&turn(plane, &caller, &client, &spent).await);
    for token in [&spent, &next] {
        let answer = turn(plane, &caller, &client, token).await;
        assert_eq!(error(&answer), (400, "invalid_grant".to_owned()));
    }
}

/// Another client's refresh token is good for nothing, and stays good for its own.
pub async fn another_clients_refresh_token_is_good_for_nothing(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let (client, other) = (caller.client(Refresh::Allowed).await, caller.client(Refresh::Allowed).await);
    let refresh = first(plane, &caller, &client).await;
    let answer = turn(plane, &caller, &other, &refresh).await;
    assert_eq!(error(&answer), (400, "invalid_grant".to_owned()));
    assert_eq!(turn(plane, &caller, &client, &refresh).await.status, 200);
}

/// A revoked client's refresh tokens are good no more.
pub async fn a_revoked_clients_refresh_token_is_good_no_more(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Allowed).await;
    let refresh = first(plane, &caller, &client).await;
    caller.revoke(&client).await;
    let answer = turn(plane, &caller, &client, &refresh).await;
    assert_eq!(error(&answer), (400, "invalid_grant".to_owned()));
}

async fn first(plane: &impl Target, caller: &Caller<'_>, client: &Credentials) -> String {
    let mut fields = super::tokens::by_secret(client).to_vec();
    fields.push(("scope", "WireSocket.API+offline_access"));
    let answer = plane.ask(&caller.token_request(&fields)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    refresh_token(&answer)
}

async fn turn(plane: &impl Target, caller: &Caller<'_>, client: &Credentials, refresh: &str) -> Answer {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", &*client.id)];
    plane.ask(&caller.token_request(&fields)).await
}

fn refresh_token(answer: &Answer) -> String {
    let body = answer.json();
    body["refresh_token"].as_str().unwrap_or_else(|| panic!("no refresh token in {body}")).to_owned()
}
