//! Webhooks, events and deliveries as a file holds them: one list of each, in JSON.

use super::outbox::{Outbox, Raised};
use super::spelling;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::alerts::{Delivery, Event, EventKind, Webhook, WebhookUrl};
use domain::calendar::Month;
use domain::ids::{AppId, AppKey, EventId, TenantId, WebhookId};
use serde::{Deserialize, Serialize};

/// What `alerts.json` holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutboxRecord {
    webhooks: Vec<WebhookRecord>,
    events: Vec<EventRecord>,
    deliveries: Vec<DeliveryRecord>,
}

#[derive(Serialize, Deserialize)]
struct WebhookRecord {
    id: String,
    tenant: String,
    url: String,
    events: Vec<String>,
    description: String,
    /// In base64url.
    sealed_secret: String,
    created_unix_s: u64,
}

#[derive(Serialize, Deserialize)]
struct EventRecord {
    id: String,
    kind: String,
    tenant: String,
    app: String,
    period: String,
    created_unix_s: u64,
    plan_limit: u64,
    usage: u64,
    is_spread: bool,
}

#[derive(Serialize, Deserialize)]
struct DeliveryRecord {
    tenant: String,
    event: String,
    webhook: String,
    body: String,
    state: String,
    tries: u32,
    due_unix_s: u64,
    until_unix_s: u64,
    last_failure: String,
    version: u64,
    claim: u64,
}

impl OutboxRecord {
    pub(super) fn of(outbox: &Outbox) -> Self {
        Self {
            webhooks: outbox.webhooks().map(WebhookRecord::of).collect(),
            events: outbox.raised().map(EventRecord::of).collect(),
            deliveries: outbox.deliveries().map(DeliveryRecord::of).collect(),
        }
    }

    /// The outbox that it speaks of; what is wrong with it, where it is none.
    pub(super) fn read(self) -> Result<Outbox, String> {
        let mut outbox = Outbox::default();
        for webhook in self.webhooks {
            outbox.add_webhook(&webhook.read()?);
        }
        for event in self.events {
            outbox.put_raised(event.read()?);
        }
        for delivery in self.deliveries {
            outbox.add_delivery(&delivery.read()?);
        }
        Ok(outbox)
    }
}

impl WebhookRecord {
    fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            tenant: webhook.tenant.to_string(),
            url: webhook.url.as_str().to_owned(),
            events: webhook.events.iter().map(|kind| kind.name().to_owned()).collect(),
            description: webhook.description.clone(),
            sealed_secret: URL_SAFE_NO_PAD.encode(&webhook.sealed_secret),
            created_unix_s: webhook.created_unix_s,
        }
    }

    fn read(self) -> Result<Webhook, String> {
        Ok(Webhook {
            id: WebhookId::parse(&self.id).map_err(text)?,
            tenant: TenantId::parse(&self.tenant).map_err(text)?,
            url: WebhookUrl::parse(&self.url).map_err(text)?,
            events: self.events.iter().map(|name| kind(name)).collect::<Result<_, _>>()?,
            description: self.description,
            sealed_secret: URL_SAFE_NO_PAD.decode(&self.sealed_secret).map_err(text)?,
            created_unix_s: self.created_unix_s,
        })
    }
}

impl EventRecord {
    fn of(raised: &Raised) -> Self {
        let event = &raised.event;
        Self {
            id: event.id.to_string(),
            kind: event.kind.name().to_owned(),
            tenant: event.app.tenant.to_string(),
            app: event.app.app.to_string(),
            period: event.period.to_string(),
            created_unix_s: event.created_unix_s,
            plan_limit: event.plan_limit,
            usage: event.usage,
            is_spread: raised.is_spread,
        }
    }

    fn read(self) -> Result<Raised, String> {
        let app = AppKey {
            tenant: TenantId::parse(&self.tenant).map_err(text)?,
            app: AppId::parse(&self.app).map_err(text)?,
        };
        let event = Event {
            id: EventId::parse(&self.id).map_err(text)?,
            kind: kind(&self.kind)?,
            app,
            period: Month::parse(&self.period).ok_or_else(|| format!("`{}` is no month", self.period))?,
            created_unix_s: self.created_unix_s,
            plan_limit: self.plan_limit,
            usage: self.usage,
        };
        Ok(Raised { event, is_spread: self.is_spread })
    }
}

impl DeliveryRecord {
    fn of(delivery: &Delivery) -> Self {
        Self {
            tenant: delivery.tenant.to_string(),
            event: delivery.event.to_string(),
            webhook: delivery.webhook.to_string(),
            body: delivery.body.clone(),
            state: spelling::state(delivery.state).to_owned(),
            tries: delivery.tries,
            due_unix_s: delivery.due_unix_s,
            until_unix_s: delivery.until_unix_s,
            last_failure: delivery.last_failure.clone(),
            version: delivery.version,
            claim: delivery.claim,
        }
    }

    fn read(self) -> Result<Delivery, String> {
        let state = spelling::parse_state(&self.state);
        Ok(Delivery {
            tenant: TenantId::parse(&self.tenant).map_err(text)?,
            event: EventId::parse(&self.event).map_err(text)?,
            webhook: WebhookId::parse(&self.webhook).map_err(text)?,
            body: self.body,
            state: state.ok_or_else(|| format!("`{}` is no state of a delivery", self.state))?,
            tries: self.tries,
            due_unix_s: self.due_unix_s,
            until_unix_s: self.until_unix_s,
            last_failure: self.last_failure,
            version: self.version,
            claim: self.claim,
        })
    }
}

fn kind(name: &str) -> Result<EventKind, String> {
    EventKind::parse(name).ok_or_else(|| format!("`{name}` is no event"))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
