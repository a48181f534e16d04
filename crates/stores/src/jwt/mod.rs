//! JSON Web Tokens (RFC 7519): the tokens port over JSON Web Key Sets, the keys that sign in tenants' names, and the
//! key that signs tokens in local mode.
//!
//! Signatures are checked by `jsonwebtoken`; times and claims are read by `domain`, which is told the time.

mod fetched_set;
mod generations;
mod https;
mod jwks;
mod jwks_url;
mod kept_set;
mod key_set;
mod moment;
mod operator_keys;
mod remembered;
mod signing_key;
mod tenant_fetches;
mod tenant_jwks;
mod tenant_jwks_url;
mod tenant_keys;
mod tenant_sets;
mod token;
mod trusted;
mod verifier;
mod warnings;

pub use fetched_set::Refresh;
pub use jwks::{Jwks, JwksError, JwksFile, StaticKeys};
pub use jwks_url::{InvalidJwksUrl, JwksUrl};
pub use signing_key::{SigningKey, SigningKeyError};
pub use tenant_jwks::{RegistryJwks, TenantJwks};
pub use tenant_jwks_url::TenantJwksUrl;
pub use tenant_keys::{MakeKeyError, Start, TenantKeys, revoke_key};
pub use verifier::{KeySources, Verifier};
