use super::attributes::{Item, Key, PARTITION, SORT, Undecodable, text};
use crate::aws::unavailable;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use domain::ports::Unavailable;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Pages of one listing, of up to 1 MiB each: over a million keys that a node may hold. Past it the answer is
/// [`Unavailable`], rather than a list that lacks some.
const PAGES_MAX: usize = 256;
/// Items of a listing by name that are read at once.
const READ_AT_ONCE: usize = 16;

/// One table, as one port sees it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    client: Client,
    name: Arc<str>,
    /// What the port is called in logs and metrics.
    store: &'static str,
}

/// What came of a conditional write.
#[derive(Debug)]
pub(super) enum Conditional {
    /// It took effect; what was asked back of the item.
    Done(Item),
    /// Its condition did not hold; the item as it stands, empty where there is none.
    Refused(Item),
}

impl Table {
    pub(super) fn new(client: Client, name: Arc<str>, store: &'static str) -> Self {
        Self { client, name, store }
    }

    /// A failure of this port's store.
    pub(super) fn unavailable(&self, cause: impl std::fmt::Display) -> Unavailable {
        Unavailable::new(self.store, cause)
    }

    /// What an item of a listing says. One that can't be read is told in the log and left out, as it is to take nothing from
    /// the others.
    pub(super) fn legible<T>(&self, item: &Item, decoded: Result<T, Undecodable>) -> Option<T> {
        let name = |attribute: &str| item.text(attribute).unwrap_or_default().to_owned();
        let (partition, sort) = (name(PARTITION), name(SORT));
        decoded
            .inspect_err(|cause| {
                tracing::warn!(store = self.store, partition, sort, %cause, "an item of a list can't be read");
            })
            .ok()
    }

    /// The item as every write left it that was answered before; empty where there is none.
    pub(super) async fn read(&self, key: Key) -> Result<Item, Unavailable> {
        let request = self.client.get_item().table_name(&*self.name).consistent_read(true);
        let answer = Box::pin(request.set_key(Some(key.into_attributes())).send()).await;
        answer.map(|found| found.item.into()).map_err(|error| unavailable(self.store, &error))
    }

    /// The items of these keys that are there, in the order of the keys, each as [`Table::read`] gives it.
    pub(super) async fn read_each(&self, keys: impl Iterator<Item = Key>) -> Result<Vec<Item>, Unavailable> {
        let (keys, mut items): (Vec<_>, _) = (keys.collect(), Vec::new());
        for some in keys.chunks(READ_AT_ONCE) {
            let mut reads = JoinSet::new();
            for (nth, key) in some.iter().cloned().enumerate() {
                let table = self.clone();
                reads.spawn(async move { (nth, table.read(key).await) });
            }
            let mut read = reads.join_all().await;
            read.sort_unstable_by_key(|(nth, _)| *nth);
            for (_, item) in read {
                items.push(item?);
            }
        }
        items.retain(|item| !item.is_empty());
        Ok(items)
    }

    /// An update of the item, to be given its expressions and sent by [`Table::updated`].
    pub(super) fn update(&self, key: Key) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&*self.name).set_key(Some(key.into_attributes()))
    }

    pub(super) async fn updated(&self, update: UpdateItemFluentBuilder) -> Result<Conditional, Unavailable> {
        match Box::pin(update.return_values_on_condition_check_failure(AllOld).send()).await {
            Ok(done) => Ok(Conditional::Done(done.attributes.into())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                    Ok(Conditional::Refused(refusal.item.clone().into()))
                }
                _ => Err(unavailable(self.store, &error)),
            },
        }
    }

    /// A replacement of a whole item, to be given its condition and sent by [`Table::replaced`].
    pub(super) fn put(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&*self.name).set_item(Some(item.into_attributes()))
    }

    /// Whether the condition held, and the item was replaced.
    pub(super) async fn replaced(&self, put: PutItemFluentBuilder) -> Result<bool, Unavailable> {
        match Box::pin(put.send()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(self.store, &error)),
            },
        }
    }

    /// A deletion, to be given its condition and sent by [`Table::removed`].
    pub(super) fn removal(&self, key: Key) -> DeleteItemFluentBuilder {
        self.client.delete_item().table_name(&*self.name).set_key(Some(key.into_attributes()))
    }

    /// Whether the condition held, and the item is gone.
    pub(super) async fn removed(&self, removal: DeleteItemFluentBuilder) -> Result<bool, Unavailable> {
        match Box::pin(removal.send()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(self.store, &error)),
            },
        }
    }

    pub(super) async fn delete(&self, key: Key) -> Result<(), Unavailable> {
        self.deleted(key).await.map(drop)
    }

    /// Deletes an item; what it was, without attributes where there was none.
    pub(super) async fn deleted(&self, key: Key) -> Result<Item, Unavailable> {
        let request = self.client.delete_item().table_name(&*self.name).return_values(ReturnValue::AllOld);
        let answer = Box::pin(request.set_key(Some(key.into_attributes())).send()).await;
        answer.map(|deleted| deleted.attributes.into()).map_err(|error| unavailable(self.store, &error))
    }

    /// Every item of the partition, as every write left it that was answered before, in the order of the sort keys.
    pub(super) async fn list(&self, partition: String) -> Result<Vec<Item>, Unavailable> {
        self.pages(self.query(partition).key_condition_expression("#pk = :pk")).await
    }

    /// Those of the partition whose sort keys begin with `prefix`.
    pub(super) async fn list_of(&self, partition: String, prefix: &str) -> Result<Vec<Item>, Unavailable> {
        let query = self
            .query(partition)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :sk)")
            .expression_attribute_names("#sk", SORT)
            .expression_attribute_values(":sk", text(prefix));
        self.pages(query).await
    }

    /// Those of the partition whose sort keys lie between two, or equal one.
    pub(super) async fn list_between(
        &self,
        partition: String,
        (first, last): (&str, &str),
    ) -> Result<Vec<Item>, Unavailable> {
        let query = self
            .query(partition)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#sk", SORT)
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last));
        self.pages(query).await
    }

    fn query(&self, partition: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.name)
            .consistent_read(true)
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_values(":pk", text(partition))
    }

    async fn pages(&self, request: QueryFluentBuilder) -> Result<Vec<Item>, Unavailable> {
        let mut items = Vec::new();
        let mut from = None;
        for _ in 0..PAGES_MAX {
            let page = Box::pin(request.clone().set_exclusive_start_key(from).send()).await;
            let page = page.map_err(|error| unavailable(self.store, &error))?;
            items.extend(page.items.into_iter().flatten().map(Item::from));
            from = page.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                return Ok(items);
            }
        }
        Err(self.unavailable(format!("a listing has more than {PAGES_MAX} pages")))
    }
}
