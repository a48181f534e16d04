//! The usage table of a deployment: all that is counted over time.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | an app's usage in an hour | `USAGE#{tenant}#{app}` | `H{hour}` |
//! | an app's usage in a day that is rolled up | `USAGE#{tenant}#{app}` | `D{day}` |
//! | an app of which usage is kept | `APPS` | `{tenant}#{app}` |
//! | what a node did in a minute | `PLATFORM` | `{minute}#{writer}` |
//!
//! Hours, days and minutes are those since 1970, with leading zeros.

mod notes;
mod peaks;
mod platform_log;
mod rolling_up;
mod usage_log;

use super::alerts::DynamoAlerts;
use super::table::Table;
use super::table_definition::{CreateTableError, TABLE};
use aws_sdk_dynamodb::Client;
use domain::ports::{Alerts, PlatformLog, UsageLog};
use platform_log::DynamoPlatformLog;
use std::sync::Arc;
use usage_log::DynamoUsageLog;

/// A usage table, reached.
#[derive(Debug, Clone)]
pub struct DynamoUsage {
    client: Client,
    name: Arc<str>,
}

impl DynamoUsage {
    pub(super) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into() }
    }

    /// The usage of each app.
    #[must_use]
    pub fn log(&self) -> Arc<dyn UsageLog> {
        Arc::new(DynamoUsageLog::new(self.table("usage log")))
    }

    /// What the nodes did, minute by minute.
    #[must_use]
    pub fn platform(&self) -> Arc<dyn PlatformLog> {
        Arc::new(DynamoPlatformLog::new(self.table("platform log")))
    }

    /// Tenants' webhooks, and the events on their way to them.
    #[must_use]
    pub fn alerts(&self) -> Arc<dyn Alerts> {
        Arc::new(DynamoAlerts::new(self.table("alerts")))
    }

    /// Makes the table where there is none, and waits until it can be used; for tests and local mode. A
    /// deployment's table comes from its template.
    ///
    /// # Errors
    /// [`CreateTableError`] where DynamoDB refuses, does not answer, or takes too long.
    pub async fn create_table(&self) -> Result<(), CreateTableError> {
        TABLE.create(&self.client, &self.name).await
    }

    /// Deletes the table with all that it holds; for tests.
    ///
    /// # Errors
    /// [`CreateTableError::Refused`] where DynamoDB refuses or does not answer.
    pub async fn delete_table(&self) -> Result<(), CreateTableError> {
        TABLE.delete(&self.client, &self.name).await
    }

    fn table(&self, store: &'static str) -> Table {
        Table::new(self.client.clone(), self.name.clone(), store)
    }
}
