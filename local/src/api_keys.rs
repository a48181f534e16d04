//! API keys: drawn here, kept by the registry as a digest, and shown once.

use crate::drawn;
use aws_lc_rs::digest::{SHA256, digest};
use domain::clock::Entropy;
use domain::registry::{ApiKey, ApiKeyText, ApiScope, Digest, KeyHolder};
use std::collections::BTreeSet;

/// Random bytes of the part that nobody can guess.
const SECRET_BYTES: usize = 32;

/// What a key is made as.
pub(crate) struct NewApiKey {
    pub(crate) holder: KeyHolder,
    /// None means all that the holder may have.
    pub(crate) scopes: BTreeSet<ApiScope>,
    pub(crate) description: String,
}

impl NewApiKey {
    /// A key for all that its holder may do.
    pub(crate) fn for_all_of(holder: KeyHolder, description: &str) -> Self {
        Self { holder, scopes: BTreeSet::new(), description: description.to_owned() }
    }

    /// Draws its text.
    pub(crate) fn drawn(self, now_unix_s: u64, entropy: &dyn Entropy) -> (ApiKey, ApiKeyText) {
        let secret = drawn::base64url::<SECRET_BYTES>(entropy);
        let text = ApiKeyText::new(&self.holder, &drawn::hex(entropy), &secret);
        let text = text.expect("16 hex digits and 43 characters of base64url have the form of a key");
        (self.with(&text, now_unix_s), text)
    }

    /// The key of this text.
    pub(crate) fn with(self, text: &ApiKeyText, now_unix_s: u64) -> ApiKey {
        let Self { holder, mut scopes, description } = self;
        if scopes.is_empty() {
            scopes.extend(ApiScope::ALL.into_iter().filter(|scope| holder.may_have(*scope)));
        }
        ApiKey {
            id: text.id(),
            holder,
            scopes,
            description,
            digest: sha256(text.reveal()),
            created_unix_s: now_unix_s,
            revoked_unix_s: None,
            used_unix_s: None,
        }
    }
}

fn sha256(text: &str) -> Digest {
    let mut sha256 = Digest::default();
    sha256.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    sha256
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::TenantId;
    use stores::system::SeededEntropy;

    #[test]
    fn a_key_has_what_its_holder_may_do_unless_it_is_told_less() {
        let entropy = SeededEntropy::new(7);
        let tenant = KeyHolder::Tenant(TenantId::parse("t").unwrap());
        let (key, text) = NewApiKey::for_all_of(tenant.clone(), "d").drawn(5, &entropy);
        assert!(text.reveal().starts_with("sk_live_") && key.id == text.id());
        let all = [ApiScope::UsageRead, ApiScope::WebhooksRead, ApiScope::WebhooksWrite];
        assert_eq!(key.scopes, BTreeSet::from(all));
        let scopes = BTreeSet::from([ApiScope::UsageRead]);
        let less = NewApiKey { holder: tenant, scopes: scopes.clone(), description: String::new() };
        assert_eq!(less.drawn(5, &entropy).0.scopes, scopes);
        let (platform, text) = NewApiKey::for_all_of(KeyHolder::Platform, "").drawn(5, &entropy);
        assert!(text.reveal().starts_with("im_live_") && platform.scopes.contains(&ApiScope::PlatformRead));
    }

    #[test]
    fn a_key_is_known_again_by_its_whole_text() {
        let entropy = SeededEntropy::new(7);
        let (key, text) = NewApiKey::for_all_of(KeyHolder::Platform, "").drawn(5, &entropy);
        assert!(key.is(&sha256(text.reveal())));
        assert!(!key.is(&sha256(&text.reveal()[1..])));
    }
}
