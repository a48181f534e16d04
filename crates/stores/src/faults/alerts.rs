use super::faulty::Faulty;
use super::ports::meet;
use domain::alerts::{Delivery, Event, Webhook};
use domain::ids::{TenantId, WebhookId};
use domain::ports::{Added, Alerts, Unavailable};

const NAME: &str = "alerts";

#[async_trait::async_trait]
impl<T: Alerts + ?Sized> Alerts for Faulty<T> {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<Added, Unavailable> {
        meet!(self, NAME, add_webhook(webhook))
    }

    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Unavailable> {
        meet!(self, NAME, webhooks(tenant))
    }

    async fn drop_webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<bool, Unavailable> {
        meet!(self, NAME, drop_webhook(tenant, id))
    }

    async fn raise(&self, event: &Event) -> Result<Added, Unavailable> {
        meet!(self, NAME, raise(event))
    }

    async fn unspread(&self) -> Result<Vec<Event>, Unavailable> {
        meet!(self, NAME, unspread())
    }

    async fn spread(&self, event: &Event) -> Result<(), Unavailable> {
        meet!(self, NAME, spread(event))
    }

    async fn add_delivery(&self, delivery: &Delivery) -> Result<Added, Unavailable> {
        meet!(self, NAME, add_delivery(delivery))
    }

    async fn pending(&self) -> Result<Vec<Delivery>, Unavailable> {
        meet!(self, NAME, pending())
    }

    async fn parked(&self) -> Result<Vec<Delivery>, Unavailable> {
        meet!(self, NAME, parked())
    }

    async fn change(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable> {
        meet!(self, NAME, change(old, new))
    }
}
