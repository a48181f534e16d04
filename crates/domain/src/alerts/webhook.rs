use super::{EventKind, WebhookUrl};
use crate::ids::{TenantId, WebhookId};
use std::collections::BTreeSet;
use std::fmt;

/// A place of a tenant's that its events are delivered to.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id: `wh_…`.
    pub id: WebhookId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it is.
    pub url: WebhookUrl,
    /// What it wants to be told; never empty.
    pub events: BTreeSet<EventKind>,
    /// What people call it; may be empty.
    pub description: String,
    /// The secret that deliveries are signed with, sealed by the vault under the webhook's id.
    pub sealed_secret: Vec<u8>,
    /// Seconds since 1970 at which it was made.
    pub created_unix_s: u64,
}

/// Without its secret, sealed as that is.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut webhook = f.debug_struct("Webhook");
        webhook.field("id", &self.id).field("tenant", &self.tenant).field("url", &self.url);
        webhook.field("events", &self.events).finish_non_exhaustive()
    }
}

/// Which hosts events may be delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hosts {
    /// Those of the public internet.
    #[default]
    Public,
    /// All, this machine among them: for development.
    Any,
}
