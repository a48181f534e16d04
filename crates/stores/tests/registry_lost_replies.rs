//! A registry's table whose replies are lost after the requests took effect: nothing is done twice, and no family of
//! refresh tokens is revoked for it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::ids::{ClientId, FamilyId, TenantId};
use domain::ports::{Added, RefreshFamilies, Registry, Turn};
use domain::registry::{Presented, RefreshFamily, Tenant};
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
