//! Clauses of [`ApiKeys`].

use domain::ids::{ApiKeyId, TenantId};
use domain::ports::{Added, ApiKeys};
use domain::registry::{ApiKey, ApiScope, KeyHolder};
use std::collections::BTreeSet;
use std::sync::Arc;

fn id(id: &str) -> ApiKeyId {
    ApiKeyId::parse(id).unwrap()
}

fn tenant(id: &str) -> KeyHolder {
    KeyHolder::Tenant(TenantId::parse(id).unwrap())
}

fn key(name: &str, holder: KeyHolder) -> ApiKey {
    ApiKey {
        id: id(name),
        scopes: ApiScope::ALL.into_iter().filter(|scope| holder.may_have(*scope)).collect(),
        holder,
        description: format!("of {name}: \u{fc} \"#\""),
        digest: [7; 32],
        created_unix_s: 1_700_000_000,
        revoked_unix_s: None,
        used_unix_s: None,
    }
}

/// Of a key that was never added nothing is known, nothing is revoked and nothing noted.
pub async fn of_unknown_api_keys_nothing_is_known(keys: Arc<dyn ApiKeys>) {
    assert_eq!(keys.revoke_api_key(&id("k"), 5).await, Ok(false));
    assert_eq!(keys.note_use(&id("k"), 5).await, Ok(()));
    assert_eq!(keys.api_key(&id("k")).await, Ok(None));
    for holder in [KeyHolder::Platform, tenant("t")] {
        assert_eq!(keys.api_keys(&holder).await, Ok(Vec::new()));
    }
}

/// A key is read as it was added, by its id and in its holder's list.
pub async fn an_api_key_is_read_as_it_was_added(keys: Arc<dyn ApiKeys>) {
    let bare = ApiKey { scopes: BTreeSet::new(), description: String::new(), ..key("bare", tenant("b")) };
    let past = ApiKey { revoked_unix_s: Some(7), used_unix_s: Some(6), ..key("past", tenant("t")) };
    for key in [key("platform", KeyHolder::Platform), bare, past] {
        assert_eq!(keys.add_api_key(&key).await, Ok(Added::New));
        assert_eq!(keys.api_key(&key.id).await, Ok(Some(key.clone())));
        assert_eq!(keys.api_keys(&key.holder).await, Ok(vec![key]));
    }
}

/// An id is one key's, whosever another would be; and only its holder lists it.
pub async fn an_api_keys_id_is_unique_over_all_holders(keys: Arc<dyn ApiKeys>) {
    let first = key("k", tenant("t"));
    assert_eq!(keys.add_api_key(&first).await, Ok(Added::New));
    for holder in [KeyHolder::Platform, tenant("t"), tenant("u")] {
        let other = ApiKey { digest: [8; 32], ..key("k", holder) };
        assert_eq!(keys.add_api_key(&other).await, Ok(Added::Exists));
    }
    assert_eq!(keys.api_key(&first.id).await, Ok(Some(first.clone())));
    assert_eq!(keys.api_keys(&first.holder).await, Ok(vec![first]));
    for holder in [KeyHolder::Platform, tenant("u")] {
        assert_eq!(keys.api_keys(&holder).await, Ok(Vec::new()));
    }
}

/// Lists are whole, revoked keys included, of one holder, and in the order of the ids.
pub async fn a_holders_api_keys_are_listed_whole_in_the_order_of_their_ids(keys: Arc<dyn ApiKeys>) {
    let holders = [KeyHolder::Platform, tenant("t"), tenant("t1"), tenant("PLATFORM")];
    let named =
        |nth: usize, holder: &KeyHolder| key(&format!("{nth:02}-{}", holder_name(holder)), holder.clone());
    for nth in (0..20).rev() {
        for holder in &holders {
            keys.add_api_key(&named(nth, holder)).await.unwrap();
        }
    }
    for holder in &holders {
        keys.revoke_api_key(&named(3, holder).id, 9).await.unwrap();
        let mut expected: Vec<_> = (0..20).map(|nth| named(nth, holder)).collect();
        expected[3].revoked_unix_s = Some(9);
        assert_eq!(keys.api_keys(holder).await, Ok(expected));
    }
}

