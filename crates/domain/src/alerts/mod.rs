//! What tenants are told of their usage without asking: events, the webhooks that they go to, and how often a delivery is
//! tried (SPEC 6.2).

mod delivery;
mod event;
mod public_address;
mod webhook;
mod webhook_url;

pub use delivery::{Delivery, DeliveryState};
pub use event::{Event, EventKind};
pub use public_address::is_public;
pub use webhook::{Hosts, Webhook};
pub use webhook_url::{InvalidWebhookUrl, WebhookUrl};
