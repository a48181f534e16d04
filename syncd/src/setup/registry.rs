use super::access::LazyAccess;
use super::error::SetupError;
use super::homes::{at_endpoint, create_command, lacks_table};
use super::options::Options;
use domain::ids::TenantId;
use domain::ports::{ApiKeys, RefreshFamilies, Registry};
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use stores::dynamo::TableAt;
use stores::registry::FileRegistry;

/// Where the registry is, as `--registry` says it: `TABLE[,region=AWS_REGION][,endpoint=URL]` or `file:FOLDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryAt {
    /// In a DynamoDB table of its own.
    Table(TableAt),
    /// In the files of a folder on this machine.
    Folder(PathBuf),
}

impl FromStr for RegistryAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("file:") {
            Some("") => Err("expected a folder behind `file:`".to_owned()),
            Some(folder) => Ok(Self::Folder(folder.into())),
            None => text.parse().map(Self::Table).map_err(|error| format!("{error}; or file:FOLDER")),
        }
    }
}

/// As `--registry` takes it.
impl fmt::Display for RegistryAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => {
                f.write_str(table.name())?;
                table.region().map_or(Ok(()), |region| write!(f, ",region={region}"))?;
                table.endpoint().map_or(Ok(()), |endpoint| write!(f, ",endpoint={endpoint}"))
            }
            Self::Folder(folder) => write!(f, "file:{}", folder.display()),
        }
    }
}

/// The registry's ports.
#[derive(Clone)]
pub struct RegistryPorts {
    /// Tenants, plans, apps, clients and signing keys.
    pub registry: Arc<dyn Registry>,
    /// Which refresh tokens are good.
    pub families: Arc<dyn RefreshFamilies>,
    /// Who sees reports and counts.
    pub api_keys: Arc<dyn ApiKeys>,
}

impl RegistryPorts {
    /// The registry in a place. Nothing is sent to a table yet; files are read.
    ///
    /// # Errors
    /// [`SetupError`], which names `--registry`.
    pub async fn open(at: &RegistryAt) -> Result<Self, SetupError> {
        Self::reach(at, &LazyAccess::default()).await
    }

    async fn reach(at: &RegistryAt, access: &LazyAccess) -> Result<Self, SetupError> {
        let refuse = |error: &dyn Display| SetupError::value(OPTION, error);
        match at {
            RegistryAt::Table(table) => {
                let registry = access.get().await.registry(table);
                registry.map(Self::of).map_err(|error| refuse(&error))
            }
            RegistryAt::Folder(folder) if !folder.is_dir() => {
                let wrong = "is no folder: give the data folder of a local service";
                Err(refuse(&format_args!("{} {wrong}", folder.display())))
            }
            RegistryAt::Folder(folder) => {
                FileRegistry::open(folder).map(Self::of).map_err(|error| refuse(&error))
            }
        }
    }

    fn of(registry: impl Registry + RefreshFamilies + ApiKeys) -> Self {
        let registry = Arc::new(registry);
        Self { registry: registry.clone(), families: registry.clone(), api_keys: registry }
    }
}

const OPTION: &str = "--registry";

/// The registry that the options name.
pub(super) async fn registry(
    options: &Options,
    access: &LazyAccess,
) -> Result<Option<RegistryPorts>, SetupError> {
    let Some(at) = &options.registry else { return Ok(None) };
    let at = match at {
        RegistryAt::Table(table) => {
            RegistryAt::Table(at_endpoint(table, options.dynamodb_endpoint.as_deref())?)
        }
        RegistryAt::Folder(_) => at.clone(),
    };
    let ports = RegistryPorts::reach(&at, access).await?;
    if let RegistryAt::Table(table) = at {
        tokio::spawn(look_at(table, Arc::clone(&ports.registry)));
    }
    Ok(Some(ports))
}

/// Tells the operator at the start what is wrong with the registry, by the one question that whoever verifies may ask
/// it. The node itself goes on trying.
async fn look_at(table: TableAt, registry: Arc<dyn Registry>) {
    let any = TenantId::parse("-").expect("a hyphen is a tenant id");
    match registry.keys(&any).await {
        Ok(_) => tracing::info!(table = table.name(), "the registry answers"),
        Err(error) if lacks_table(&error) => tracing::error!(
            table = table.name(),
            "the registry does not exist, and until it does, who brings a tenant's token is told to try again; make it: {}",
            create_command(&table)
        ),
        Err(error) => tracing::error!(
            table = table.name(),
            cause = error.cause,
            "the registry can't be reached, and until it can, who brings a token of a tenant whose keys are not known yet is told to try again"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_a_table_or_a_folder() {
        let table = |text: &str| RegistryAt::Table(text.parse().unwrap());
        let on_dynamo = "registry,region=eu-central-1,endpoint=http://127.0.0.1:8000";
        assert_eq!(on_dynamo.parse(), Ok(table(on_dynamo)));
        assert_eq!(table(on_dynamo).to_string(), on_dynamo);
        assert_eq!("file:.wiresocket".parse(), Ok(RegistryAt::Folder(".wiresocket".into())));
        for bad in ["", "file:", "a b c", "registry,zone=a", "http://a"] {
            assert!(bad.parse::<RegistryAt>().is_err(), "{bad}");
        }
    }
}
