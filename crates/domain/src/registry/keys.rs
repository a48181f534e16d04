use crate::bounds::RETIRED_KEY_KEPT;
use crate::ids::{KeyId, TenantId};
use serde_json::{Value, json};

/// A tenant's signing key, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantKey {
    /// Whose key it is: it signs for this tenant and no other.
    pub tenant: TenantId,
    /// What tokens call it.
    pub id: KeyId,
    /// The public part as a JWK (RFC 7517) with `kid`, `use` and `alg`.
    pub public: Value,
    /// The private part, sealed by the operator's vault.
    pub sealed: Vec<u8>,
    /// Seconds since 1970 from which on it signs. Before, it is only published, so that whoever verifies knows it in time.
    pub signs_from_unix_s: u64,
}

/// What a key of a tenant is for at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Published, and to sign later.
    Next,
    /// Signs.
    Active,
    /// Signs no more; what it signed may still be good.
    Retired,
    /// Nothing that it signed can still be good: it is published no more.
    Past,
}

impl Standing {
    /// As operators read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Past => "past",
        }
    }
}

/// The key that signs for a tenant at `now_unix_s`: of those that may, the one that came last.
#[must_use]
pub fn signing(keys: &[TenantKey], now_unix_s: u64) -> Option<&TenantKey> {
    let may_sign = keys.iter().filter(|key| key.signs_from_unix_s <= now_unix_s);
    may_sign.max_by_key(|key| (key.signs_from_unix_s, key.id.clone()))
}

/// What `key` is for, of all `keys` of its tenant.
#[must_use]
pub fn standing(key: &TenantKey, keys: &[TenantKey], now_unix_s: u64) -> Standing {
    let order = |key: &TenantKey| (key.signs_from_unix_s, key.id.clone());
    if key.signs_from_unix_s > now_unix_s {
        return Standing::Next;
    }
    let followers = keys.iter().filter(|other| order(other) > order(key));
    match followers.map(|follower| follower.signs_from_unix_s).min() {
        Some(retired) if retired.saturating_add(RETIRED_KEY_KEPT.as_secs()) <= now_unix_s => Standing::Past,
        Some(retired) if retired <= now_unix_s => Standing::Retired,
        _ => Standing::Active,
    }
}

/// The keys that verify what a tenant's tokens say at `now_unix_s`: all but the past ones.
#[must_use]
pub fn published(keys: &[TenantKey], now_unix_s: u64) -> Vec<&TenantKey> {
    keys.iter().filter(|key| standing(key, keys, now_unix_s) != Standing::Past).collect()
}

/// The JSON Web Key Set (RFC 7517 section 5) of [`published`].
#[must_use]
pub fn key_set(keys: &[TenantKey], now_unix_s: u64) -> Value {
    let published: Vec<&Value> = published(keys, now_unix_s).into_iter().map(|key| &key.public).collect();
    json!({ "keys": published })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, signs_from_unix_s: u64) -> TenantKey {
        TenantKey {
            tenant: TenantId::parse("t").unwrap(),
            id: KeyId::parse(id).unwrap(),
            public: Value::Null,
            sealed: Vec::new(),
            signs_from_unix_s,
        }
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after_it_is_followed() {
        let keys = [key("a", 100), key("b", 1_000)];
        let kept = RETIRED_KEY_KEPT.as_secs();
        let at = |now| {
            let standings = keys.each_ref().map(|key| standing(key, &keys, now));
            (standings, signing(&keys, now).map(|key| key.id.as_str()))
        };
        assert_eq!(at(99), ([Standing::Next, Standing::Next], None));
        assert_eq!(at(100), ([Standing::Active, Standing::Next], Some("a")));
        assert_eq!(at(999), ([Standing::Active, Standing::Next], Some("a")));
        assert_eq!(at(1_000), ([Standing::Retired, Standing::Active], Some("b")));
        assert_eq!(at(999 + kept), ([Standing::Retired, Standing::Active], Some("b")));
        assert_eq!(at(1_000 + kept), ([Standing::Past, Standing::Active], Some("b")));
        assert_eq!(published(&keys, 1_000 + kept), [&keys[1]]);
        assert_eq!(published(&keys, 500).len(), 2);
    }

    #[test]
    fn a_key_set_has_the_public_parts_of_what_is_published() {
        let mut keys = [key("a", 100), key("b", 1_000)];
        keys[1].public = json!({"kid": "b"});
        assert_eq!(key_set(&keys, 1_000 + RETIRED_KEY_KEPT.as_secs()), json!({"keys": [{"kid": "b"}]}));
        assert_eq!(key_set(&[], 0), json!({"keys": []}));
    }

    #[test]
    fn of_two_keys_that_came_at_once_one_signs() {
        let keys = [key("b", 100), key("a", 100)];
        assert_eq!(signing(&keys, 100), Some(&keys[0]));
        assert_eq!(standing(&keys[0], &keys, 100), Standing::Active);
        assert_eq!(standing(&keys[1], &keys, 100), Standing::Retired);
    }
}
