use super::fetched_set::{FetchedSet, Refresh};
use super::jwks::{Jwks, JwksError};
use super::operator_keys::operator_set;
use super::remembered::{Genuine, Remembered, digest_of};
use super::tenant_jwks::TenantJwks;
use super::tenant_sets::TenantSets;
use super::token::UnverifiedToken;
use super::trusted::{Trusted, Voucher};
use domain::bounds::TOKEN_BYTES_MAX;
use domain::claims::{Claims, named_tenant};
use domain::clock::Clock;
use domain::ids::HomeRegion;
use domain::ports::Tokens;
use domain::token::{InvalidToken, TokenRefusal};
use std::sync::Arc;

/// Where the keys come from that verify tokens.
#[derive(Default)]
pub struct KeySources {
    /// The operator's own set, which is trusted for every tenant.
    pub operator: Option<Box<dyn Jwks>>,
    /// The sets of the tenants, each of which is trusted for its tenant alone.
    pub tenants: Option<Arc<dyn TenantJwks>>,
}

/// The tokens port over key sets.
///
/// Keys are parsed when a set is fetched. A token that was found genuine is known again by its SHA-256, as
/// long as the set stays the same; only its times are checked each time.
pub struct Verifier {
    operator: Option<Arc<FetchedSet>>,
    tenants: Option<TenantSets>,
    refresh: Refresh,
    known_homes: Vec<HomeRegion>,
    remembered: Remembered,
}

impl Verifier {
    /// A verifier by the keys of `source` alone, which are trusted for every tenant. They are first fetched when a
    /// token comes. Tokens whose home region is not among `known_homes` are forbidden.
    #[must_use]
    pub fn new(source: impl Jwks, clock: Arc<dyn Clock>, known_homes: Vec<HomeRegion>) -> Self {
        let sources = KeySources { operator: Some(Box::new(source)), tenants: None };
        Self::of(sources, clock, known_homes)
    }

    /// A verifier by the keys of all `sources`. Without any of them every token is refused.
    #[must_use]
    pub fn of(sources: KeySources, clock: Arc<dyn Clock>, known_homes: Vec<HomeRegion>) -> Self {
        Self {
            operator: sources.operator.map(|source| operator_set(source, clock.clone())),
            tenants: sources.tenants.map(|source| TenantSets::new(source, clock)),
            refresh: Refresh::default(),
            known_homes,
            remembered: Remembered::default(),
        }
    }

    /// The same, fetching sets that grow old as `refresh` says.
    #[must_use]
    pub fn refreshing(self, refresh: Refresh) -> Self {
        Self { refresh, ..self }
    }

    /// Fetches the operator's key set before any token comes, so that a wrong place shows at the start. Returns how
    /// many of its keys may verify tokens; 0 where there is no such set. Where that fails, it is tried again as
    /// tokens come.
    ///
    /// # Errors
    /// [`JwksError`], and the keys stay as they were.
    pub async fn load(&self) -> Result<usize, JwksError> {
        match &self.operator {
            Some(operator) => operator.load().await,
            None => Ok(0),
        }
    }

    /// By whose keys `token` is genuine.
    ///
    /// The operator's come first where they have the one that the token names: no tenant's have to be fetched then.
    async fn check(&self, token: &UnverifiedToken<'_>) -> Result<Voucher, TokenRefusal> {
        if let Some(trusted) = self.operators().await
            && trusted.keys.has_named_by(token)
            && trusted.keys.check(token).is_ok()
        {
            return Ok(Voucher::Operator(trusted));
        }
        let mut refusal = TokenRefusal::from(InvalidToken::UnknownKey);
        if let (Some(tenants), Some(tenant)) = (&self.tenants, named_tenant(&token.payload)) {
            match tenants.check(&tenant, token, self.refresh).await {
                Ok(trusted) => return Ok(Voucher::Tenant(tenant, trusted)),
                Err(cause) => refusal = cause,
            }
        }
        let Some(operator) = &self.operator else { return Err(refusal) };
        match operator.check(token, self.refresh).await {
            Ok(trusted) => Ok(Voucher::Operator(trusted)),
            // What could not be asked might have had the key.
            Err(TokenRefusal::Unverifiable) => Err(TokenRefusal::Unverifiable),
            Err(_) if refusal == TokenRefusal::Unverifiable => Err(refusal),
            Err(TokenRefusal::Invalid(InvalidToken::UnknownKey)) => Err(refusal),
            Err(cause) => Err(cause),
        }
    }

    /// Whether the keys by which a token was found genuine are still those that are trusted.
    async fn stands(&self, voucher: &Voucher) -> bool {
        let (current, by) = match voucher {
            Voucher::Operator(by) => (self.operators().await, by),
            Voucher::Tenant(tenant, by) => match &self.tenants {
                Some(tenants) => (tenants.current(tenant, self.refresh).await, by),
                None => (None, by),
            },
        };
        current.is_some_and(|current| Arc::ptr_eq(&current, by))
    }

    /// The operator's keys as they are known.
    async fn operators(&self) -> Option<Arc<Trusted>> {
        self.operator.as_ref()?.current(self.refresh).await
    }
}

#[async_trait::async_trait]
impl Tokens for Verifier {
    async fn verify(&self, jwt: &str, now_unix_ms: u64) -> Result<Arc<Claims>, TokenRefusal> {
        if jwt.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken::Malformed.into());
        }
        let now_unix_s = now_unix_ms / 1000;
        let digest = digest_of(jwt);
        if let Some(genuine) = self.remembered.find(&digest)
            && let Some(verdict) = genuine.verdict(now_unix_s)
            && self.stands(genuine.voucher()).await
        {
            return verdict;
        }
        let token = UnverifiedToken::parse(jwt)?;
        let voucher = self.check(&token).await?;
        let genuine = Arc::new(Genuine::read(&token, voucher, now_unix_s, &self.known_homes)?);
        self.remembered.insert(digest, genuine.clone());
        genuine.reading()
    }
}
