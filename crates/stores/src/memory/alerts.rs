use crate::alerts::Outbox;
use domain::alerts::{Delivery, DeliveryState, Event, Webhook};
use domain::ids::{TenantId, WebhookId};
use domain::ports::{Added, Alerts, Unavailable};
use parking_lot::Mutex;

/// Tenants' webhooks, and the events on their way to them, in memory.
#[derive(Debug, Default)]
pub struct MemoryAlerts {
    outbox: Mutex<Outbox>,
}

impl MemoryAlerts {
    /// Without webhooks and events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl Alerts for MemoryAlerts {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<Added, Unavailable> {
        Ok(self.outbox.lock().add_webhook(webhook))
    }

    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Unavailable> {
        Ok(self.outbox.lock().webhooks_of(tenant))
    }

    async fn drop_webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<bool, Unavailable> {
        Ok(self.outbox.lock().drop_webhook(tenant, id))
    }

    async fn raise(&self, event: &Event) -> Result<Added, Unavailable> {
        Ok(self.outbox.lock().raise(event))
    }

    async fn unspread(&self) -> Result<Vec<Event>, Unavailable> {
        Ok(self.outbox.lock().unspread())
    }

    async fn spread(&self, event: &Event) -> Result<(), Unavailable> {
        self.outbox.lock().spread(event);
        Ok(())
    }

    async fn add_delivery(&self, delivery: &Delivery) -> Result<Added, Unavailable> {
        Ok(self.outbox.lock().add_delivery(delivery))
    }

    async fn pending(&self) -> Result<Vec<Delivery>, Unavailable> {
        Ok(self.outbox.lock().in_state(DeliveryState::Pending))
    }

    async fn parked(&self) -> Result<Vec<Delivery>, Unavailable> {
        Ok(self.outbox.lock().in_state(DeliveryState::Parked))
    }

    async fn change(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable> {
        Ok(self.outbox.lock().change(old, new))
    }
}
