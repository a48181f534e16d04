use super::args::Intent;
use super::error::AdminError;
use super::sealing::{self, SealedBy};
use crate::args::VAULT;
use crate::data_folder::{DataFolder, DataFolderError};
use crate::error::LocalError;
use crate::vault;
use clap::Args;
use domain::clock::{Clock, Entropy};
use domain::ids::{AppKey, ClientId, PlanId, TenantId};
use domain::ports::{Alerts, ApiKeys, Registry, SecretHashes};
use domain::registry::{App, Client, Plan, Tenant, TenantKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stores::alerts::FileAlerts;
use stores::dynamo::Access;
use stores::jwt::TenantKeys;
use stores::secrets::Argon2Hashes;
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsageAt;
use stores::vault::VaultAt;
use syncd::setup::{RegistryAt, RegistryPorts};

/// Which books are meant.
#[derive(Debug, Args)]
pub(super) struct BooksAt {
    /// Folder of a local service, which may be running; made by what changes the books, and `.wiresocket` by default.
    // Its id differs from that of the option of `serve`, whose default clap would take for a value given here.
    #[arg(id = "folder", long = "data", global = true, env = "WIRESOCKET_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Table of a deployment. Credentials are looked for where Amazon's tools do.
    #[arg(
        long,
        global = true,
        env = "WIRESOCKET_REGISTRY",
        value_name = "TABLE[,region=AWS_REGION][,endpoint=URL]|file:DIR"
    )]
    registry: Option<RegistryAt>,
    /// What seals the signing keys of that deployment; needed where keys are made.
    #[arg(
        long,
        global = true,
        env = "WIRESOCKET_VAULT",
        value_name = VAULT
    )]
    vault: Option<VaultAt>,
    /// Table of that deployment in which usage is counted, and webhooks and their deliveries are; needed for `webhooks`.
    #[arg(
        long,
        global = true,
        env = "WIRESOCKET_USAGE",
        value_name = "TABLE[,region=AWS_REGION][,endpoint=URL]|file:DIR"
    )]
    usage: Option<UsageAt>,
}

/// Where webhooks and their deliveries are: in the usage table that is named, or in the data folder.
pub(super) async fn alerts(at: &BooksAt) -> Result<Arc<dyn Alerts>, LocalError> {
    let folder = match (&at.usage, &at.registry) {
        (Some(UsageAt::Table(table)), _) => {
            let access = Access::from_environment().await;
            let usage = access.usage(table).map_err(|error| AdminError::Usage(error.into()))?;
            return Ok(usage.alerts());
        }
        (Some(UsageAt::Folder(folder)), _) => folder.clone(),
        (None, Some(_)) => return Err(AdminError::NoUsage.into()),
        (None, None) => DataFolder::existing(at.data.as_deref().unwrap_or(Path::new(FOLDER)))?.usage(),
    };
    // Nothing was ever counted where it is missing.
    let missing = |source| DataFolderError::File { path: folder.clone(), source };
    std::fs::create_dir_all(&folder).map_err(missing)?;
    let alerts = FileAlerts::open(&folder).map_err(|error| AdminError::Usage(error.into()))?;
    Ok(Arc::new(alerts))
}

/// The folder of a local service that is told of none.
const FOLDER: &str = ".wiresocket";

/// The books, and what is needed to write in them.
pub(super) struct Books {
    registry: Arc<dyn Registry>,
    api_keys: Arc<dyn ApiKeys>,
    sealed_by: SealedBy,
    hashes: Argon2Hashes,
    clock: SystemClock,
}

impl Books {
    pub(super) async fn open(at: &BooksAt, intent: Intent) -> Result<Self, LocalError> {
        match (&at.data, &at.registry, &at.vault) {
            (Some(_), Some(_), _) => {
                let cause = "is of no use where '--registry' names the books: leave one of them out";
                Err(AdminError::Combination { option: "--data (or WIRESOCKET_DATA)", cause }.into())
            }
            (data, None, None) => Self::of_folder(data.as_deref().unwrap_or(Path::new(FOLDER)), intent).await,
            (_, registry, vault) => {
                let vault = vault::opened(vault.as_ref(), registry.as_ref()).await?;
                let registry = registry.as_ref().ok_or(LocalError::VaultAlone)?;
                let sealed_by = vault.map_or(SealedBy::Unknown, SealedBy::Vault);
                Ok(Self::new(RegistryPorts::open(registry).await?, sealed_by))
            }
        }
    }

    async fn of_folder(path: &Path, intent: Intent) -> Result<Self, LocalError> {
        let folder = match intent {
            Intent::Look => DataFolder::existing(path)?,
            Intent::Change => DataFolder::shared(path)?,
        };
        Ok(Self::new(folder.books().await?, SealedBy::KeyOf(folder)))
    }

    fn new(RegistryPorts { registry, api_keys, .. }: RegistryPorts, sealed_by: SealedBy) -> Self {
        Self { registry, api_keys, sealed_by, hashes: Argon2Hashes::new(), clock: SystemClock::new() }
    }

    pub(super) fn registry(&self) -> &dyn Registry {
        &*self.registry
    }

    pub(super) fn api_keys(&self) -> &dyn ApiKeys {
        &*self.api_keys
    }

    /// What makes a tenant's signing keys, sealed by the vault that sealed those which it has or, before its first, those of
    /// another tenant.
    pub(super) async fn key_maker_for(&self, own: &[TenantKey]) -> Result<TenantKeys, AdminError> {
        match own {
            [] => self.key_maker(&vault::sealed_by_it(self.registry()).await?).await,
            own => self.key_maker(own).await,
        }
    }

    /// What makes signing keys, sealed by the vault that sealed these.
    pub(super) async fn key_maker(&self, sealed: &[TenantKey]) -> Result<TenantKeys, AdminError> {
        let vault = self.sealed_by.vault(self.registry()).await?;
        sealing::expect_of(&*vault, sealed).await?;
        Ok(TenantKeys::new(Arc::clone(&self.registry), vault))
    }

    pub(super) fn hashes(&self) -> &dyn SecretHashes {
        &self.hashes
    }

    pub(super) fn entropy(&self) -> &dyn Entropy {
        &SystemEntropy
    }

    pub(super) fn now_unix_s(&self) -> u64 {
        self.clock.unix_ms() / 1000
    }

    pub(super) async fn tenant(&self, id: &TenantId) -> Result<Tenant, AdminError> {
        self.registry.tenant(id).await?.ok_or_else(|| AdminError::NoTenant(id.clone()))
    }

    /// The one tenant that is meant, or all.
    pub(super) async fn tenants(&self, one: Option<&TenantId>) -> Result<Vec<Tenant>, AdminError> {
        match one {
            Some(id) => Ok(vec![self.tenant(id).await?]),
            None => Ok(self.registry.tenants().await?),
        }
    }

    pub(super) async fn plan(&self, id: &PlanId) -> Result<Plan, AdminError> {
        self.registry.plan(id).await?.ok_or_else(|| AdminError::NoPlan(id.clone()))
    }

    pub(super) async fn app(&self, key: &AppKey) -> Result<App, AdminError> {
        self.registry.app(key).await?.ok_or_else(|| AdminError::NoApp(key.clone()))
    }

    pub(super) async fn client(&self, id: &ClientId) -> Result<Client, AdminError> {
        self.registry.client(id).await?.ok_or_else(|| AdminError::NoClient(id.clone()))
    }
}
