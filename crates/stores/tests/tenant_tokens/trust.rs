use crate::{House, id};
use domain::bounds::TOKEN_LEEWAY_SECONDS;
use domain::ports::TokenSigner;
use domain::token::{Forbidden, InvalidToken};
use serde_json::json;
use stores::jwt::{KeySources, StaticKeys, Verifier};

#[tokio::test]
async fn a_tenants_key_verifies_its_own_tokens() {
    let house = House::new().await;
    for tenant in ["a", "b", "a"] {
        let token = house.token(tenant).await;
        assert_eq!(house.verify(&token).await.as_deref(), Ok(tenant));
        assert_eq!(house.verify(&token).await.as_deref(), Ok(tenant), "and remembered");
    }
}

#[tokio::test]
async fn a_tenants_key_never_verifies_another_tenants_token() {
    let house = House::new().await;
    for known in [false, true] {
        let forged = house.sign("a", &house.claims("b")).await;
        assert_eq!(house.verify(&forged).await, Err(InvalidToken::UnknownKey.into()), "{known}");
        for tenant in ["a", "b"] {
            assert!(house.verify(&house.token(tenant).await).await.is_ok());
        }
    }
}

#[tokio::test]
async fn a_token_that_names_two_tenants_is_of_the_one_that_its_claims_are_read_for() {
    let house = House::new().await;
    let mut claims = house.claims("b");
    claims["tenantId"] = json!("a");
    let by_a = house.sign("a", &claims).await;
    assert_eq!(house.verify(&by_a).await, Err(InvalidToken::UnknownKey.into()));
    let by_b = house.sign("b", &claims).await;
    assert_eq!(house.verify(&by_b).await.as_deref(), Ok("b"));
}

#[tokio::test]
async fn a_token_without_a_tenant_is_nobodys() {
    let house = House::new().await;
    for tenant in [json!(null), json!(7), json!(["a"]), json!(""), json!("a/../b"), json!("a".repeat(65))] {
        let mut claims = house.claims("a");
        claims["tenantid"] = tenant.clone();
        let by_a = house.sign("a", &claims).await;
        assert_eq!(house.verify(&by_a).await, Err(InvalidToken::UnknownKey.into()), "{tenant}");
        let by_operator = house.operator.sign(&claims);
        assert_eq!(house.verify(&by_operator).await, Err(Forbidden::Tenant.into()), "{tenant}");
    }
    assert_eq!(house.source.fetches(), 0, "nobody was asked for");
}

#[tokio::test]
async fn the_operators_key_verifies_every_tenants_tokens_and_asks_nobody() {
    let house = House::new().await;
    house.source.set_away(true);
    for tenant in ["a", "b", "unheard-of"] {
        let token = house.operator.sign(&house.claims(tenant));
        assert_eq!(house.verify(&token).await.as_deref(), Ok(tenant));
    }
    assert_eq!(house.source.fetches(), 0);
}

#[tokio::test]
async fn without_any_source_every_token_is_refused() {
    let house = House::new().await;
    let verifier = Verifier::of(KeySources::default(), house.clock.clone(), Vec::new());
    assert_eq!(verifier.load().await, Ok(0));
    let alone = House { verifier, ..house };
    let token = alone.token("a").await;
    assert_eq!(alone.verify(&token).await, Err(InvalidToken::UnknownKey.into()));
}

#[tokio::test]
async fn times_are_taken_with_the_leeway_and_not_a_second_more() {
    let house = House::new().await;
    let (now, leeway) = (house.now_s(), TOKEN_LEEWAY_SECONDS);
    let cases = [
        ("exp", now - leeway, Ok("a")),
        ("exp", now - leeway - 1, Err(InvalidToken::Expired.into())),
        ("nbf", now + leeway, Ok("a")),
        ("nbf", now + leeway + 1, Err(InvalidToken::NotYetValid.into())),
        ("iat", now + leeway, Ok("a")),
        ("iat", now + leeway + 1, Err(InvalidToken::NotYetValid.into())),
    ];
    for (claim, at, expected) in cases {
        let mut claims = house.claims("a");
        claims[claim] = json!(at);
        for token in [house.sign("a", &claims).await, house.operator.sign(&claims)] {
            for _ in 0..2 {
                assert_eq!(house.verify(&token).await.as_deref(), expected.as_ref().copied(), "{claim} {at}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_verified_once_is_refused_when_it_has_expired() {
    let house = House::new().await;
    let token = house.token("a").await;
    assert!(house.verify(&token).await.is_ok());
    house.advance(900 + TOKEN_LEEWAY_SECONDS);
    assert!(house.verify(&token).await.is_ok());
    house.advance(1);
    assert_eq!(house.verify(&token).await, Err(InvalidToken::Expired.into()));
}

#[tokio::test]
async fn nobody_signs_for_a_tenant_without_keys() {
    let house = House::new().await;
    let signed = house.keys.sign(&id("unheard-of"), &json!({}), house.now_s()).await;
    assert_eq!(signed, Ok(None));
}

#[tokio::test]
async fn a_set_that_is_the_operators_alone_takes_no_tenants_keys() {
    let house = House::new().await;
    let keys = StaticKeys::new(house.operator.public_jwks());
    let verifier = Verifier::new(keys, house.clock.clone(), Vec::new());
    let house = House { verifier, ..house };
    assert_eq!(house.verify(&house.token("a").await).await, Err(InvalidToken::UnknownKey.into()));
    assert_eq!(house.verify(&house.operator.sign(&house.claims("a"))).await.as_deref(), Ok("a"));
}
