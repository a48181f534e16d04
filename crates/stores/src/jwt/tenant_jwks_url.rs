use super::https::{Fetcher, shown};
use super::jwks::JwksError;
use super::jwks_url::{InvalidJwksUrl, checked};
use super::tenant_fetches::FETCHES_MAX;
use super::tenant_jwks::TenantJwks;
use domain::ids::TenantId;
use hyper::Uri;
use serde_json::Value;

/// What stands for the tenant's id in a URL.
const TENANT: &str = "{tenantId}";
/// Connections to the server that are kept between fetches: as many as tenants are fetched at once.
const IDLE_CONNECTIONS_MAX: usize = 2 * FETCHES_MAX;

/// The key sets of tenants behind a URL for each: `https://HOST/{tenantId}/.well-known/jwks`.
#[derive(Debug, Clone)]
pub struct TenantJwksUrl {
    before: String,
    after: String,
    fetcher: Fetcher,
}

impl TenantJwksUrl {
    /// Whether a text speaks of each tenant's key set, and not of one for all.
    #[must_use]
    pub fn is_meant_by(url: &str) -> bool {
        url.contains(TENANT)
    }

    /// The key sets at `url`, in whose path `{tenantId}` stands for the tenant.
    ///
    /// # Errors
    /// [`InvalidJwksUrl`].
    pub fn new(url: &str) -> Result<Self, InvalidJwksUrl> {
        let (before, after) = url.split_once(TENANT).ok_or(InvalidJwksUrl::NoTenant)?;
        let host = checked(before).map_err(|error| match error {
            InvalidJwksUrl::NotAUrl => InvalidJwksUrl::NoTenant,
            other => other,
        })?;
        let example = checked(&format!("{before}t{after}"))?;
        if after.contains(TENANT)
            || example.authority() != host.authority()
            || !before.ends_with(['/', '-', '_'])
        {
            return Err(InvalidJwksUrl::NoTenant);
        }
        let fetcher = Fetcher::new(IDLE_CONNECTIONS_MAX).map_err(InvalidJwksUrl::NoCertificates)?;
        Ok(Self { before: before.to_owned(), after: after.to_owned(), fetcher })
    }

    /// Ids have no characters that mean anything in a URL.
    fn of(&self, tenant: &TenantId) -> Result<Uri, JwksError> {
        let url = format!("{}{tenant}{}", self.before, self.after).parse();
        url.map_err(|_| JwksError::Unreadable { place: self.place(), cause: "it is no URL".to_owned() })
    }
}

#[async_trait::async_trait]
impl TenantJwks for TenantJwksUrl {
    /// A tenant is unknown where the answer is 404.
    async fn fetch(&self, tenant: &TenantId) -> Result<Option<Value>, JwksError> {
        self.fetcher.fetch(&self.of(tenant)?).await
    }

    /// Without a query, which may hold a secret.
    fn place(&self) -> String {
        let example = format!("{}tenant{}", self.before, self.after).parse();
        example.map_or_else(|_| "the URL of key sets".to_owned(), |url| shown(&url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_stands_in_the_path() {
        let url = TenantJwksUrl::new("https://h.example:1/a/{tenantId}/.well-known/jwks?k=secret").unwrap();
        let tenant = TenantId::parse("acme_1").unwrap();
        assert_eq!(url.of(&tenant).unwrap(), "https://h.example:1/a/acme_1/.well-known/jwks?k=secret");
        assert!(!url.place().contains("secret"));
        assert!(TenantJwksUrl::new("http://10.0.0.1/{tenantId}").is_ok());
        for bad in [
            "https://h.example/jwks",
            "https://{tenantId}.example/jwks",
            "https://h.example{tenantId}/jwks",
            "https://h.example:1{tenantId}/jwks",
            "https://{tenantId}@h.example/jwks",
            "https://h.example/{tenantId}/{tenantId}",
            "{tenantId}",
        ] {
            assert!(matches!(TenantJwksUrl::new(bad), Err(InvalidJwksUrl::NoTenant)), "{bad}");
        }
        assert!(matches!(
            TenantJwksUrl::new("http://h.example/{tenantId}"),
            Err(InvalidJwksUrl::Unprotected)
        ));
    }
}
