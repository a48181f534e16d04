use crate::broken::Broken;
use crate::house::{Ask, House, NOW_UNIX_MS};
use crate::issuing::{Books, issuing_house, tenant};
use domain::bounds::{KEY_PUBLISHED_BEFORE, RETIRED_KEY_KEPT};
use domain::ports::Registry;
use std::sync::Arc;
use stores::jwt::Start;

const PATH: &str = "/acme/.well-known/jwks";

async fn kids(house: &House) -> Vec<String> {
    let keys = house.ask(Ask::get(PATH)).await.json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_set_may_be_kept_for_five_minutes() {
    let answer = issuing_house().await.ask(Ask::get(PATH)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let key = answer.json()["keys"][0].clone();
    assert_eq!((key["alg"].as_str(), key["use"].as_str()), (Some("EdDSA"), Some("sig")));
    assert!(key.get("d").is_none(), "the private part stays here: {key}");
}

#[tokio::test]
async fn who_has_the_key_set_is_not_sent_it_again() {
    let books = Books::new().await;
    let house = books.house();
    let tag = house.ask(Ask::get(PATH)).await.header("etag").unwrap().to_owned();
    let known = |tags: &str| Ask::get(PATH).header("if-none-match", tags);
    for tags in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = house.ask(known(&tags)).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (304, ""), "{tags}");
        assert_eq!(answer.header("etag"), Some(&*tag));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    }
    assert_eq!(house.ask(known("\"other\"")).await.status, 200);
    books.keys.make(&tenant(), NOW_UNIX_MS / 1000, Start::WhenKnown).await.unwrap();
    assert_eq!(house.ask(known(&tag)).await.status, 200, "another set has another tag");
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_after_it_is_retired() {
    let books = Books::new().await;
    let house = books.house();
    let first = kids(&house).await;
    books.keys.make(&tenant(), NOW_UNIX_MS / 1000, Start::WhenKnown).await.unwrap();
    assert_eq!(kids(&house).await.len(), 2);
    house.clock.advance(KEY_PUBLISHED_BEFORE);
    assert_eq!(kids(&house).await.len(), 2, "the first one is retired");
    house.clock.advance(RETIRED_KEY_KEPT);
    let last = kids(&house).await;
    assert!(last.len() == 1 && last != first, "the first one is past");
}

#[tokio::test]
async fn a_tenant_that_there_is_not_has_no_key_set() {
    let house = issuing_house().await;
    for path in ["/nobody/.well-known/jwks", "/no%20id/.well-known/jwks", "/%ff/.well-known/jwks"] {
        let answer = house.ask(Ask::get(path)).await;
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_tenant_whose_keys_were_all_revoked_has_an_empty_set() {
    let books = Books::new().await;
    for key in books.registry.keys(&tenant()).await.unwrap() {
        books.registry.drop_key(&tenant(), &key.id).await.unwrap();
    }
    let answer = books.house().ask(Ask::get(PATH)).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, r#"{"keys":[]}"#));
}

#[tokio::test]
async fn key_sets_and_tokens_count_together() {
    let house = issuing_house().await;
    for _ in 0..15 {
        assert_eq!(house.form("").await.status, 400);
        assert_eq!(house.ask(Ask::get(PATH)).await.status, 200);
    }
    assert_eq!(house.form("").await.status, 429);
    assert_eq!(house.ask(Ask::get(PATH)).await.status, 429);
}

#[tokio::test]
async fn a_registry_that_is_away_makes_no_key_set_empty() {
    let mut issuer = Books::new().await.issuer();
    issuer.registry = Arc::new(Broken::Dead);
    let house = House::with(|plane| plane.issuer = Some(issuer));
    assert_eq!(house.ask(Ask::get(PATH)).await.refusal(), (503, "service_unavailable".to_owned()));
}
