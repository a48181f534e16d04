use crate::{House, id};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::bounds::{KEY_PUBLISHED_BEFORE, KEY_SET_SECONDS, RETIRED_KEY_KEPT, TENANT_KEYS_MAX};
use domain::ids::KeyId;
use domain::ports::{Registry, TokenSigner};
use domain::registry::{Standing, standing};
use domain::token::InvalidToken;
use serde_json::Value;
use stores::jwt::{MakeKeyError, Start};

async fn standings(house: &House) -> Vec<Standing> {
    let mut keys = house.registry.keys(&id("a")).await.unwrap();
    keys.sort_by_key(|key| key.signs_from_unix_s);
    keys.iter().map(|key| standing(key, &keys, house.now_s())).collect()
}

fn kid(token: &str) -> KeyId {
    let header = token.split_once('.').unwrap().0;
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    KeyId::parse(header["kid"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_next_key_signs_when_everybody_knows_it_and_no_token_is_lost() {
    let house = House::new().await;
    let before = house.token("a").await;
    assert!(house.verify(&before).await.is_ok());
    let next = house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await.unwrap();
    assert_eq!(standings(&house).await, [Standing::Active, Standing::Next]);

    house.advance(KEY_PUBLISHED_BEFORE.as_secs() - 1);
    let last = house.token("a").await;
    assert_eq!(kid(&last), kid(&before));
    house.advance(1);
    let first = house.token("a").await;
    assert_eq!(kid(&first), next.id);
    assert_eq!(standings(&house).await, [Standing::Retired, Standing::Active]);
    for token in [&before, &last, &first] {
        assert!(house.verify(token).await.is_ok());
    }
}

#[tokio::test]
async fn a_retired_key_verifies_until_it_is_past_and_is_dropped_then() {
    let house = House::new().await;
    let mut claims = house.claims("a");
    claims["exp"] = (house.now_s() + 100_000).into();
    let old = house.sign("a", &claims).await;
    house.advance(10);
    house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
    house.advance(RETIRED_KEY_KEPT.as_secs() - 1);
    assert!(house.verify(&old).await.is_ok());
    house.advance(1);
    assert_eq!(standings(&house).await, [Standing::Past, Standing::Active]);
    house.advance(3 * KEY_SET_SECONDS);
    assert_eq!(house.verify(&old).await, Err(InvalidToken::UnknownKey.into()));
    house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await.unwrap();
    assert_eq!(standings(&house).await, [Standing::Active, Standing::Next]);
}

#[tokio::test]
async fn a_key_that_starts_at_once_follows_one_of_the_same_second() {
    let house = House::new().await;
    for _ in 0..8 {
        let key = house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
        house.advance(1);
        assert_eq!(kid(&house.token("a").await), key.id);
    }
}

#[tokio::test]
async fn a_revoked_key_soon_signs_nothing() {
    let house = House::new().await;
    let token = house.token("a").await;
    house.registry.drop_key(&id("a"), &kid(&token)).await.unwrap();
    house.advance(5);
    assert_eq!(house.keys.sign(&id("a"), &house.claims("a"), house.now_s()).await, Ok(None));
}

#[tokio::test]
async fn a_revoked_key_is_refused_after_a_quarter_of_an_hour() {
    let house = House::new().await;
    let mut claims = house.claims("a");
    claims["exp"] = (house.now_s() + 100_000).into();
    let token = house.sign("a", &claims).await;
    assert!(house.verify(&token).await.is_ok());
    house.registry.drop_key(&id("a"), &kid(&token)).await.unwrap();
    house.advance(3 * KEY_SET_SECONDS);
    assert_eq!(house.verify(&token).await, Err(InvalidToken::UnknownKey.into()));
}

#[tokio::test]
async fn a_tenant_has_only_so_many_keys() {
    let house = House::new().await;
    for _ in 1..TENANT_KEYS_MAX {
        house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await.unwrap();
    }
    let refused = house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await;
    assert_eq!(refused, Err(MakeKeyError::TooMany));
    assert!(house.keys.make(&id("b"), house.now_s(), Start::WhenKnown).await.is_ok());
}

#[tokio::test]
async fn a_key_that_was_moved_to_another_tenant_signs_nothing() {
    let house = House::new().await;
    let mut stolen = house.registry.keys(&id("a")).await.unwrap().remove(0);
    stolen.tenant = id("c");
    house.registry.add_key(&stolen).await.unwrap();
    let signed = house.keys.sign(&id("c"), &house.claims("c"), house.now_s()).await;
    assert_eq!(signed.unwrap_err().store, "vault");
}
