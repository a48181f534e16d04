//! JSON Web Tokens (RFC 7519): the tokens port over JSON Web Key Sets, the keys that sign in tenants' names, and the
//! key that signs tokens in local mode.
//!
//! Signatures are checked by `jsonwebtoken`; times and claims are read by `domain`, which is told the time.

mod generations;
mod https;
mod jwks;
mod jwks_url;
mod key_set;
mod operator_keys;
mod remembered;
mod signing_key;
mod tenant_jwks;
mod tenant_jwks_url;
mod tenant_keys;
mod tenant_set;
mod tenant_sets;
mod token;
mod trusted;
mod verifier;

pub use jwks::{Jwks, JwksError, JwksFile, StaticKeys};
pub use jwks_url::{InvalidJwksUrl, JwksUrl};
pub use signing_key::{SigningKey, SigningKeyError};
pub use tenant_jwks::{RegistryJwks, TenantJwks};
pub use tenant_jwks_url::TenantJwksUrl;
pub use tenant_keys::{MakeKeyError, Start, TenantKeys};
pub use verifier::{KeySources, Verifier};

use std::time::Duration;

/// How often a key set is fetched again at most, where no key fits (SPEC 2.2).
const FETCH_EVERY: Duration = Duration::from_secs(60);
/// How often it is fetched at most as long as there is none at all: until then every token is refused.
const FIRST_FETCH_EVERY: Duration = Duration::from_secs(5);
/// How long a source may take before the keys at hand have to do.
const FETCH_DEADLINE: Duration = Duration::from_secs(5);
