//! Clauses of [`RefreshFamilies`].

use domain::ids::{ClientId, FamilyId};
use domain::ports::{RefreshFamilies, Turn};
use domain::registry::{Presented, RefreshFamily};
use std::sync::Arc;

const NOW: u64 = 4_000_000_000;
const LATER: u64 = NOW + 7 * 24 * 60 * 60;

fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

fn family(id: &str) -> RefreshFamily {
    RefreshFamily {
        id: FamilyId::parse(id).unwrap(),
        client: client("c"),
        current: [1; 32],
        expires_unix_s: LATER,
        revoked: false,
    }
}

fn turn(id: &str, spent: u8, next: u8) -> Turn {
    Turn {
        family: family(id).id,
        client: client("c"),
        spent: [spent; 32],
        next: [next; 32],
        expires_unix_s: LATER,
    }
}

/// Each token is good once, and the next one follows it.
pub async fn each_token_is_followed_by_the_next(families: Arc<dyn RefreshFamilies>) {
    families.begin(&family("f")).await.unwrap();
    for n in 1..10 {
        assert_eq!(families.turn(&turn("f", n, n + 1), NOW).await, Ok(Presented::Good), "{n}");
    }
}

/// A spent token that is used again revokes its family: the last token is good no more.
pub async fn a_reused_token_revokes_its_family(families: Arc<dyn RefreshFamilies>) {
    families.begin(&family("f")).await.unwrap();
    for n in 1..4 {
        families.turn(&turn("f", n, n + 1), NOW).await.unwrap();
    }
    assert_eq!(families.turn(&turn("f", 2, 9), NOW).await, Ok(Presented::Reused));
    for (spent, next) in [(4, 5), (2, 9), (1, 2)] {
        assert_eq!(families.turn(&turn("f", spent, next), NOW).await, Ok(Presented::Refused));
    }
}

/// A repeat of a call whose answer was lost changes nothing and revokes nothing.
pub async fn a_repeat_is_told_apart_from_a_reuse(families: Arc<dyn RefreshFamilies>) {
    families.begin(&family("f")).await.unwrap();
    assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Good));
    for _ in 0..2 {
        assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Repeated));
    }
    assert_eq!(families.turn(&turn("f", 2, 3), NOW).await, Ok(Presented::Good));
    assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Reused), "too late for a repeat");
}

/// Nobody knows an unknown family.
pub async fn an_unknown_family_is_refused(families: Arc<dyn RefreshFamilies>) {
    assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Refused));
    assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Refused), "and stays unknown");
}

/// Another client gets nothing, and revokes nothing.
pub async fn another_client_is_refused_and_revokes_nothing(families: Arc<dyn RefreshFamilies>) {
    families.begin(&family("f")).await.unwrap();
    for spent in [1, 9] {
        let others = Turn { client: client("other"), ..turn("f", spent, 2) };
        assert_eq!(families.turn(&others, NOW).await, Ok(Presented::Refused));
    }
    assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Good));
}

/// A token is good until it expires, and each turn puts that off.
pub async fn a_token_expires(families: Arc<dyn RefreshFamilies>) {
    for (id, now, expected) in [("f", LATER - 1, Presented::Good), ("g", LATER, Presented::Refused)] {
        families.begin(&family(id)).await.unwrap();
        let next = Turn { expires_unix_s: LATER + 9, ..turn(id, 1, 2) };
        assert_eq!(families.turn(&next, now).await, Ok(expected));
    }
    assert_eq!(families.turn(&turn("f", 2, 3), LATER + 8).await, Ok(Presented::Good));
    families.begin(&RefreshFamily { expires_unix_s: LATER + 20, ..family("h") }).await.unwrap();
    let next = Turn { expires_unix_s: LATER + 30, ..turn("h", 1, 2) };
    assert_eq!(families.turn(&next, LATER + 19).await, Ok(Presented::Good));
    assert_eq!(families.turn(&turn("h", 2, 3), LATER + 30).await, Ok(Presented::Refused));
}

/// A family that was begun again, as its first answer was lost, is one family, however late the copy arrives.
pub async fn beginning_may_be_repeated(families: Arc<dyn RefreshFamilies>) {
    for _ in 0..2 {
        families.begin(&family("f")).await.unwrap();
    }
    assert_eq!(families.turn(&turn("f", 1, 2), NOW).await, Ok(Presented::Good));
    families.begin(&family("f")).await.unwrap();
    assert_eq!(families.turn(&turn("f", 2, 3), NOW).await, Ok(Presented::Good));
    assert_eq!(families.turn(&turn("f", 1, 9), NOW).await, Ok(Presented::Reused));
    families.begin(&family("f")).await.unwrap();
    assert_eq!(families.turn(&turn("f", 3, 4), NOW).await, Ok(Presented::Refused), "it stays revoked");
}

/// What happens to one family says nothing about another of the same client.
pub async fn families_are_apart(families: Arc<dyn RefreshFamilies>) {
    for id in ["f", "g"] {
        families.begin(&family(id)).await.unwrap();
        families.turn(&turn(id, 1, 2), NOW).await.unwrap();
    }
    assert_eq!(families.turn(&turn("f", 1, 9), NOW).await, Ok(Presented::Reused));
    assert_eq!(families.turn(&turn("g", 2, 3), NOW).await, Ok(Presented::Good));
}

/// Of any number that use one token at once, one gets the next; some other is found out, and the family is revoked, so
/// that the next one is worth nothing either.
pub async fn of_racing_turns_one_is_good_and_the_family_is_revoked(families: Arc<dyn RefreshFamilies>) {
    families.begin(&family("f")).await.unwrap();
    let racers = (0..16).map(|n| {
        let families = families.clone();
        tokio::spawn(async move { (families.turn(&turn("f", 1, 100 + n), NOW).await.unwrap(), 100 + n) })
    });
    let (mut good, mut reused) = (Vec::new(), 0);
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            (Presented::Good, next) => good.push(next),
            (Presented::Reused, _) => reused += 1,
            (Presented::Refused, _) => {}
            (Presented::Repeated, next) => panic!("{next} is nobody's repeat"),
        }
    }
    assert_eq!(good.len(), 1);
    assert!(reused >= 1);
    assert_eq!(families.turn(&turn("f", good[0], 99), NOW).await, Ok(Presented::Refused));
}

/// Copies of one call that race are one call: the family lives on.
pub async fn racing_copies_of_a_turn_revoke_nothing(families: Arc<dyn RefreshFamilies>) {
    families.begin(&family("f")).await.unwrap();
    let copies = (0..8).map(|_| {
        let families = families.clone();
        tokio::spawn(async move { families.turn(&turn("f", 1, 2), NOW).await.unwrap() })
    });
    let mut good = 0;
    for copy in copies.collect::<Vec<_>>() {
        match copy.await.unwrap() {
            Presented::Good => good += 1,
            other => assert_eq!(other, Presented::Repeated),
        }
    }
    assert_eq!(good, 1);
    assert_eq!(families.turn(&turn("f", 2, 3), NOW).await, Ok(Presented::Good));
}
