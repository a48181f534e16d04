//! JSON Web Tokens (RFC 7519): the tokens port over a JSON Web Key Set, and the key that signs tokens in local
//! mode.
//!
//! Signatures are checked by `jsonwebtoken`; times and claims are read by `domain`, which is told the time.

mod jwks;
mod jwks_url;
mod key_set;
mod remembered;
mod signing_key;
mod token;
mod verifier;

pub use jwks::{Jwks, JwksError, JwksFile, StaticKeys};
pub use jwks_url::{InvalidJwksUrl, JwksUrl};
pub use signing_key::{SigningKey, SigningKeyError};
pub use verifier::Verifier;
