use super::home::DynamoHome;
use super::registry::DynamoRegistry;
use super::table_at::TableAt;
use super::usage::DynamoUsage;
use crate::aws::{Access, retry_partition};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;

/// Why a table can't be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Neither the table nor the environment names an AWS region.
    #[error("no AWS region for the table `{table}`: set AWS_REGION, or say `{table},region=REGION`")]
    NoRegion {
        /// The table.
        table: String,
    },
}

impl Access {
    /// Reaches a home table; nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectError::NoRegion`] where neither the table nor the environment names a region, nor the table an
    /// endpoint.
    pub fn home(&self, table: &TableAt) -> Result<DynamoHome, ConnectError> {
        Ok(DynamoHome::new(self.client(table)?, table.name()))
    }

    /// Reaches a registry's table; nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectError::NoRegion`] as [`Access::home`].
    pub fn registry(&self, table: &TableAt) -> Result<DynamoRegistry, ConnectError> {
        Ok(DynamoRegistry::new(self.client(table)?, table.name()))
    }

    /// Reaches a usage table; nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectError::NoRegion`] as [`Access::home`].
    pub fn usage(&self, table: &TableAt) -> Result<DynamoUsage, ConnectError> {
        Ok(DynamoUsage::new(self.client(table)?, table.name()))
    }

    fn client(&self, table: &TableAt) -> Result<Client, ConnectError> {
        let reached = self.reach(table.region(), table.endpoint());
        let config = reached.ok_or_else(|| ConnectError::NoRegion { table: table.name().to_owned() })?;
        let config = Builder::from(&config).retry_partition(retry_partition(table.name()));
        Ok(Client::from_conf(config.build()))
    }
}
