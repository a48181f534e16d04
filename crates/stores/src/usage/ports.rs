use super::UsageAt;
use crate::alerts::{FileAlerts, OpenAlertsError};
use crate::disk::{DiskUsage, UsageFileError};
use crate::dynamo::{Access, ConnectError, DynamoUsage};
use crate::memory::{MemoryAlerts, MemoryPlatformLog, MemoryUsageLog};
use domain::ports::{Alerts, PlatformLog, UsageLog};
use std::path::Path;
use std::sync::Arc;

/// The ports of what is counted over time.
#[derive(Clone)]
pub struct UsagePorts {
    /// The usage of each app.
    pub log: Arc<dyn UsageLog>,
    /// What the nodes did, minute by minute.
    pub platform: Arc<dyn PlatformLog>,
    /// Tenants' webhooks, and what they are told.
    pub alerts: Arc<dyn Alerts>,
}

/// Why usage can't be reached.
#[derive(Debug, thiserror::Error)]
pub enum OpenUsageError {
    /// Its table.
    #[error(transparent)]
    Table(#[from] ConnectError),
    /// Its file.
    #[error(transparent)]
    File(#[from] UsageFileError),
    /// The file of webhooks and their events beside it.
    #[error(transparent)]
    Alerts(#[from] OpenAlertsError),
}

impl UsagePorts {
    /// The usage in a place. Nothing is sent to a table yet; files are opened, of which `usage.redb` belongs to one process.
    ///
    /// # Errors
    /// [`OpenUsageError`].
    pub fn open(at: &UsageAt, access: &Access) -> Result<Self, OpenUsageError> {
        match at {
            UsageAt::Table(table) => Ok(Self::in_table(&access.usage(table)?)),
            UsageAt::Folder(folder) => Self::in_folder(folder),
        }
    }

    /// The usage in a table.
    #[must_use]
    pub fn in_table(table: &DynamoUsage) -> Self {
        Self { log: table.log(), platform: table.platform(), alerts: table.alerts() }
    }

    /// The usage in the files of a folder, which is made if there is none.
    ///
    /// # Errors
    /// [`OpenUsageError::File`] and [`OpenUsageError::Alerts`].
    pub fn in_folder(folder: &Path) -> Result<Self, OpenUsageError> {
        let usage = Arc::new(DiskUsage::open(folder)?);
        let alerts = Arc::new(FileAlerts::open(folder)?);
        Ok(Self { log: usage.clone(), platform: usage, alerts })
    }

    /// Usage that ends with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            log: Arc::new(MemoryUsageLog::new()),
            platform: Arc::new(MemoryPlatformLog::new()),
            alerts: Arc::new(MemoryAlerts::new()),
        }
    }
}
