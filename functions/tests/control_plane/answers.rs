//! What every answer carries, and what is answered besides `GET`.

use crate::house::{Answer, Ask, House, TOKEN};
use axum::http::Method;
use domain::ports::NodeState;
use std::collections::HashSet;

/// One answer of each status that a router with healthy stores gives.
async fn one_of_each() -> Vec<Answer> {
    let house = House::new();
    let nodeless = house.get("/discovery?documentName=d").await;
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    let mut answers = vec![
        house.get("/discovery?documentName=d").await,
        house.ask(Ask::new(Method::OPTIONS, "/usage")).await,
        house.get("/discovery").await,
        house.ask(Ask::get("/usage")).await,
        house.ask(Ask::get("/usage?token=out-of-scope")).await,
        house.get("/").await,
        house.ask(Ask::new(Method::POST, "/usage")).await,
    ];
    // Two of a minute's twelve are spent above, so that the last of these is refused.
    for _ in 0..11 {
        answers.push(house.get("/usage").await);
    }
    answers.push(nodeless);
    answers
}

#[tokio::test]
async fn every_answer_may_be_read_by_any_origin_and_kept_by_nobody() {
    let answers = one_of_each().await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.dedup();
    assert_eq!(statuses, [200, 204, 400, 401, 403, 404, 405, 200, 429, 503]);
    for answer in answers {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{}", answer.status);
        assert_eq!(answer.header("access-control-expose-headers"), Some("Retry-After, X-Request-Id"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let answers = one_of_each().await;
    let ids: HashSet<&str> = answers.iter().map(|answer| answer.header("x-request-id").unwrap()).collect();
    assert_eq!(ids.len(), answers.len());
    assert!(ids.iter().all(|id| id.len() == 32));
}

#[tokio::test]
async fn every_refusal_has_the_envelope_and_its_id() {
    let answers = one_of_each().await;
    let refused = answers.iter().filter(|answer| answer.status.as_u16() >= 400);
    let codes: Vec<String> = refused.map(|answer| answer.refusal().1).collect();
    let expected = [
        "missing_parameter",
        "authentication_failed",
        "insufficient_scope",
        "not_found",
        "method_not_allowed",
        "rate_limit_exceeded",
        "service_unavailable",
    ];
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn a_clients_own_request_id_is_not_taken_over() {
    let house = House::new();
    let answer = house.ask(Ask::get("/usage").header("x-request-id", "mine")).await;
    assert_ne!(answer.header("x-request-id"), Some("mine"));
}

#[tokio::test]
async fn a_preflight_is_answered_at_any_path() {
    let house = House::new();
    for path in ["/discovery", "/usage", "/nowhere"] {
        let preflight = Ask::new(Method::OPTIONS, path)
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let answer = house.ask(preflight).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("Authorization"));
    }
}

#[tokio::test]
async fn options_without_a_preflight_names_the_methods() {
    let house = House::new();
    let answer = house.ask(Ask::new(Method::OPTIONS, "/usage")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    let answer = house.ask(Ask::new(Method::OPTIONS, "/nowhere")).await;
    assert_eq!(answer.refusal().0, 404);
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let house = House::new();
    for (path, status) in [("/usage?token=genuine", 200), ("/usage", 401), ("/nowhere", 404)] {
        let get = house.ask(Ask::get(path)).await;
        let head = house.ask(Ask::new(Method::HEAD, path)).await;
        assert_eq!((head.status.as_u16(), &*head.text), (status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("content-length"), Some(&*get.text.len().to_string()), "{path}");
        assert!(head.header("x-request-id").is_some());
    }
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let house = House::new();
    let methods = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE];
    for method in methods {
        for path in ["/discovery", "/usage"] {
            let answer = house.ask(Ask::new(method.clone(), path)).await;
            assert_eq!(answer.refusal(), (405, "method_not_allowed".to_owned()), "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
}

#[tokio::test]
async fn nothing_is_served_at_other_paths() {
    let house = House::new();
    for path in ["/", "/discovery/", "/discovery/d", "/usage/a", "//usage", "/%75sage", "/Discovery"] {
        let answer = house.ask(Ask::get(&format!("{path}?token={TOKEN}"))).await;
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()), "{path}");
    }
}
