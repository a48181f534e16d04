//! A registry's table whose replies are lost after the requests took effect: nothing is done twice, and no family of
//! refresh tokens is revoked for it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::ids::{ApiKeyId, ClientId, FamilyId, TenantId};
use domain::ports::{Added, ApiKeys, RefreshFamilies, Registry, Turn};
use domain::registry::{ApiKey, KeyHolder, Presented, RefreshFamily, Tenant};
use servers::dynoxide::Dynoxide;
use servers::lossy::Lossy;
use servers::registry;
use std::sync::Arc;
use stores::dynamo::{ATTEMPTS_MAX, DynamoRegistry};
use stores::faults::{FaultPlan, Faults};
use stores::memory::MemoryRegistry;

const NOW: u64 = 1_000;

/// A table, reached by a wire that loses the first `losses` replies to each request, and without it.
async fn lossy(losses: u32) -> (Dynoxide, Lossy, DynamoRegistry, DynamoRegistry) {
    let (server, direct) = Dynoxide::with_registry().await;
    let lossy = Lossy::start(server.endpoint(), losses).await;
    let lossily = registry(lossy.endpoint(), "registry");
    (server, lossy, lossily, direct)
}

fn turn(spent: u8, next: u8) -> Turn {
    Turn {
        family: FamilyId::parse("f").unwrap(),
        client: ClientId::parse("c").unwrap(),
        spent: [spent; 32],
        next: [next; 32],
        expires_unix_s: NOW + 100,
    }
}

fn family() -> RefreshFamily {
    let Turn { family, client, spent, expires_unix_s, .. } = turn(1, 2);
    RefreshFamily { id: family, client, current: spent, expires_unix_s, revoked: false }
}

#[tokio::test]
async fn a_turn_whose_reply_was_lost_is_told_as_a_repeat() {
    let (_server, wire, lossily, direct) = lossy(1).await;
    lossily.begin(&family()).await.unwrap();
    assert_eq!(lossily.turn(&turn(1, 2), NOW).await, Ok(Presented::Repeated));
    assert_eq!(direct.turn(&turn(2, 3), NOW).await, Ok(Presented::Good));
    assert_eq!(wire.lost(), 2, "that of the beginning, and that of the turn");
}

#[tokio::test]
async fn a_turn_that_was_not_answered_at_all_may_be_repeated() {
    let (_server, _wire, lossily, direct) = lossy(ATTEMPTS_MAX).await;
    direct.begin(&family()).await.unwrap();
    assert_eq!(lossily.turn(&turn(1, 2), NOW).await.unwrap_err().store, "refresh tokens");
    assert_eq!(lossily.turn(&turn(1, 2), NOW).await, Ok(Presented::Repeated));
    assert_eq!(direct.turn(&turn(2, 3), NOW).await, Ok(Presented::Good));
}

#[tokio::test]
async fn a_reuse_whose_replies_are_lost_revokes_the_family_before_it_is_told() {
    let (_server, _wire, lossily, direct) = lossy(1).await;
    direct.begin(&family()).await.unwrap();
    direct.turn(&turn(1, 2), NOW).await.unwrap();
    assert_eq!(lossily.turn(&turn(1, 9), NOW).await, Ok(Presented::Reused));
    assert_eq!(direct.turn(&turn(2, 3), NOW).await, Ok(Presented::Refused));
}

#[tokio::test]
async fn an_addition_whose_reply_was_lost_exists() {
    let (_server, _wire, lossily, direct) = lossy(1).await;
    let tenant = Tenant { id: TenantId::parse("t").unwrap(), name: "T".to_owned() };
    assert_eq!(lossily.add_tenant(&tenant).await, Ok(Added::Exists));
    assert_eq!(direct.tenants().await, Ok(vec![tenant]));
}

fn api_key() -> ApiKey {
    ApiKey {
        id: ApiKeyId::parse("k").unwrap(),
        holder: KeyHolder::Platform,
        scopes: [].into(),
        description: String::new(),
        digest: [7; 32],
        created_unix_s: NOW,
        revoked_unix_s: None,
        used_unix_s: None,
    }
}

#[tokio::test]
async fn changes_of_an_api_key_whose_replies_were_lost_are_made_once() {
    let (_server, _wire, lossily, direct) = lossy(1).await;
    assert_eq!(lossily.add_api_key(&api_key()).await, Ok(Added::Exists));
    assert_eq!(lossily.note_use(&api_key().id, NOW + 1).await, Ok(()));
    assert_eq!(lossily.revoke_api_key(&api_key().id, NOW + 2).await, Ok(true));
    let expected = ApiKey { used_unix_s: Some(NOW + 1), revoked_unix_s: Some(NOW + 2), ..api_key() };
    assert_eq!(direct.api_keys(&KeyHolder::Platform).await, Ok(vec![expected]));
}

/// Its name may be there without the key, and is nobody's then.
#[tokio::test]
async fn an_api_key_that_was_half_added_is_unknown_until_it_is_added() {
    let (_server, _wire, lossily, direct) = lossy(ATTEMPTS_MAX).await;
    assert!(lossily.add_api_key(&api_key()).await.is_err());
    assert_eq!(direct.api_keys(&KeyHolder::Platform).await, Ok(vec![]));
    assert_eq!(direct.api_key(&api_key().id).await, Ok(None));
    while lossily.add_api_key(&api_key()).await.is_err() {}
    assert_eq!(direct.api_keys(&KeyHolder::Platform).await, Ok(vec![api_key()]));
}

/// Its client asks again until it is answered, as one does whose request came to nothing.
#[tokio::test(start_paused = true)]
async fn on_bad_days_one_client_alone_revokes_nothing() {
    for seed in 0..50 {
        // A copy that arrives long after its call is a reuse by the rules, so there are none here.
        let plan = FaultPlan { late_copy: 0.0, ..FaultPlan::rough() };
        let families = Faults::new(plan, seed).wrap(Arc::new(MemoryRegistry::new()));
        while families.begin(&family()).await.is_err() {}
        for n in 1..100 {
            let presented = loop {
                if let Ok(presented) = families.turn(&turn(n, n + 1), NOW).await {
                    break presented;
                }
            };
            let lives_on = matches!(presented, Presented::Good | Presented::Repeated);
            assert!(lives_on, "{presented:?} at {n} with seed {seed}");
        }
    }
}
