use aws_lc_rs::digest::{SHA256, digest};
use domain::ids::TenantId;
use domain::ports::{Added, ApiKeys};
use domain::registry::{ApiKey, ApiKeyText, ApiScope, Digest, KeyHolder};
use std::collections::BTreeSet;

/// Enters a key for a holder into the registry, and returns its text.
///
/// # Panics
/// Where the registry does not take it.
pub async fn enter_api_key(
    keys: &dyn ApiKeys,
    holder: KeyHolder,
    scopes: &[ApiScope],
    now_unix_s: u64,
) -> String {
    let (id, secret): (u64, [u8; 32]) = rand::random();
    let secret = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret);
    let text = ApiKeyText::new(&holder, &format!("{id:016x}"), &secret).expect("both parts have their form");
    let mut sha256 = Digest::default();
    sha256.copy_from_slice(digest(&SHA256, text.reveal().as_bytes()).as_ref());
    let key = ApiKey {
        id: text.id(),
        holder,
        scopes: BTreeSet::from_iter(scopes.iter().copied()),
        description: String::new(),
        digest: sha256,
        created_unix_s: now_unix_s,
        revoked_unix_s: None,
        used_unix_s: None,
    };
    assert_eq!(keys.add_api_key(&key).await, Ok(Added::New));
    text.reveal().to_owned()
}

/// Enters a key of a tenant that may all that tenants' keys may.
///
/// # Panics
/// As [`enter_api_key`].
pub async fn enter_tenant_key(keys: &dyn ApiKeys, tenant: &TenantId, now_unix_s: u64) -> String {
    let holder = KeyHolder::Tenant(tenant.clone());
    let scopes: Vec<ApiScope> = ApiScope::ALL.into_iter().filter(|scope| holder.may_have(*scope)).collect();
    enter_api_key(keys, holder, &scopes, now_unix_s).await
}