fn holder_name(holder: &KeyHolder) -> &str {
    match holder {
        KeyHolder::Platform => "the-platform",
        KeyHolder::Tenant(tenant) => tenant.as_str(),
    }
}

/// A key is revoked once, and keeps the time.
pub async fn a_revoked_api_key_keeps_its_first_time(keys: Arc<dyn ApiKeys>) {
    keys.add_api_key(&key("k", tenant("t"))).await.unwrap();
    for now_unix_s in [5, 9, 1] {
        assert_eq!(keys.revoke_api_key(&id("k"), now_unix_s).await, Ok(true));
        let revoked = ApiKey { revoked_unix_s: Some(5), ..key("k", tenant("t")) };
        assert_eq!(keys.api_key(&id("k")).await, Ok(Some(revoked)));
    }
}

/// The latest use that was noted is the one that is known, in whatever order they come.
pub async fn a_noted_use_never_goes_back(keys: Arc<dyn ApiKeys>) {
    keys.add_api_key(&key("k", KeyHolder::Platform)).await.unwrap();
    for (now_unix_s, latest) in [(5, 5), (9, 9), (9, 9), (7, 9), (10, 10)] {
        assert_eq!(keys.note_use(&id("k"), now_unix_s).await, Ok(()));
        let used = ApiKey { used_unix_s: Some(latest), ..key("k", KeyHolder::Platform) };
        assert_eq!(keys.api_key(&id("k")).await, Ok(Some(used)));
    }
}

/// Of any number that add a key of one id, one is told that it is new, and its key is the one that stays.
pub async fn of_racing_api_keys_one_is_added(keys: Arc<dyn ApiKeys>) {
    let racers = (0..16).map(|n| {
        let (keys, racer) = (keys.clone(), key("k", tenant(&format!("t{n}"))));
        tokio::spawn(async move { (keys.add_api_key(&racer).await.unwrap(), racer) })
    });
    let mut added = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        let (outcome, racer) = racer.await.unwrap();
        added.extend((outcome == Added::New).then_some(racer));
    }
    assert_eq!(added.len(), 1);
    assert_eq!(keys.api_key(&id("k")).await.unwrap().as_ref(), added.first());
    for n in 0..16 {
        let holder = tenant(&format!("t{n}"));
        let expected: Vec<_> = added.iter().filter(|key| key.holder == holder).cloned().collect();
        assert_eq!(keys.api_keys(&holder).await, Ok(expected));
    }
}

/// All that revoke a key at once are told that there is one, and one of them gives the time, for good.
pub async fn of_racing_revocations_one_gives_the_time(keys: Arc<dyn ApiKeys>) {
    keys.add_api_key(&key("k", tenant("t"))).await.unwrap();
    let racers = (1..=16).map(|now_unix_s| {
        let keys = keys.clone();
        tokio::spawn(async move { keys.revoke_api_key(&id("k"), now_unix_s).await.unwrap() })
    });
    for racer in racers.collect::<Vec<_>>() {
        assert!(racer.await.unwrap());
    }
    let revoked = keys.api_key(&id("k")).await.unwrap().unwrap().revoked_unix_s;
    assert!(revoked.is_some_and(|at| (1..=16).contains(&at)), "{revoked:?}");
    keys.revoke_api_key(&id("k"), 99).await.unwrap();
    assert_eq!(keys.api_key(&id("k")).await.unwrap().unwrap().revoked_unix_s, revoked);
}

/// Of uses that are noted at once the latest stands, and so does a revocation that races with them.
pub async fn racing_uses_leave_the_latest_and_undo_no_revocation(keys: Arc<dyn ApiKeys>) {
    keys.add_api_key(&key("k", tenant("t"))).await.unwrap();
    let racers = (1..=16).map(|now_unix_s| {
        let keys = keys.clone();
        tokio::spawn(async move {
            keys.note_use(&id("k"), now_unix_s).await.unwrap();
            if now_unix_s == 8 {
                assert!(keys.revoke_api_key(&id("k"), 8).await.unwrap());
            }
        })
    });
    for racer in racers.collect::<Vec<_>>() {
        racer.await.unwrap();
    }
    let known = keys.api_key(&id("k")).await.unwrap().unwrap();
    assert_eq!((known.used_unix_s, known.revoked_unix_s), (Some(16), Some(8)));
}
