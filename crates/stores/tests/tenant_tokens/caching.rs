use crate::{House, id};
use domain::bounds::KEY_SET_SECONDS;
use domain::ports::Registry;
use domain::token::{InvalidToken, TokenRefusal};
use stores::jwt::{SigningKey, Start};

/// Waits until the source was asked as often as this, beside what the test does.
async fn until_fetched(house: &House, times: u64) {
    while house.source.fetches() < times {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_tenants_set_is_fetched_once_for_many_tokens() {
    let house = House::new().await;
    for n in 0..20 {
        let mut claims = house.claims("a");
        claims["jti"] = n.into();
        assert!(house.verify(&house.sign("a", &claims).await).await.is_ok());
    }
    assert_eq!(house.source.fetches(), 1);
}

#[tokio::test]
async fn tokens_that_come_together_wait_for_one_fetch() {
    let house = House::new().await;
    let (one, other) = (house.token("a").await, house.sign("a", &house.claims("a")).await);
    let (one, other) = tokio::join!(house.verify(&one), house.verify(&other));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(house.source.fetches(), 1);
}

#[tokio::test]
async fn an_unknown_tenant_is_asked_for_once_a_minute() {
    let house = House::new().await;
    let stranger = SigningKey::generate().unwrap();
    for n in 0..50 {
        let mut claims = house.claims("unheard-of");
        claims["jti"] = n.into();
        assert_eq!(house.verify(&stranger.sign(&claims)).await, Err(InvalidToken::UnknownKey.into()));
    }
    assert_eq!(house.source.fetches(), 1);
    house.advance(59);
    let token = stranger.sign(&house.claims("unheard-of"));
    assert!(house.verify(&token).await.is_err());
    assert_eq!(house.source.fetches(), 1);
    house.advance(1);
    house.keys.make(&id("unheard-of"), house.now_s(), Start::AtOnce).await.unwrap();
    assert!(house.verify(&house.token("unheard-of").await).await.is_ok());
    assert_eq!(house.source.fetches(), 2);
}

#[tokio::test]
async fn a_key_that_fits_no_token_fetches_the_set_once_a_minute() {
    let house = House::new().await;
    assert!(house.verify(&house.token("a").await).await.is_ok());
    let stranger = SigningKey::generate().unwrap();
    for _ in 0..20 {
        assert!(house.verify(&stranger.sign(&house.claims("a"))).await.is_err());
    }
    assert_eq!(house.source.fetches(), 1);
    house.advance(60);
    for _ in 0..20 {
        assert!(house.verify(&stranger.sign(&house.claims("a"))).await.is_err());
    }
    assert_eq!(house.source.fetches(), 2);
}

#[tokio::test]
async fn a_ripe_set_is_used_while_another_is_fetched_beside_it() {
    let house = House::new().await;
    assert!(house.verify(&house.token("a").await).await.is_ok());
    house.advance(KEY_SET_SECONDS - 1);
    assert!(house.verify(&house.token("a").await).await.is_ok());
    assert_eq!(house.source.fetches(), 1);
    house.advance(1);
    let token = house.token("a").await;
    assert!(house.verify(&token).await.is_ok());
    until_fetched(&house, 2).await;
    for _ in 0..5 {
        assert!(house.verify(&token).await.is_ok());
    }
    assert_eq!(house.source.fetches(), 2);
}

#[tokio::test]
async fn the_old_set_is_kept_while_the_source_is_away() {
    let house = House::new().await;
    assert!(house.verify(&house.token("a").await).await.is_ok());
    house.source.set_away(true);
    for _ in 0..5 {
        house.advance(3 * KEY_SET_SECONDS);
        let asked = house.source.fetches();
        for _ in 0..5 {
            assert!(house.verify(&house.token("a").await).await.is_ok());
        }
        assert_eq!(house.source.fetches(), asked + 1, "and the source is asked once a minute at most");
    }
}

#[tokio::test]
async fn a_source_that_is_back_is_believed_again() {
    let house = House::new().await;
    let mut claims = house.claims("a");
    claims["exp"] = (house.now_s() + 100_000).into();
    let token = house.sign("a", &claims).await;
    assert!(house.verify(&token).await.is_ok());
    let kid = house.registry.keys(&id("a")).await.unwrap().remove(0).id;
    house.registry.drop_key(&id("a"), &kid).await.unwrap();
    house.source.set_away(true);
    house.advance(3 * KEY_SET_SECONDS);
    assert!(house.verify(&token).await.is_ok());
    house.source.set_away(false);
    house.advance(60);
    assert_eq!(house.verify(&token).await, Err(InvalidToken::UnknownKey.into()));
}

#[tokio::test]
async fn a_tenant_that_could_not_be_asked_for_is_asked_for_soon_again() {
    let house = House::new().await;
    house.source.set_away(true);
    let token = house.token("a").await;
    for _ in 0..5 {
        assert_eq!(house.verify(&token).await, Err(TokenRefusal::Unverifiable));
    }
    assert_eq!(house.source.fetches(), 1);
    house.source.set_away(false);
    house.advance(5);
    assert!(house.verify(&token).await.is_ok());
}
