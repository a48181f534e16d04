//! Webhooks, events and deliveries in the usage table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | a webhook | `WEBHOOKS#{tenant}` | `{webhook}` |
//! | an event | `EVENTS` | `{tenant}#{app}#{month}#{kind}` |
//! | a delivery | `DELIVERIES` | `{event}#{webhook}` |
//! | that an event is unspread | `UNSPREAD` | as the event |
//! | that a delivery is pending, or parked | `PENDING`, or `PARKED` | as the delivery |
//!
//! Events and deliveries are kept for over a month and never listed: each run of the scheduled function reads `UNSPREAD`
//! and `PENDING`, which hold what is still to be done and are mostly empty.

mod deliveries;
mod events;

use super::attributes::{Item, PARTITION, Undecodable, number};
use super::records::delivery::VERSION;
use super::records::listed::{self, List};
use super::records::webhook;
use super::table::Table;
use domain::alerts::{Delivery, Event, Webhook};
use domain::ids::{TenantId, WebhookId};
use domain::ports::{Added, Alerts, Unavailable};

/// Tenants' webhooks, and the events on their way to them.
#[derive(Debug, Clone)]
pub(super) struct DynamoAlerts {
    table: Table,
}

impl DynamoAlerts {
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }

    fn decoded<T>(&self, decoded: Result<T, Undecodable>) -> Result<T, Unavailable> {
        decoded.map_err(|cause| self.table.unavailable(cause))
    }

    async fn add(&self, item: Item) -> Result<Added, Unavailable> {
        let put = self.table.put(item).condition_expression("attribute_not_exists(#pk)");
        let put = put.expression_attribute_names("#pk", PARTITION);
        Ok(if self.table.replaced(put).await? { Added::New } else { Added::Exists })
    }

    /// Puts an item on a list, unless a later version of it is there already.
    async fn enlist(
        &self,
        list: List,
        name: &str,
        version: u64,
        expires_unix_s: u64,
    ) -> Result<(), Unavailable> {
        let put = self
            .table
            .put(listed::encode(list, name, version, expires_unix_s))
            .condition_expression("attribute_not_exists(#version) OR #version <= :version")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(version));
        self.table.replaced(put).await.map(drop)
    }

    /// Takes an item off a list, unless a version of it later than `version`, at which it is not on it, was put there.
    async fn strike(&self, list: List, name: &str, version: u64) -> Result<(), Unavailable> {
        let removal = self
            .table
            .removal(listed::key(list, name))
            .condition_expression("#version <= :version")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(version));
        self.table.removed(removal).await.map(drop)
    }

    async fn names(&self, list: List) -> Result<Vec<String>, Unavailable> {
        let items = self.table.list(list.partition().to_owned()).await?;
        self.decoded(items.iter().map(listed::decode).collect())
    }
}

#[async_trait::async_trait]
impl Alerts for DynamoAlerts {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<Added, Unavailable> {
        self.add(webhook::encode(webhook)).await
    }

    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Unavailable> {
        let items = self.table.list(webhook::partition(tenant)).await?;
        self.decoded(items.iter().map(webhook::decode).collect())
    }

    async fn drop_webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<bool, Unavailable> {
        let dropped = self.table.deleted(webhook::key(tenant, id)).await?;
        Ok(!dropped.is_empty())
    }

    async fn raise(&self, event: &Event) -> Result<Added, Unavailable> {
        self.raise_event(event).await
    }

    async fn unspread(&self) -> Result<Vec<Event>, Unavailable> {
        self.unspread_events().await
    }

    async fn spread(&self, event: &Event) -> Result<(), Unavailable> {
        self.spread_event(event).await
    }

    async fn add_delivery(&self, delivery: &Delivery) -> Result<Added, Unavailable> {
        self.add_pending(delivery).await
    }

    async fn pending(&self) -> Result<Vec<Delivery>, Unavailable> {
        self.deliveries(List::Pending).await
    }

    async fn parked(&self) -> Result<Vec<Delivery>, Unavailable> {
        self.deliveries(List::Parked).await
    }

    async fn change(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable> {
        self.change_delivery(old, new).await
    }
}
