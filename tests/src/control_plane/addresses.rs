//! Whom the rate policies take for one client, for targets that let a test choose where a request comes from.

use super::caller::Caller;
use super::target::Target;

/// Each address is a client of its own.
pub async fn another_address_is_untouched(plane: &impl Target) {
    let (one, other) = (Caller::fresh(plane).await, Caller::fresh(plane).await);
    while plane.ask(&one.get("/usage")).await.status != 429 {}
    assert_eq!(plane.ask(&other.get("/usage")).await.status, 200);
}

/// What a client says of other addresses changes nothing.
pub async fn a_forged_forwarded_for_changes_nothing(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let mut refused = 0;
    for n in 0..20 {
        let ask = caller.get("/usage").header("X-Forwarded-For", &format!("203.0.113.{n}"));
        refused += u32::from(plane.ask(&ask).await.status == 429);
    }
    assert_eq!(refused, 8);
}

/// What is not served costs nobody anything.
pub async fn what_reaches_no_store_is_not_counted(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    for _ in 0..30 {
        assert_eq!(plane.ask(&caller.ask("POST", "/usage")).await.status, 405);
    }
    assert_eq!(plane.ask(&caller.get("/usage")).await.status, 200);
}
