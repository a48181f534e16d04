//! `wiresocket token`.

use crate::args::Token;
use crate::banner;
use crate::data_folder::DataFolder;
use crate::error::LocalError;
use domain::bounds::ALLOWED_DOMAINS_MAX;
use domain::claims::API;
use domain::clock::Clock;
use serde_json::{Value, json};
use stores::system::SystemClock;

/// Prints a token, alone.
pub(crate) fn token(token: &Token) -> Result<(), LocalError> {
    if token.origin.len() > ALLOWED_DOMAINS_MAX {
        return Err(LocalError::Origins(token.origin.len()));
    }
    let key = DataFolder::shared(&token.data)?.signing_key()?;
    banner::token(&key.sign(&claims(token, SystemClock::new().unix_ms() / 1000)))?;
    Ok(())
}

/// What a token says that is made at `now_unix_s`.
pub(crate) fn claims(token: &Token, now_unix_s: u64) -> Value {
    let mut claims = json!({
        "iat": now_unix_s,
        "exp": now_unix_s + token.ttl.as_secs(),
        "aud": API,
        "scope": API,
        "tenantid": token.tenant.as_str(),
        "appId": token.app.as_str(),
        "limits": {
            "maxConnections": token.max_connections,
            "maxDocuments": token.max_documents,
            "maxUsersPerDoc": token.max_users_per_doc,
            "opsPerMinute": token.ops_per_minute,
        },
    });
    for (i, origin) in token.origin.iter().enumerate() {
        claims[format!("allowed_domain_{}", i + 1)] = json!(origin);
    }
    claims
}
