use crate::{House, id};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::bounds::{
    CLOCKS_APART_MAX, KEY_PUBLISHED_BEFORE, KEY_SET_SECONDS, RETIRED_KEY_KEPT, TENANT_KEYS_MAX,
};
use domain::ids::{KeyId, TenantId};
use domain::ports::{Registry, TokenSigner, Unavailable, Vault};
use domain::registry::{Standing, standing};
use domain::token::InvalidToken;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stores::jwt::{MakeKeyError, Start, TenantKeys, revoke_key};
use stores::memory::MemoryRegistry;

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
    house.advance(CLOCKS_APART_MAX.as_secs());
    house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
    house.advance(RETIRED_KEY_KEPT.as_secs() - CLOCKS_APART_MAX.as_secs() - 1);
    assert!(house.verify(&old).await.is_ok());
    house.advance(1);
    assert_eq!(standings(&house).await, [Standing::Past, Standing::Active]);
    house.advance(3 * KEY_SET_SECONDS);
    assert_eq!(house.verify(&old).await, Err(InvalidToken::UnknownKey.into()));
    house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await.unwrap();
    let kept = [Standing::Past, Standing::Active, Standing::Next];
    assert_eq!(standings(&house).await, kept, "the clock may be ahead");
    house.advance(RETIRED_KEY_KEPT.as_secs());
    house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await.unwrap();
    assert_eq!(standings(&house).await, [Standing::Retired, Standing::Active, Standing::Next]);
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

/// One that was made before the leak must not follow the one that was made for it.
#[tokio::test]
async fn a_key_that_starts_at_once_is_not_followed_by_one_made_before() {
    let house = House::new().await;
    house.keys.make(&id("a"), house.now_s(), Start::WhenKnown).await.unwrap();
    house.advance(1);
    let at_once = house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap();
    assert_eq!(standings(&house).await, [Standing::Retired, Standing::Active]);
    house.advance(KEY_PUBLISHED_BEFORE.as_secs());
    assert_eq!(kid(&house.token("a").await), at_once.id);
}

#[tokio::test]
async fn a_key_starts_at_once_also_where_the_clock_of_its_maker_is_ahead() {
    let house = House::new().await;
    let ahead = house.now_s() + CLOCKS_APART_MAX.as_secs();
    for tenant in ["a", "c"] {
        let key = house.keys.make(&id(tenant), ahead, Start::AtOnce).await.unwrap();
        house.advance(1);
        assert_eq!(kid(&house.token(tenant).await), key.id, "{tenant}");
    }
}

#[tokio::test]
async fn revoking_a_key_brings_no_past_one_back() {
    let house = House::new().await;
    let first = house.registry.keys(&id("a")).await.unwrap().remove(0).id;
    house.advance(1_000);
    let second = house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap().id;
    house.advance(RETIRED_KEY_KEPT.as_secs());
    let third = house.keys.make(&id("a"), house.now_s(), Start::AtOnce).await.unwrap().id;
    house.advance(1);
    assert_eq!(standings(&house).await, [Standing::Past, Standing::Retired, Standing::Active]);
    for existed in [true, false] {
        let revoked = revoke_key(&*house.registry, &id("a"), &second, house.now_s()).await;
        assert_eq!(revoked, Ok(existed));
    }
    let left: Vec<_> = house.registry.keys(&id("a")).await.unwrap().into_iter().map(|key| key.id).collect();
    assert_eq!(left, [third], "{first} is gone too");
}

/// A vault that seals nothing, and counts how often it is asked to open.
#[derive(Default)]
struct Glass {
    opened: AtomicU64,
}

#[async_trait::async_trait]
impl Vault for Glass {
    async fn seal(&self, _: &TenantId, _: &KeyId, secret: &[u8]) -> Result<Vec<u8>, Unavailable> {
        Ok(secret.to_vec())
    }

    async fn open(&self, _: &TenantId, _: &KeyId, sealed: &[u8]) -> Result<Vec<u8>, Unavailable> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(sealed.to_vec())
    }
}

#[tokio::test]
async fn those_who_sign_together_open_a_key_once() {
    let (registry, vault) = (Arc::new(MemoryRegistry::new()), Arc::new(Glass::default()));
    let keys = TenantKeys::new(registry, vault.clone());
    keys.make(&id("a"), 1_000, Start::AtOnce).await.unwrap();
    let (tenant, claims) = (id("a"), Value::Null);
    let sign = || keys.sign(&tenant, &claims, 1_000);
    let signed = tokio::join!(sign(), sign(), sign());
    assert!([signed.0, signed.1, signed.2].iter().all(|signed| matches!(signed, Ok(Some(_)))));
    assert_eq!(vault.opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_busy_tenants_key_stays_open_however_many_others_sign() {
    let (registry, vault) = (Arc::new(MemoryRegistry::new()), Arc::new(Glass::default()));
    let keys = TenantKeys::new(registry, vault.clone());
    keys.make(&id("busy"), 1_000, Start::AtOnce).await.unwrap();
    for n in 0..5_000 {
        assert_eq!(keys.sign(&id(&format!("t{n}")), &Value::Null, 1_000).await, Ok(None));
        if n % 100 == 0 {
            assert!(keys.sign(&id("busy"), &Value::Null, 1_000).await.is_ok_and(|signed| signed.is_some()));
        }
    }
    assert_eq!(vault.opened.load(Ordering::SeqCst), 1);
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
