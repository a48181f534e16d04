//! An API key as a file holds it, in JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{ApiKeyId, TenantId};
use domain::registry::{ApiKey, ApiScope, Digest, KeyHolder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Serialize, Deserialize)]
pub(super) struct ApiKeyRecord {
    id: String,
    /// `null` for a key of the operator's.
    tenant: Option<String>,
    scopes: Vec<String>,
    description: String,
    /// The SHA-256 of the key's text, in base64url.
    digest: String,
    created_unix_s: u64,
    revoked_unix_s: Option<u64>,
    used_unix_s: Option<u64>,
}

impl ApiKeyRecord {
    pub(super) fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            tenant: match &key.holder {
                KeyHolder::Platform => None,
                KeyHolder::Tenant(tenant) => Some(tenant.to_string()),
            },
            scopes: key.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            description: key.description.clone(),
            digest: URL_SAFE_NO_PAD.encode(key.digest),
            created_unix_s: key.created_unix_s,
            revoked_unix_s: key.revoked_unix_s,
            used_unix_s: key.used_unix_s,
        }
    }

    /// The key that it speaks of; what is wrong with it, where it is none.
    pub(super) fn read(self) -> Result<ApiKey, String> {
        let tenant = self.tenant.map(|tenant| TenantId::parse(&tenant)).transpose();
        let tenant = tenant.map_err(|error| error.to_string())?;
        let digest = URL_SAFE_NO_PAD.decode(&self.digest).ok().and_then(|d| Digest::try_from(d).ok());
        Ok(ApiKey {
            id: ApiKeyId::parse(&self.id).map_err(|error| error.to_string())?,
            holder: tenant.map_or(KeyHolder::Platform, KeyHolder::Tenant),
            scopes: self.scopes.iter().map(|name| scope(name)).collect::<Result<BTreeSet<_>, _>>()?,
            description: self.description,
            digest: digest.ok_or("an API key's `digest` is not 32 bytes in base64url")?,
            created_unix_s: self.created_unix_s,
            revoked_unix_s: self.revoked_unix_s,
            used_unix_s: self.used_unix_s,
        })
    }
}

fn scope(name: &str) -> Result<ApiScope, String> {
    ApiScope::parse(name).ok_or_else(|| format!("`{name}` is no scope of an API key"))
}
