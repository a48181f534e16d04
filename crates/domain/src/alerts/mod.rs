//! What tenants are told of their usage without asking: events, the webhooks that they go to, and how often a delivery is
//! tried (SPEC 6.2).

mod delivery;
mod event;
mod webhook;

pub use delivery::{Delivery, DeliveryState};
pub use event::{Event, EventKind};
pub use webhook::{Hosts, InvalidWebhookUrl, Webhook, WebhookUrl, is_public};
