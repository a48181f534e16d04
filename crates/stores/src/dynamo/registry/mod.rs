//! A registry's table: the books and the families of refresh tokens of one deployment.
//!
//! It is apart from the home tables, so that what only counts never sees a secret's hash.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | a tenant | `TENANTS` | `{tenant}` |
//! | a plan | `PLANS` | `{plan}` |
//! | an app | `TENANT#{tenant}` | `APP#{app}` |
//! | the name of a tenant's client | `TENANT#{tenant}` | `CLIENT#{client}` |
//! | a client | `CLIENT#{client}` | `CLIENT` |
//! | a tenant's signing key | `KEYS#{tenant}` | `{kid}` |
//! | an API key | `APIKEY#{key}` | `APIKEY` |
//! | the name of a tenant's or the operator's API key | `TENANT#{tenant}` or `PLATFORM` | `APIKEY#{key}` |
//! | a family of refresh tokens | `REFRESH#{family}` | `REFRESH` |

mod api_keys;
mod books;
mod families;

use super::table::Table;
use super::table_definition::{CreateTableError, TABLE};
use aws_sdk_dynamodb::Client;
use std::sync::Arc;

/// A registry's table, reached.
#[derive(Debug, Clone)]
pub struct DynamoRegistry {
    client: Client,
    name: Arc<str>,
    books: Table,
    families: Table,
}

impl DynamoRegistry {
    pub(super) fn new(client: Client, name: &str) -> Self {
        let name: Arc<str> = name.into();
        let table = |store| Table::new(client.clone(), name.clone(), store);
        Self { books: table("registry"), families: table("refresh tokens"), client, name }
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
