use crate::house::{Ask, FAR_TOKEN, House};
use std::time::Duration;

#[tokio::test]
async fn usage_is_the_sum_over_all_nodes_beside_the_plan_limits() {
    let house = House::new();
    house.home.count("node-a", 80, 3).await;
    house.home.count("node-b", 2, 1).await;
    let expected = concat!(
        r#"{"tenantId":"t","appId":"a","usage":{"#,
        r#""connections":{"current":82,"limit":100,"percent":82.0,"status":"warning"},"#,
        r#""documents":{"current":4,"limit":20,"percent":20.0,"status":"healthy"}},"#,
        r#""timestamp":"2026-02-25T14:40:00.000Z"}"#
    );
    let answer = house.get("/usage").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text, expected);
}

#[tokio::test]
async fn usage_tells_the_time_of_the_clock() {
    let house = House::new();
    house.clock.advance(Duration::from_millis(61_042));
    assert_eq!(house.get("/usage").await.json()["timestamp"], "2026-02-25T14:41:01.042Z");
}

#[tokio::test]
async fn an_app_that_was_never_counted_uses_nothing() {
    let usage = House::new().get("/usage").await.json()["usage"].clone();
    assert_eq!(usage["connections"]["current"], 0);
    assert_eq!(usage["documents"]["status"], "healthy");
}

#[tokio::test]
async fn anything_over_a_limit_of_zero_is_critical() {
    let house = House::new();
    house.home.count("node-a", 1, 0).await;
    let ask = Ask::get("/usage?token=without-limits");
    let text = house.ask(ask).await.text;
    assert!(text.contains(r#""connections":{"current":1,"limit":0,"percent":100.0,"status":"critical"}"#));
    assert!(text.contains(r#""documents":{"current":0,"limit":0,"percent":0.0,"status":"healthy"}"#));
}

#[tokio::test]
async fn usage_is_counted_in_the_home_of_the_app() {
    let house = House::new();
    house.home.count("node-a", 1, 1).await;
    house.far_home.count("node-a", 7, 2).await;
    let current = |answer: serde_json::Value| answer["usage"]["connections"]["current"].clone();
    assert_eq!(current(house.get("/usage").await.json()), 1);
    assert_eq!(current(house.ask(Ask::get(&format!("/usage?token={FAR_TOKEN}"))).await.json()), 7);
}
