use super::Digest;
use crate::ids::{ApiKeyId, TenantId};
use std::collections::BTreeSet;
use std::fmt;

/// What an API key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ApiScope {
    /// `GET /v1/usage*`.
    UsageRead,
    /// `GET /v1/webhooks`.
    WebhooksRead,
    /// `POST /v1/webhooks` and `DELETE /v1/webhooks/{id}`.
    WebhooksWrite,
    /// `GET /admin/*`.
    PlatformRead,
}

impl ApiScope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::UsageRead, Self::WebhooksRead, Self::WebhooksWrite, Self::PlatformRead];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsageRead => "usage:read",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::PlatformRead => "platform:read",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Whose an API key is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyHolder {
    /// The operator of the whole platform: `IM-API-KEY`.
    Platform,
    /// A tenant: `Authorization: Bearer sk_live_…`.
    Tenant(TenantId),
}

impl KeyHolder {
    /// How the text of such a key begins.
    #[must_use]
    pub const fn prefix(&self) -> &'static str {
        match self {
            Self::Platform => "im_live_",
            Self::Tenant(_) => "sk_live_",
        }
    }

    /// Whether keys of this holder may have the scope.
    #[must_use]
    pub fn may_have(&self, scope: ApiScope) -> bool {
        matches!(self, Self::Platform) == (scope == ApiScope::PlatformRead)
    }
}

/// An API key as the registry knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which stands in its text.
    pub id: ApiKeyId,
    /// Whose it is.
    pub holder: KeyHolder,
    /// What it may be used for.
    pub scopes: BTreeSet<ApiScope>,
    /// What people call it; may be empty.
    pub description: String,
    /// The SHA-256 of its text.
    pub digest: Digest,
    /// Seconds since 1970 at which it was made.
    pub created_unix_s: u64,
    /// Seconds since 1970 at which it was revoked.
    pub revoked_unix_s: Option<u64>,
    /// Seconds since 1970 at which it was last used, as far as was noted.
    pub used_unix_s: Option<u64>,
}

impl ApiKey {
    /// How long after it was noted that a key was used this is noted again, in seconds.
    pub const USE_NOTED_EVERY_SECONDS: u64 = 60 * 60;

    /// Whether the key with this digest is this one, and may be used. Takes the same time for every digest.
    #[must_use]
    pub fn is(&self, digest: &Digest) -> bool {
        let differing = self.digest.iter().zip(digest).fold(0, |bits, (one, other)| bits | (one ^ other));
        std::hint::black_box(differing) == 0 && self.revoked_unix_s.is_none()
    }

    /// Whether its use at this time is to be noted.
    #[must_use]
    pub fn is_use_noteworthy(&self, now_unix_s: u64) -> bool {
        self.used_unix_s.is_none_or(|used| now_unix_s >= used.saturating_add(Self::USE_NOTED_EVERY_SECONDS))
    }
}

/// Without what the key is known by.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = f.debug_struct("ApiKey");
        key.field("id", &self.id).field("holder", &self.holder).field("scopes", &self.scopes);
        key.field("revoked_unix_s", &self.revoked_unix_s).finish_non_exhaustive()
    }
}

/// The text of an API key: a prefix that says whose it is, 16 hex digits that are its id, `_`, and 43 characters that nobody
/// can guess. Printed without those by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyText(String);

impl ApiKeyText {
    const ID: std::ops::Range<usize> = 8..24;
    const SECRET_FROM: usize = 25;
    const BYTES: usize = 68;

    /// Puts a key together. `None` where a part has not its form.
    #[must_use]
    pub fn new(holder: &KeyHolder, id: &str, secret: &str) -> Option<Self> {
        Self::parse(&format!("{}{id}_{secret}", holder.prefix()))
    }

    /// Takes the text of a key; `None` where it has not the form of one, so that nobody needs to look for it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_of_somebody = text.starts_with("im_live_") || text.starts_with("sk_live_");
        let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if text.len() != Self::BYTES || !is_of_somebody || !is_plain {
            return None;
        }
        let is_id = text[Self::ID].bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (is_id && text.as_bytes()[Self::SECRET_FROM - 1] == b'_').then(|| Self(text.to_owned()))
    }

    /// The id in it.
    #[must_use]
    pub fn id(&self) -> ApiKeyId {
        ApiKeyId::parse(&self.0[Self::ID]).expect("hex digits are an id")
    }

    /// The whole text, as its holder has it, and as it is hashed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyText({}..)", &self.0[..Self::SECRET_FROM])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_";

    fn key(digest: Digest) -> ApiKey {
        ApiKey {
            id: ApiKeyId::parse("0123456789abcdef").unwrap(),
            holder: KeyHolder::Platform,
            scopes: BTreeSet::from([ApiScope::PlatformRead]),
            description: String::new(),
            digest,
            created_unix_s: 0,
            revoked_unix_s: None,
            used_unix_s: None,
        }
    }

    #[test]
    fn a_keys_text_has_its_id_and_one_form() {
        let holder = KeyHolder::Tenant(TenantId::parse("t").unwrap());
        let text = ApiKeyText::new(&holder, "0123456789abcdef", SECRET).unwrap();
        assert_eq!(text.reveal(), format!("sk_live_0123456789abcdef_{SECRET}"));
        assert_eq!(text.id().as_str(), "0123456789abcdef");
        assert!(!format!("{text:?}").contains("abcdefghij"));
        let good = text.reveal().to_owned();
        for bad in [
            "",
            "sk_live_",
            &good[1..],
            &good.replace("sk_", "pk_"),
            &good.replace("cdef_", "cdefx"),
            &good.replace('9', "g"),
            &format!("{good}a"),
            &good.replace('k', "ü"),
        ] {
            assert_eq!(ApiKeyText::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_is_known_by_its_digest_until_it_is_revoked() {
        let mut key = key([7; 32]);
        assert!(key.is(&[7; 32]));
        let mut other = [7; 32];
        other[31] = 6;
        assert!(!key.is(&other));
        key.revoked_unix_s = Some(1);
        assert!(!key.is(&[7; 32]));
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let mut key = key([0; 32]);
        assert!(key.is_use_noteworthy(5));
        key.used_unix_s = Some(5);
        assert!(!key.is_use_noteworthy(3_604) && key.is_use_noteworthy(3_605));
    }

    #[test]
    fn holders_have_scopes_of_their_own() {
        let tenant = KeyHolder::Tenant(TenantId::parse("t").unwrap());
        for scope in ApiScope::ALL {
            assert_ne!(tenant.may_have(scope), KeyHolder::Platform.may_have(scope), "{scope:?}");
            assert_eq!(ApiScope::parse(scope.name()), Some(scope));
        }
    }
}
