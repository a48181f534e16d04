use crate::house::{Ask, FAR_TOKEN, House};
use domain::ports::NodeState;
use serde_json::json;

#[tokio::test]
async fn a_new_document_goes_to_the_nearest_region() {
    let house = House::new();
    house.home.announce("far", "us-east-1", NodeState::Up).await;
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    let answer = house.get("/discovery?documentName=my-doc").await;
    assert_eq!(
        answer.text,
        r#"{"region":"eu-central-1","url":"wss://eu-central-1.example.net/my-doc","isNew":true}"#
    );
}

#[tokio::test]
async fn a_new_document_goes_elsewhere_where_the_nearest_region_has_no_healthy_node() {
    let house = House::new();
    house.home.announce("leaving", "eu-central-1", NodeState::Draining).await;
    house.home.announce("dead", "us-east-1", NodeState::Fenced).await;
    house.home.announce("alive", "ap-south-1", NodeState::Up).await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(
        answer.json(),
        json!({"region": "ap-south-1", "url": "wss://ap-south-1.example.net/d", "isNew": true})
    );
}

#[tokio::test]
async fn without_a_healthy_node_anywhere_clients_are_told_to_come_back() {
    let house = House::new();
    house.home.announce("leaving", "eu-central-1", NodeState::Draining).await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(answer.refusal(), (503, "service_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn an_active_document_stays_in_its_region() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    house.home.announce("owner", "us-east-1", NodeState::Up).await;
    house.home.pin("d", "us-east-1").await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(
        answer.json(),
        json!({"region": "us-east-1", "url": "wss://us-east-1.example.net/d", "isNew": false})
    );
}

#[tokio::test]
async fn a_document_of_the_same_name_in_another_app_is_another_document() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    house.home.pin("d", "us-east-1").await;
    let ask = Ask::get("/discovery?documentName=d").header("authorization", "Bearer of-another-app");
    assert_eq!(house.ask(ask).await.json()["isNew"], true);
}

#[tokio::test]
async fn a_region_without_live_node_has_no_url() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    house.home.announce("owner", "us-east-1", NodeState::Fenced).await;
    house.home.pin("d", "us-east-1").await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(answer.json(), json!({"region": "us-east-1", "url": null, "isNew": false}));
}

#[tokio::test]
async fn a_region_whose_nodes_tell_no_usable_url_has_none() {
    let house = House::new();
    for (name, url) in [("silent", ""), ("wrong", "https://eu-central-1.example.net")] {
        house.home.announce_at(name, "eu-central-1", NodeState::Up, url).await;
    }
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(answer.json(), json!({"region": "eu-central-1", "url": null, "isNew": true}));
    house.home.pin("d", "eu-central-1").await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(answer.json(), json!({"region": "eu-central-1", "url": null, "isNew": false}));
    house.home.announce("telling", "eu-central-1", NodeState::Up).await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(answer.json()["url"], "wss://eu-central-1.example.net/d");
}

#[tokio::test]
async fn the_dead_open_no_region() {
    let house = House::new();
    for (name, state) in [("fenced", NodeState::Fenced), ("reaped", NodeState::Reaped)] {
        house.home.announce(name, "eu-central-1", state).await;
    }
    assert_eq!(house.get("/discovery?documentName=d").await.status, 503);
    house.home.pin("d", "eu-central-1").await;
    let answer = house.get("/discovery?documentName=d").await;
    assert_eq!(answer.json(), json!({"region": "eu-central-1", "url": null, "isNew": false}));
    house.home.announce("alive", "us-east-1", NodeState::Up).await;
    let answer = house.get("/discovery?documentName=new").await;
    assert_eq!(answer.json()["region"], "us-east-1");
}

#[tokio::test]
async fn each_app_is_looked_up_in_its_home() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    house.far_home.announce("near", "eu-central-1", NodeState::Up).await;
    house.far_home.announce("far", "us-east-1", NodeState::Up).await;
    house.far_home.pin("d", "us-east-1").await;
    assert_eq!(house.get("/discovery?documentName=d").await.json()["isNew"], true);
    let answer = house.ask(Ask::get(&format!("/discovery?documentName=d&token={FAR_TOKEN}"))).await;
    assert_eq!(
        answer.json(),
        json!({"region": "us-east-1", "url": "wss://us-east-1.example.net/d", "isNew": false})
    );
}

#[tokio::test]
async fn no_more_than_33_regions_are_looked_up() {
    let house = House::new();
    for n in 0..32 {
        house.home.announce("dead", &format!("region-{n:02}"), NodeState::Reaped).await;
    }
    house.home.announce("alive", "region-31", NodeState::Up).await;
    assert_eq!(house.get("/discovery?documentName=d").await.json()["region"], "region-31");
    house.home.announce("dead", "region-00-5", NodeState::Reaped).await;
    assert_eq!(house.get("/discovery?documentName=d").await.status, 503);
}

#[tokio::test]
async fn a_name_is_decoded_once_and_encoded_for_the_path() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    house.home.announce("owner", "us-east-1", NodeState::Up).await;
    house.home.pin("a/b ü+%", "us-east-1").await;
    let answer = house.get("/discovery?documentName=a%2Fb+%C3%BC%2B%25").await.json();
    assert_eq!(answer["isNew"], false);
    assert_eq!(answer["url"], "wss://us-east-1.example.net/a%2Fb%20%C3%BC+%25");
}

#[tokio::test]
async fn a_document_must_be_named() {
    let answer = House::new().get("/discovery?document=d").await;
    assert_eq!(answer.refusal(), (400, "missing_parameter".to_owned()));
    assert!(answer.message().contains("documentName"));
}

#[tokio::test]
async fn a_refused_name_is_answered_with_what_would_be_right() {
    let house = House::new();
    house.home.announce("near", "eu-central-1", NodeState::Up).await;
    let longest = "d".repeat(512);
    assert_eq!(house.get(&format!("/discovery?documentName={longest}")).await.status, 200);
    for name in ["", "%00", "%ff", "%2", &format!("{longest}d")] {
        let answer = house.get(&format!("/discovery?documentName={name}")).await;
        assert_eq!(answer.refusal(), (400, "invalid_parameter".to_owned()), "{name}");
        assert!(answer.message().contains("1 to 512 bytes"), "{}", answer.message());
    }
}
