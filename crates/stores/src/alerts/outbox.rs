use super::kept;
use domain::alerts::{Delivery, DeliveryState, Event, EventKind, Webhook};
use domain::calendar::Month;
use domain::ids::{AppKey, EventId, TenantId, WebhookId};
use domain::ports::Added;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Webhooks, events and deliveries.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outbox {
    webhooks: BTreeMap<(TenantId, WebhookId), Webhook>,
    events: BTreeMap<(AppKey, Month, EventKind), Raised>,
    deliveries: BTreeMap<(EventId, WebhookId), Delivery>,
}

/// An event, and whether each of its deliveries was added.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raised {
    pub(super) event: Event,
    pub(super) is_spread: bool,
}

impl Outbox {
    pub(crate) fn add_webhook(&mut self, webhook: &Webhook) -> Added {
        add(&mut self.webhooks, (webhook.tenant.clone(), webhook.id.clone()), webhook.clone())
    }

    pub(super) fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values()
    }

    pub(crate) fn webhooks_of(&self, tenant: &TenantId) -> Vec<Webhook> {
        self.webhooks.values().filter(|webhook| webhook.tenant == *tenant).cloned().collect()
    }

    pub(crate) fn drop_webhook(&mut self, tenant: &TenantId, id: &WebhookId) -> bool {
        self.webhooks.remove(&(tenant.clone(), id.clone())).is_some()
    }

    pub(super) fn raised(&self) -> impl Iterator<Item = &Raised> {
        self.events.values()
    }

    pub(super) fn put_raised(&mut self, raised: Raised) {
        self.events.insert(key(&raised.event), raised);
    }

    pub(crate) fn raise(&mut self, event: &Event) -> Added {
        self.forget(event.created_unix_s);
        add(&mut self.events, key(event), Raised { event: event.clone(), is_spread: false })
    }

    pub(crate) fn unspread(&self) -> Vec<Event> {
        let unspread = self.events.values().filter(|raised| !raised.is_spread);
        unspread.map(|raised| raised.event.clone()).collect()
    }

    pub(crate) fn spread(&mut self, event: &Event) {
        let raised = self.events.get_mut(&key(event));
        if let Some(raised) = raised.filter(|raised| raised.event.id == event.id) {
            raised.is_spread = true;
        }
    }

    pub(super) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.values()
    }

    pub(crate) fn add_delivery(&mut self, delivery: &Delivery) -> Added {
        let key = (delivery.event.clone(), delivery.webhook.clone());
        add(&mut self.deliveries, key, delivery.clone())
    }

    pub(crate) fn in_state(&self, state: DeliveryState) -> Vec<Delivery> {
        self.deliveries.values().filter(|delivery| delivery.state == state).cloned().collect()
    }

    pub(crate) fn change(&mut self, old: &Delivery, new: &Delivery) -> bool {
        let stored = self.deliveries.get_mut(&(old.event.clone(), old.webhook.clone()));
        let Some(stored) = stored else { return false };
        if stored.version == old.version {
            stored.clone_from(new);
        }
        stored == new
    }

    /// Forgets what was over long before this time.
    fn forget(&mut self, now_unix_s: u64) {
        self.deliveries.retain(|_, delivery| kept::delivery_until_unix_s(delivery) >= now_unix_s);
        self.events.retain(|_, raised| kept::event_until_unix_s(&raised.event) >= now_unix_s);
    }
}

fn key(event: &Event) -> (AppKey, Month, EventKind) {
    (event.app.clone(), event.period, event.kind)
}

fn add<K: Ord, V>(entries: &mut BTreeMap<K, V>, key: K, entry: V) -> Added {
    match entries.entry(key) {
        Entry::Occupied(_) => Added::Exists,
        Entry::Vacant(place) => {
            place.insert(entry);
            Added::New
        }
    }
}
