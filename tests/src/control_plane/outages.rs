//! What clients are told while the store is away.

use super::ask::refusal;
use super::caller::Caller;
use super::target::Target;
use crate::fault_proxy::{Faults, Outage};
use crate::http::Answer;
use domain::registry::Refresh;

/// A target whose DynamoDB can be made to fail.
pub trait Breakable: Target {
    /// From now on DynamoDB fails like this for it, and not for the test.
    fn fail(&self, faults: Faults);
}

/// While DynamoDB refuses or is silent, clients are told to come back; after that all is as before.
pub async fn without_the_store_clients_are_told_to_come_back(plane: &impl Breakable) {
    let caller = Caller::fresh(plane).await;
    let asks = [caller.get("/usage"), caller.get("/discovery?documentName=d")];
    for ask in &asks {
        assert_eq!(plane.ask(ask).await.status, 200, "{}", ask.uri);
    }
    for outage in [Outage::Refuses, Outage::Hangs] {
        plane.fail(Faults::outage(outage));
        for ask in &asks {
            assert_told_to_come_back(&plane.ask(ask).await, &format!("{} while it {outage:?}", ask.uri));
        }
        plane.fail(Faults::default());
        for ask in &asks {
            assert_eq!(plane.ask(ask).await.status, 200, "{} after it {outage:?}", ask.uri);
        }
    }
}

/// Without the registry nobody gets a token or a key set, and no secret is said to be wrong.
pub async fn without_the_registry_no_secret_is_said_to_be_wrong(plane: &impl Breakable) {
    let caller = Caller::fresh(plane).await;
    let client = caller.client(Refresh::Denied).await;
    let key_set = caller.ask("GET", &format!("/{}/.well-known/jwks", caller.tenant()));
    let asks = [caller.token_request(&super::tokens::by_secret(&client)), key_set];
    for outage in [Outage::Refuses, Outage::Hangs] {
        plane.fail(Faults::outage(outage));
        for ask in &asks {
            assert_told_to_come_back(&plane.ask(ask).await, &format!("{} while it {outage:?}", ask.uri));
        }
    }
    plane.fail(Faults::default());
    assert_eq!(plane.ask(&asks[0]).await.status, 200, "a token is had again");
}

/// A table whose capacity is used up for a moment is asked again, or clients are told to come back.
pub async fn a_throttled_table_is_no_verdict(plane: &impl Breakable) {
    let caller = Caller::fresh(plane).await;
    assert_eq!(plane.ask(&caller.get("/usage")).await.status, 200);
    plane.fail(Faults { throttled: 1.0, ..Faults::default() });
    assert_told_to_come_back(&plane.ask(&caller.get("/usage")).await, "/usage while it is throttled");
}

fn assert_told_to_come_back(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.body);
    assert_eq!(refusal(answer), (503, "service_unavailable".to_owned()), "{what}");
    let seconds: u64 = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or_default();
    assert!((5..=15).contains(&seconds), "{what}: {seconds}");
}
