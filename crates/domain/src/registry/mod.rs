//! What the operator has on the books: tenants, plans, apps, clients and the tenants' signing keys, and the rules by
//! which tokens follow from them.
//!
//! The data plane never looks here: what a plan allows travels in the token.

mod api_keys;
mod entries;
mod keys;
mod refresh;
mod scope;
mod token_claims;

pub use api_keys::{ApiKey, ApiKeyText, ApiScope, KeyHolder};
pub use entries::{App, Client, Plan, Refresh, SecretHash, Tenant};
pub use keys::{Standing, TenantKey, key_set, published, signing, standing};
pub use refresh::{Digest, Presented, RefreshFamily, RefreshToken};
pub use scope::{OFFLINE_ACCESS, Scope};
pub use token_claims::{Grant, access_claims};
