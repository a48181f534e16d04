use crate::{House, id};
use domain::bounds::{KEY_SET_KEPT_MAX, KEY_SET_SECONDS, LOOKUP_DEADLINE, STRANGERS_ASKED_FOR};
use domain::clock::Clock;
use domain::ports::Registry;
use domain::token::{InvalidToken, TokenRefusal};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;
use stores::jwt::{KeySources, Refresh, SigningKey, Start, Verifier};

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
        until_fetched(&house, asked + 1).await;
        assert!(house.verify(&house.token("a").await).await.is_ok());
        assert_eq!(house.source.fetches(), asked + 1, "and the source is not asked for each token");
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
    house.advance(5);
    while house.verify(&token).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.verify(&token).await, Err(InvalidToken::UnknownKey.into()));
}

#[tokio::test]
async fn a_key_that_can_not_be_asked_for_makes_no_forgery() {
    let house = House::new().await;
    assert!(house.verify(&house.token("a").await).await.is_ok());
    house.advance(60);
    house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
    house.source.set_away(true);
    let by_next = house.token("a").await;
    for _ in 0..3 {
        assert_eq!(house.verify(&by_next).await, Err(TokenRefusal::Unverifiable));
    }
    let (head, _) = by_next.rsplit_once('.').unwrap();
    assert_eq!(house.source.fetches(), 2);
    house.source.set_away(false);
    house.advance(5);
    assert!(house.verify(&by_next).await.is_ok());
    let forged = house.verify(&format!("{head}.AAAA")).await;
    assert_eq!(forged, Err(InvalidToken::Signature.into()), "a key that is known is a verdict");
}

#[tokio::test]
async fn a_fetch_that_was_given_up_on_was_no_answer() {
    let house = House::new().await;
    assert!(house.verify(&house.token("a").await).await.is_ok());
    house.advance(60);
    house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
    let by_next = house.token("a").await;
    {
        let mut verifying = pin!(house.verify(&by_next));
        let polled = verifying.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "and dropped while the source is asked");
    }
    assert_eq!(house.source.fetches(), 2);
    assert_eq!(house.verify(&by_next).await, Err(TokenRefusal::Unverifiable));
    house.advance(5);
    assert!(house.verify(&by_next).await.is_ok());
}

#[tokio::test]
async fn where_nothing_goes_on_beside_a_ripe_set_is_fetched_first() {
    let house = House::new().await;
    let verifier = house.another_verifier().refreshing(Refresh::First);
    let house = House { verifier, ..house };
    let token = house.token("a").await;
    assert!(house.verify(&token).await.is_ok());
    let kid = house.registry.keys(&id("a")).await.unwrap().remove(0).id;
    house.registry.drop_key(&id("a"), &kid).await.unwrap();
    house.advance(KEY_SET_SECONDS);
    assert_eq!(house.verify(&token).await, Err(InvalidToken::UnknownKey.into()), "without a second look");
}

#[tokio::test(start_paused = true)]
async fn a_ripe_set_is_used_where_its_source_hangs() {
    let house = House::new().await;
    let verifier = house.another_verifier().refreshing(Refresh::First);
    let house = House { verifier, ..house };
    assert!(house.verify(&house.token("a").await).await.is_ok());
    house.source.set_hanging(true);
    house.advance(KEY_SET_SECONDS);
    let token = house.token("a").await;
    let verified = tokio::time::timeout(LOOKUP_DEADLINE, house.verify(&token)).await;
    assert!(verified.is_ok_and(|verdict| verdict.is_ok()));
}

#[tokio::test]
async fn a_set_grows_old_while_the_process_is_frozen() {
    let house = House::new().await;
    let frozen = Arc::new(Frozen::default());
    let sources = KeySources { operator: None, tenants: Some(house.source.clone()) };
    let verifier = Verifier::of(sources, frozen.clone(), Vec::new());
    let house = House { verifier, ..house };
    let token = house.token("a").await;
    assert!(house.verify(&token).await.is_ok());
    let kid = house.registry.keys(&id("a")).await.unwrap().remove(0).id;
    house.registry.drop_key(&id("a"), &kid).await.unwrap();
    frozen.unix_s.store(3 * KEY_SET_SECONDS, Ordering::SeqCst);
    assert_eq!(house.verify(&token).await, Err(InvalidToken::UnknownKey.into()));
}

#[tokio::test]
async fn a_key_is_trusted_for_a_day_at_most_while_its_source_is_away() {
    let house = House::new().await;
    let mut claims = house.claims("a");
    claims["exp"] = (house.now_s() + 10 * 86_400).into();
    let token = house.sign("a", &claims).await;
    assert!(house.verify(&token).await.is_ok());
    house.source.set_away(true);
    house.advance(KEY_SET_KEPT_MAX.as_secs() - 1);
    assert!(house.verify(&token).await.is_ok());
    house.advance(1);
    assert_eq!(house.verify(&token).await, Err(TokenRefusal::Unverifiable));
    house.source.set_away(false);
    house.advance(5);
    assert!(house.verify(&token).await.is_ok());
}

#[tokio::test]
async fn tenants_that_are_only_named_cost_the_source_so_much_and_no_more() {
    let house = House::new().await;
    assert!(house.verify(&house.token("a").await).await.is_ok());
    let (at_once, a_second) = STRANGERS_ASKED_FOR;
    let stranger = SigningKey::generate().unwrap();
    let name = async |n: u32| house.verify(&stranger.sign(&house.claims(&format!("t{n}")))).await;
    for n in 1..at_once {
        assert_eq!(name(n).await, Err(InvalidToken::UnknownKey.into()), "{n}");
    }
    for n in 0..10 {
        assert_eq!(name(at_once + n).await, Err(TokenRefusal::Unverifiable));
    }
    assert_eq!(house.source.fetches(), u64::from(at_once));
    house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
    house.advance(1);
    for n in 0..2 * a_second {
        let _ = name(2 * at_once + n).await;
    }
    assert_eq!(house.source.fetches(), u64::from(at_once + a_second));
    house.advance(59);
    for n in 0..2 * at_once {
        let _ = name(3 * at_once + n).await;
    }
    assert!(house.verify(&house.token("a").await).await.is_ok(), "and who is known never waits for them");
}

#[derive(Default)]
struct Frozen {
    unix_s: AtomicU64,
}

impl Clock for Frozen {
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn unix_ms(&self) -> u64 {
        self.unix_s.load(Ordering::SeqCst) * 1000
    }
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
