//! How often one client may ask.

use super::ask::{Ask, refusal};
use super::caller::Caller;
use super::target::Target;
use crate::http::Answer;
use domain::registry::Refresh;

/// Of many requests for usage the 13th in a minute is refused.
pub async fn the_13th_usage_in_a_minute_is_refused(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let refused = first_refused(plane, &caller.get("/usage"), 12).await;
    assert!(refused.json()["error"]["message"].as_str().is_some_and(|message| message.contains("12")));
}

/// Guessing at tokens counts like anything else.
pub async fn guessing_at_tokens_is_bounded_too(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    first_refused(plane, &caller.ask("GET", "/usage?token=forged"), 12).await;
    assert_eq!(plane.ask(&caller.get("/usage")).await.status, 429);
}

/// Of many requests for directions the 61st in a minute is refused.
pub async fn the_61st_discovery_in_a_minute_is_refused(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    first_refused(plane, &caller.get("/discovery?documentName=d"), 60).await;
}

/// Of 50 requests for tokens 30 are answered, and the 20 over the policy refused.
pub async fn of_50_requests_for_tokens_20_are_refused(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Denied).await;
    let fields = super::tokens::by_secret(&client);
    let ask = caller.token_request(&fields);
    first_refused(plane, &ask, 30).await;
    for _ in 31..50 {
        assert_eq!(plane.ask(&ask).await.status, 429);
    }
}

/// The answer to the first request past `limit`, each before which was let pass.
async fn first_refused(plane: &impl Target, ask: &Ask, limit: usize) -> Answer {
    for n in 0..limit {
        let answer = plane.ask(ask).await;
        assert_ne!(answer.status, 429, "the {}th {} is refused", n + 1, ask.path());
    }
    let answer = plane.ask(ask).await;
    assert_eq!(refusal(&answer), (429, "rate_limit_exceeded".to_owned()), "{}", ask.path());
    assert_eq!(answer.header("retry-after"), Some("60"));
    answer
}
