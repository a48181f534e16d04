//! Clauses of [`Vault`].

use domain::ids::{KeyId, TenantId};
use domain::ports::Vault;
use std::sync::Arc;

const SECRET: &[u8] = b"what only the operator's key opens";

fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

fn key(id: &str) -> KeyId {
    KeyId::parse(id).unwrap()
}

/// What was sealed is opened as it was, up to 4 KiB.
pub async fn what_was_sealed_is_opened(vault: Arc<dyn Vault>) {
    for secret in [SECRET, &[0], &[7; 4096]] {
        let sealed = vault.seal(&tenant("t"), &key("k"), secret).await.unwrap();
        assert_eq!(vault.open(&tenant("t"), &key("k"), &sealed).await.as_deref(), Ok(secret));
    }
    assert!(vault.seal(&tenant("t"), &key("k"), &[7; 4097]).await.is_err());
}

/// Nothing of the secret is to be seen, and the same secret is sealed differently each time.
pub async fn what_is_sealed_shows_nothing(vault: Arc<dyn Vault>) {
    let one = vault.seal(&tenant("t"), &key("k"), SECRET).await.unwrap();
    let other = vault.seal(&tenant("t"), &key("k"), SECRET).await.unwrap();
    assert_ne!(one, other);
    assert!(!one.windows(8).any(|part| part == &SECRET[..8]));
}

/// What was sealed for one tenant and key opens for no other.
pub async fn what_was_sealed_opens_for_its_tenant_and_key_alone(vault: Arc<dyn Vault>) {
    let sealed = vault.seal(&tenant("ab"), &key("c"), SECRET).await.unwrap();
    for (of, id) in [("other", "c"), ("ab", "other"), ("c", "ab"), ("a", "bc"), ("abc", "c")] {
        let opened = vault.open(&tenant(of), &key(id), &sealed).await;
        assert_eq!(opened.unwrap_err().store, "vault", "{of} {id}");
    }
}

/// What was changed, cut or lengthened does not open, and the error does not show what it was.
pub async fn what_was_changed_does_not_open(vault: Arc<dyn Vault>) {
    let sealed = vault.seal(&tenant("t"), &key("k"), SECRET).await.unwrap();
    let last = sealed.len() - 1;
    let with = |at: usize| {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        changed
    };
    let longer = [sealed.as_slice(), b"x"].concat();
    for changed in [with(0), with(last), with(last / 2), sealed[..last].to_vec(), longer, vec![0; 8]] {
        let error = vault.open(&tenant("t"), &key("k"), &changed).await.unwrap_err();
        assert!(!error.to_string().contains("operator's key opens"), "{error}");
    }
}
