//! `GET /openapi.json`.

use super::caller::Caller;
use super::described::description;
use super::target::Target;

/// The description is had by anybody, and is the one that every answer of this suite is held against.
pub async fn the_description_is_served_to_anybody(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let answer = plane.ask(&caller.ask("GET", "/openapi.json")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let served = answer.json();
    assert_eq!(served, *description());
    assert_eq!(served["openapi"], "3.1.0");
}
