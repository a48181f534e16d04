use crate::claims::Claims;
use crate::token::TokenRefusal;
use std::sync::Arc;

/// Tells genuine tokens from others, and reads their claims.
///
/// # Contract
/// - RS256, ES256, EdDSA and HS256 are taken, each only with a key of its own kind; every other algorithm is
///   refused. The key named by `kid` is tried first, then every key of that algorithm.
/// - Where no key fits, the key set is fetched again, at most once a minute.
/// - Where no key fits and a set that might have it was never to be had, the answer is
///   [`TokenRefusal::Unverifiable`], and not that the token is bad.
/// - The same token and time give the same answer as long as the key set is the same.
#[async_trait::async_trait]
pub trait Tokens: Send + Sync + 'static {
    /// Checks `jwt` at `now_unix_ms` and reads its claims.
    async fn verify(&self, jwt: &str, now_unix_ms: u64) -> Result<Arc<Claims>, TokenRefusal>;
}
