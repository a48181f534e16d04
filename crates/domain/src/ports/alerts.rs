use super::{Added, Unavailable};
use crate::alerts::{Delivery, Event, Webhook, WebhookUrl};
use crate::ids::{TenantId, WebhookId};

/// Tenants' webhooks, the events that are raised for them, and each event's way to each webhook.
///
/// # Contract
/// - Every write is atomic and concerns one entry. What a call returned is seen by every call that begins after it.
/// - [`Alerts::add_webhook`] adds one unless there is one of that id.
/// - [`Alerts::raise`] raises an event once for each app, kind and period: where there is one already, it stays, whatever its
///   id. An event is *unspread* until [`Alerts::spread`] says that each of its deliveries was added; a repeat of either is
///   harmless.
/// - [`Alerts::add_delivery`] adds a delivery unless there is one of that event and webhook, delivered ones included.
/// - [`Alerts::change`] replaces a delivery where the stored one has the version `old.version`, and says whether it did: of
///   any number of changes to one version one takes effect. A repeat of a change that took effect is told so too.
/// - Delivered and parked deliveries, and events, are kept for [`crate::bounds::DELIVERY_KEPT_DAYS`] at least.
/// - After [`Unavailable`] a change may or may not have happened; every call may be repeated.
#[async_trait::async_trait]
pub trait Alerts: Send + Sync + 'static {
    /// Adds a webhook.
    async fn add_webhook(&self, webhook: &Webhook) -> Result<Added, Unavailable>;

    /// A tenant's webhooks, in the order of their ids.
    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Unavailable>;

    /// Deletes a webhook. Returns whether there was one.
    async fn drop_webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<bool, Unavailable>;

    /// Raises an event.
    async fn raise(&self, event: &Event) -> Result<Added, Unavailable>;

    /// Events whose deliveries were not all added yet, as far as is known.
    async fn unspread(&self) -> Result<Vec<Event>, Unavailable>;

    /// Notes that each delivery of an event was added.
    async fn spread(&self, event: &Event) -> Result<(), Unavailable>;

    /// Adds a delivery.
    async fn add_delivery(&self, delivery: &Delivery) -> Result<Added, Unavailable>;

    /// Every delivery that is pending.
    async fn pending(&self) -> Result<Vec<Delivery>, Unavailable>;

    /// Every delivery that is parked.
    async fn parked(&self) -> Result<Vec<Delivery>, Unavailable>;

    /// Replaces `old` by `new`, which is of the same event and webhook.
    async fn change(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable>;
}

/// Why a delivery was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undelivered(pub String);

/// Brings a message to a webhook, over HTTPS, signed as Standard Webhooks has it
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
///
/// # Contract
/// - It answers within [`crate::bounds::WEBHOOK_DEADLINE`]. Only an answer of 2xx is a delivery; no redirect is followed.
/// - Where it may deliver to public hosts alone, every address that it connects to was looked at after the name was resolved.
#[async_trait::async_trait]
pub trait Courier: Send + Sync + 'static {
    /// Delivers `body` under the id `message`, signed with `secret`.
    async fn deliver(
        &self,
        url: &WebhookUrl,
        secret: &[u8],
        message: &str,
        body: &str,
        now_unix_s: u64,
    ) -> Result<(), Undelivered>;
}
