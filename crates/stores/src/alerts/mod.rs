//! Tenants' webhooks, and the events on their way to them, in a file that several processes share; and what it holds, as
//! memory holds it too.

mod outbox;

pub(crate) use outbox::Outbox;
