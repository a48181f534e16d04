use super::secret::Secret;
use domain::alerts::{EventKind, Webhook};
use serde::Serialize;

/// A webhook as its tenant sees it.
#[derive(Serialize)]
pub(crate) struct Listed {
    id: String,
    url: String,
    events: Vec<&'static str>,
    description: String,
    /// Seconds since 1970.
    created: u64,
}

/// One that was just made.
#[derive(Serialize)]
pub(crate) struct Made {
    #[serde(flatten)]
    webhook: Listed,
    secret: String,
}

impl Listed {
    pub(super) fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url.as_str().to_owned(),
            events: webhook.events.iter().map(|kind: &EventKind| kind.name()).collect(),
            description: webhook.description.clone(),
            created: webhook.created_unix_s,
        }
    }
}

impl Made {
    pub(super) fn of(webhook: &Webhook, secret: &Secret) -> Self {
        Self { webhook: Listed::of(webhook), secret: secret.reveal() }
    }
}
