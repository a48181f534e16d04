use super::DynamoAlerts;
use crate::alerts::kept;
use crate::dynamo::attributes::number;
use crate::dynamo::records::delivery::{VERSION, decode, encode, key, name};
use crate::dynamo::records::listed::List;
use domain::alerts::Delivery;
use domain::ports::{Added, Unavailable};

impl DynamoAlerts {
    /// Where there is one already, its list says too much until the next that reads it.
    pub(super) async fn add_pending(&self, delivery: &Delivery) -> Result<Added, Unavailable> {
        if let Some(list) = List::of(delivery.state) {
            self.enlist_delivery(list, delivery).await?;
        }
        self.add(encode(delivery)).await
    }

    /// A delivery that was never added has only its name on the list: it is about to be added, or whoever spread its event
    /// is gone, and another adds it.
    pub(super) async fn deliveries(&self, list: List) -> Result<Vec<Delivery>, Unavailable> {
        let names = self.names(list).await?;
        let items = self.table.read_each(names.iter().map(|name| key(name))).await?;
        let mut deliveries = Vec::with_capacity(items.len());
        for item in items {
            let Some(delivery) = self.table.legible(&item, decode(&item)) else { continue };
            if List::of(delivery.state) == Some(list) {
                deliveries.push(delivery);
            } else {
                self.strike(list, &name(&delivery), delivery.version).await?;
            }
        }
        Ok(deliveries)
    }

    pub(super) async fn change_delivery(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable> {
        let (from, to) = (List::of(old.state), List::of(new.state));
        if let Some(list) = to.filter(|_| to != from) {
            self.enlist_delivery(list, new).await?;
        }
        if !self.changed(old, new).await? {
            return Ok(false);
        }
        if let Some(list) = from.filter(|_| to != from) {
            self.strike(list, &name(old), new.version).await?;
        }
        Ok(true)
    }

    async fn changed(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable> {
        let put = self
            .table
            .put(encode(new))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(old.version));
        if self.table.replaced(put).await? {
            return Ok(true);
        }
        // Whose first answer was lost finds what it wrote.
        let stored = self.table.read(key(&name(new))).await?;
        Ok(!stored.is_empty() && self.decoded(decode(&stored))? == *new)
    }

    async fn enlist_delivery(&self, list: List, delivery: &Delivery) -> Result<(), Unavailable> {
        let expires = kept::delivery_until_unix_s(delivery);
        self.enlist(list, &name(delivery), delivery.version, expires).await
    }
}
