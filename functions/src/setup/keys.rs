use super::environment::{Reader, Settings};
use super::mistakes::{Mistake, Mistakes};
use super::registry::registry_table;
use super::variables::{JWKS, REGISTRY};
use domain::clock::Clock;
use domain::ids::HomeRegion;
use std::path::PathBuf;
use std::sync::Arc;
use stores::dynamo::{Access, TableAt};
use stores::jwt::{
    InvalidJwksUrl, Jwks, JwksFile, JwksUrl, KeySources, Refresh, RegistryJwks, TenantJwks, TenantJwksUrl,
    Verifier,
};

/// Where the keys are that tokens are verified by: the operator's own, the tenants', or both.
pub(super) struct KeysAt {
    operator: Option<OperatorKeysAt>,
    tenants: Option<TenantKeysAt>,
}

/// A key set that is trusted for every tenant.
enum OperatorKeysAt {
    File(PathBuf),
    Url(String),
}

/// A key set for each tenant.
enum TenantKeysAt {
    Registry(TableAt),
    Url(String),
}

impl Settings for KeysAt {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let registry = registry_table(from)?;
        let jwks = from.text(JWKS).map(str::to_owned);
        let tenants = registry.map(TenantKeysAt::Registry);
        match jwks {
            None if tenants.is_none() => from.note(Mistake::combination(
                REGISTRY,
                format_args!(
                    "is missing, and so is {}: one of them says where the keys of tokens are",
                    JWKS.name
                ),
            )),
            None => Some(Self { operator: None, tenants }),
            Some(url) if TenantJwksUrl::is_meant_by(&url) && tenants.is_some() => {
                let wrong = format_args!(
                    "is of no use: tenants' keys are in {}, so leave one of them out",
                    REGISTRY.name
                );
                from.note(Mistake::combination(JWKS, wrong))
            }
            Some(url) if TenantJwksUrl::is_meant_by(&url) => {
                Some(Self { operator: None, tenants: Some(TenantKeysAt::Url(url)) })
            }
            Some(text) => Some(Self { operator: Some(OperatorKeysAt::of(text)), tenants }),
        }
    }
}

impl OperatorKeysAt {
    fn of(text: String) -> Self {
        if text.contains("://") { Self::Url(text) } else { Self::File(text.into()) }
    }

    fn source(self) -> Result<Box<dyn Jwks>, Mistakes> {
        match self {
            Self::File(path) => Ok(Box::new(JwksFile::new(path))),
            Self::Url(url) => Ok(Box::new(JwksUrl::new(&url).map_err(|wrong| unusable(&url, &wrong))?)),
        }
    }
}

impl TenantKeysAt {
    fn source(self, access: &Access, clock: &Arc<dyn Clock>) -> Result<Arc<dyn TenantJwks>, Mistakes> {
        match self {
            Self::Registry(table) => {
                let registry =
                    access.registry(&table).map_err(|wrong| Mistake::combination(REGISTRY, wrong))?;
                Ok(Arc::new(RegistryJwks::new(Arc::new(registry), Arc::clone(clock))))
            }
            Self::Url(url) => Ok(Arc::new(TenantJwksUrl::new(&url).map_err(|wrong| unusable(&url, &wrong))?)),
        }
    }
}

impl KeysAt {
    /// The keys are first fetched when a token comes.
    pub(super) fn verifier(
        self,
        homes: Vec<HomeRegion>,
        access: &Access,
        clock: &Arc<dyn Clock>,
    ) -> Result<Verifier, Mistakes> {
        let operator = self.operator.map(OperatorKeysAt::source).transpose()?;
        let tenants = self.tenants.map(|keys| keys.source(access, clock)).transpose()?;
        let verifier = Verifier::of(KeySources { operator, tenants }, Arc::clone(clock), homes);
        // What goes on after an answer stands still while Lambda freezes the function.
        Ok(verifier.refreshing(Refresh::First))
    }
}

fn unusable(url: &str, wrong: &InvalidJwksUrl) -> Mistake {
    Mistake::value(JWKS, url, wrong)
}
