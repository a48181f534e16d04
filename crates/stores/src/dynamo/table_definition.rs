use super::attributes::{PARTITION, SORT};
use super::records::pin::EXPIRES;
use crate::aws::cause;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError as SdkCreateTableError;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use std::time::Duration;

/// How often a new table is looked at before it is given up: over 2 minutes. Amazon's take some 10 s.
const LOOKS_MAX: u32 = 480;
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a home table is, a registry's and a usage table: two keys, both strings, an expiry, and paid by the request, as load comes in
/// storms.
/// The deployment's template says the same, which a test checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDefinition {
    /// The partition key's attribute.
    pub partition_key: &'static str,
    /// The sort key's attribute.
    pub sort_key: &'static str,
    /// The attribute with the time, in seconds since 1970, after which DynamoDB may delete an item.
    pub expires: &'static str,
}

/// The one definition of a home table and of a registry's.
pub const TABLE: TableDefinition =
    TableDefinition { partition_key: PARTITION, sort_key: SORT, expires: EXPIRES };

/// Why a table could not be made or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateTableError {
    /// DynamoDB refused, or did not answer.
    #[error("the table `{table}` could not be {what}: {cause}")]
    Refused {
        /// The table.
        table: String,
        /// What was to be done to it.
        what: &'static str,
        /// What DynamoDB or its client said.
        cause: String,
    },
    /// It was made, but can't be used yet.
    #[error("the table `{table}` is not active after {} s", (LOOK_EVERY * LOOKS_MAX).as_secs())]
    NotActive {
        /// The table.
        table: String,
    },
}

impl TableDefinition {
    /// Makes the table where there is none, and waits until it can be used. May be repeated.
    pub(super) async fn create(&self, client: &Client, name: &str) -> Result<(), CreateTableError> {
        match self.create_request(client, name).await {
            Ok(()) => {}
            Err(error) if exists_already(&error) => {}
            Err(error) => return Err(refused(name, "made", &error)),
        }
        wait_until_active(client, name).await?;
        self.expire_items(client, name).await
    }

    pub(super) async fn delete(&self, client: &Client, name: &str) -> Result<(), CreateTableError> {
        let answer = Box::pin(client.delete_table().table_name(name).send()).await;
        answer.map(drop).map_err(|error| refused(name, "deleted", &error))
    }

    async fn create_request(
        &self,
        client: &Client,
        name: &str,
    ) -> Result<(), SdkError<SdkCreateTableError, HttpResponse>> {
        let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for (attribute, kind) in [(self.partition_key, KeyType::Hash), (self.sort_key, KeyType::Range)] {
            let (definition, key) = key(attribute, kind).map_err(SdkError::construction_failure)?;
            request = request.attribute_definitions(definition).key_schema(key);
        }
        Box::pin(request.send()).await.map(drop)
    }

    /// DynamoDB refuses to do it twice, so after a refusal what counts is how the table stands.
    async fn expire_items(&self, client: &Client, name: &str) -> Result<(), CreateTableError> {
        match self.expire_request(client, name).await {
            Ok(()) => Ok(()),
            Err(_) if expires_items(client, name).await => Ok(()),
            Err(error) => Err(refused(name, "told which items expire", &error)),
        }
    }

    async fn expire_request(
        &self,
        client: &Client,
        name: &str,
    ) -> Result<(), SdkError<UpdateTimeToLiveError, HttpResponse>> {
        let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(self.expires);
        let expiry = expiry.build().map_err(SdkError::construction_failure)?;
        let request = client.update_time_to_live().table_name(name).time_to_live_specification(expiry);
        Box::pin(request.send()).await.map(drop)
    }
}

fn key(attribute: &str, kind: KeyType) -> Result<(AttributeDefinition, KeySchemaElement), BuildError> {
    let definition = AttributeDefinition::builder().attribute_name(attribute);
    let key = KeySchemaElement::builder().attribute_name(attribute).key_type(kind);
    Ok((definition.attribute_type(ScalarAttributeType::S).build()?, key.build()?))
}

fn exists_already(error: &SdkError<SdkCreateTableError, HttpResponse>) -> bool {
    error.as_service_error().is_some_and(SdkCreateTableError::is_resource_in_use_exception)
}

async fn wait_until_active(client: &Client, name: &str) -> Result<(), CreateTableError> {
    for _ in 0..LOOKS_MAX {
        let answer = Box::pin(client.describe_table().table_name(name).send()).await;
        let described = answer.map_err(|error| refused(name, "looked at", &error))?;
        let status = described.table.and_then(|table| table.table_status);
        if status == Some(TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(CreateTableError::NotActive { table: name.to_owned() })
}

async fn expires_items(client: &Client, name: &str) -> bool {
    let answer = Box::pin(client.describe_time_to_live().table_name(name).send()).await;
    let description = answer.ok().and_then(|answer| answer.time_to_live_description);
    let status = description.and_then(|description| description.time_to_live_status);
    matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
}

fn refused<E>(table: &str, what: &'static str, error: &SdkError<E, HttpResponse>) -> CreateTableError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    CreateTableError::Refused { table: table.to_owned(), what, cause: cause(error) }
}
