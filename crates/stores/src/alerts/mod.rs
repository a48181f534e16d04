//! Tenants' webhooks, and the events on their way to them, in a file that several processes share; and what it holds, as
//! memory holds it too.

mod files;
pub(crate) mod kept;
mod outbox;
mod outbox_record;
pub(crate) mod spelling;

pub use files::{FileAlerts, OpenAlertsError};
pub(crate) use outbox::Outbox;
