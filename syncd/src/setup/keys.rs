use super::error::SetupError;
use super::options::Options;
use super::registry::RegistryPorts;
use domain::clock::Clock;
use domain::ids::HomeRegion;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use stores::jwt::{
    InvalidJwksUrl, Jwks, JwksFile, JwksUrl, KeySources, RegistryJwks, TenantJwks, TenantJwksUrl, Verifier,
};

/// Where the key set is that tokens are verified by, as `--jwks` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysAt {
    /// In a file.
    File(PathBuf),
    /// Behind a URL, `https://` or `http://`.
    Url(String),
    /// Behind a URL for each tenant, whose id takes the place of `{tenantId}`.
    TenantUrl(String),
}

impl FromStr for KeysAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            None if text.is_empty() => Err("expected a file, or https://HOST/PATH"),
            None => Ok(Self::File(text.into())),
            Some(("https" | "http", _)) if TenantJwksUrl::is_meant_by(text) => {
                Ok(Self::TenantUrl(text.to_owned()))
            }
            Some(("https" | "http", _)) => Ok(Self::Url(text.to_owned())),
            Some(_) => Err("expected https://HOST/PATH, or a file"),
        }
    }
}

/// The tokens port. A file that is no key set ends the start: it is the operator's to mend. A URL that can't be
/// had only delays: whoever answers there may start after this node, and whoever brings a token is told to try again until it has.
pub(super) async fn verifier(
    options: &Options,
    registry: Option<&RegistryPorts>,
    clock: Arc<dyn Clock>,
    homes: Vec<HomeRegion>,
) -> Result<Verifier, SetupError> {
    let operator = options.jwks.as_ref().map(operators).transpose()?.flatten();
    let tenants = match registry {
        Some(RegistryPorts { registry, .. }) => {
            let of_registry = RegistryJwks::new(Arc::clone(registry), Arc::clone(&clock));
            Some(Arc::new(of_registry) as Arc<dyn TenantJwks>)
        }
        None => options.jwks.as_ref().map(tenants).transpose()?.flatten(),
    };
    let fetches_early = operator.is_some();
    let verifier = Verifier::of(KeySources { operator, tenants }, clock, homes);
    if fetches_early {
        load(&verifier, options.jwks.as_ref()).await?;
    }
    Ok(verifier)
}

/// The set that is trusted for every tenant.
fn operators(keys: &KeysAt) -> Result<Option<Box<dyn Jwks>>, SetupError> {
    match keys {
        KeysAt::File(path) => Ok(Some(Box::new(JwksFile::new(path)))),
        KeysAt::Url(url) => Ok(Some(Box::new(JwksUrl::new(url).map_err(invalid)?))),
        KeysAt::TenantUrl(_) => Ok(None),
    }
}

/// The sets of the tenants.
fn tenants(keys: &KeysAt) -> Result<Option<Arc<dyn TenantJwks>>, SetupError> {
    match keys {
        KeysAt::File(_) | KeysAt::Url(_) => Ok(None),
        KeysAt::TenantUrl(url) => Ok(Some(Arc::new(TenantJwksUrl::new(url).map_err(invalid)?))),
    }
}

fn invalid(error: InvalidJwksUrl) -> SetupError {
    SetupError::value("--jwks", error)
}

async fn load(verifier: &Verifier, keys: Option<&KeysAt>) -> Result<(), SetupError> {
    match (verifier.load().await, keys) {
        (Ok(keys), _) => tracing::info!(keys, "loaded the key set"),
        (Err(error), Some(KeysAt::File(_))) => return Err(error.into()),
        (Err(error), _) => {
            tracing::warn!(%error, "until the key set can be fetched, who brings a token is told to try again");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_a_file_or_behind_a_url() {
        assert_eq!("/etc/keys.json".parse(), Ok(KeysAt::File("/etc/keys.json".into())));
        assert_eq!("https://a/b".parse(), Ok(KeysAt::Url("https://a/b".to_owned())));
        assert_eq!("http://a/b".parse(), Ok(KeysAt::Url("http://a/b".to_owned())));
        let of_tenants = "https://a/{tenantId}/.well-known/jwks";
        assert_eq!(of_tenants.parse(), Ok(KeysAt::TenantUrl(of_tenants.to_owned())));
        assert!("".parse::<KeysAt>().is_err());
        assert!("s3://a/b".parse::<KeysAt>().is_err());
    }
}
