use super::cluster::DynamoCluster;
use super::ledger::DynamoLedger;
use super::pins::DynamoPins;
use super::table::Table;
use super::table_definition::{CreateTableError, TABLE};
use aws_sdk_dynamodb::Client;
use domain::clock::Clock;
use domain::ports::HomePorts;
use std::sync::Arc;

/// One home table, reached.
#[derive(Debug, Clone)]
pub struct DynamoHome {
    client: Client,
    name: Arc<str>,
}

impl DynamoHome {
    pub(super) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into() }
    }

    /// The ports of this home. `clock` says where the generations of documents begin that were not pinned for
    /// a long time, and when that of an unpinned one may be forgotten.
    #[must_use]
    pub fn ports(&self, clock: Arc<dyn Clock>) -> HomePorts {
        let table = |store| Table::new(self.client.clone(), self.name.clone(), store);
        HomePorts {
            ledger: Arc::new(DynamoLedger::new(table("ledger"))),
            cluster: Arc::new(DynamoCluster::new(table("cluster"))),
            pins: Arc::new(DynamoPins::new(table("pins"), clock)),
        }
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
}
