//! Tenants with usage and webhooks, and receivers that do as they are told.

use domain::alerts::{Delivery, EventKind, Webhook, WebhookUrl};
use domain::calendar::Hour;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, EventId, PlanId, TenantId, WebhookId};
use domain::limits::PlanLimits;
use domain::metering::{AppUsage, Endpoint};
use domain::ports::{Added, Courier, Registry, Unavailable, Undelivered, UsageAdd, UsageLog, Vault, Writer};
use domain::registry::{App, Plan};
use functions::alerting::Alerting;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stores::memory::MemoryRegistry;
use stores::system::{SeededEntropy, TurnedClock};
use stores::usage::UsagePorts;

/// 2026-02-25T14:40:00Z
pub(crate) const NOW_UNIX_MS: u64 = 1_772_030_400_000;
/// Monthly requests of the plan of every app.
pub(crate) const LIMIT: u64 = 1_000;

pub(crate) struct House {
    pub(crate) registry: Arc<MemoryRegistry>,
    pub(crate) usage: UsagePorts,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) receivers: Arc<Receivers>,
    pub(crate) vault: Arc<Unsealing>,
    sequence: AtomicU64,
    seed: AtomicU64,
}

/// What receivers got, and what they answer.
#[derive(Default)]
pub(crate) struct Receivers {
    got: Mutex<Vec<Got>>,
    answer: Mutex<Answering>,
    /// Receivers that answer otherwise, by their URL.
    others: Mutex<HashMap<String, Answering>>,
}

/// One message that a receiver got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) url: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) at_unix_s: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Answering {
    #[default]
    Takes,
    Fails,
    /// Says nothing, for ever.
    Hangs,
}

impl House {
    pub(crate) async fn new() -> Self {
        let house = Self {
            registry: Arc::new(MemoryRegistry::new()),
            usage: UsagePorts::in_memory(),
            clock: Arc::new(TurnedClock::new(NOW_UNIX_MS)),
            receivers: Arc::default(),
            vault: Arc::default(),
            sequence: AtomicU64::new(0),
            seed: AtomicU64::new(1),
        };
        let limits = PlanLimits {
            connections_max: 1,
            documents_max: 1,
            users_per_document_max: 1,
            ops_per_minute_max: 1,
        };
        for (id, monthly_requests) in [("counted", Some(LIMIT)), ("free", None)] {
            let plan = Plan {
                id: PlanId::parse(id).unwrap(),
                limits,
                monthly_requests,
                price: "1".parse().unwrap(),
            };
            house.registry.set_plan(&plan).await.unwrap();
        }
        house
    }

    /// A house with one app, `board`, and one webhook that wants everything.
    pub(crate) async fn with_webhook() -> Self {
        let house = Self::new().await;
        house.app("board", "counted").await;
        house.webhook("wh_1", &EventKind::ALL).await;
        house
    }

    pub(crate) async fn app(&self, id: &str, plan: &str) {
        let app = App {
            key: app(id),
            name: String::new(),
            plan: PlanId::parse(plan).unwrap(),
            home: None,
            allowed_domains: Vec::new(),
        };
        self.registry.set_app(&app).await.unwrap();
    }

    pub(crate) async fn webhook(&self, id: &str, events: &[EventKind]) {
        self.webhook_of(&tenant(), id, events).await;
    }

    pub(crate) async fn webhook_of(&self, tenant: &TenantId, id: &str, events: &[EventKind]) {
        let webhook = Webhook {
            id: WebhookId::parse(id).unwrap(),
            tenant: tenant.clone(),
            url: WebhookUrl::parse(&format!("https://{id}.example.com/hook")).unwrap(),
            events: BTreeSet::from_iter(events.iter().copied()),
            description: String::new(),
            sealed_secret: format!("sealed {id}").into_bytes(),
            created_unix_s: 0,
        };
        self.usage.alerts.add_webhook(&webhook).await.unwrap();
    }

    /// Adds a delivery to a tenant's webhook.
    pub(crate) async fn pends(&self, tenant: &TenantId, event: &str, webhook: &str) {
        let (event, webhook) = (EventId::parse(event).unwrap(), WebhookId::parse(webhook).unwrap());
        let now_unix_s = self.clock.unix_ms() / 1000;
        let delivery = Delivery::new(tenant.clone(), event, webhook, "{}".to_owned(), now_unix_s);
        assert_eq!(self.usage.alerts.add_delivery(&delivery).await, Ok(Added::New));
    }

    /// Adds requests of an app in the hour of the clock.
    pub(crate) async fn used(&self, id: &str, requests: u64) {
        self.used_at(id, Hour::of_unix_ms(self.clock.unix_ms()), requests).await;
    }

    pub(crate) async fn used_at(&self, id: &str, hour: Hour, requests: u64) {
        let mut usage = AppUsage::default();
        usage.of_mut(Endpoint::Ops).answered(requests, Duration::from_millis(1));
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        self.usage.log.add(Writer(1), sequence, &UsageAdd { app: app(id), hour, usage }).await.unwrap();
    }

    /// A run's parts in a process of their own.
    pub(crate) fn alerting(&self) -> Alerting {
        self.alerting_over(self.usage.log.clone())
    }

    pub(crate) fn alerting_over(&self, log: Arc<dyn UsageLog>) -> Alerting {
        let seed = self.seed.fetch_add(1, Ordering::Relaxed);
        Alerting::new(
            self.registry.clone(),
            log,
            self.usage.alerts.clone(),
            self.vault.clone(),
            self.receivers.clone(),
            self.clock.clone(),
            Arc::new(SeededEntropy::new(seed)),
        )
    }

    pub(crate) fn turn(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn parked(&self) -> Vec<Delivery> {
        self.usage.alerts.parked().await.unwrap()
    }
}

impl Receivers {
    pub(crate) fn answer(&self, answering: Answering) {
        *self.answer.lock().unwrap() = answering;
    }

    /// What the receiver of this webhook answers, unlike all others.
    pub(crate) fn answer_of(&self, webhook: &str, answering: Answering) {
        let url = format!("https://{webhook}.example.com/hook");
        self.others.lock().unwrap().insert(url, answering);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// The kinds of the events that were delivered, with their apps and months, in order.
    pub(crate) fn told(&self) -> Vec<(String, String, String)> {
        let told = self.got().into_iter().map(|got| {
            let body: Value = serde_json::from_str(&got.body).unwrap();
            let object = &body["data"]["object"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&body["type"]), text(&object["api_id"]), text(&object["period"]))
        });
        let mut told: Vec<_> = told.collect();
        told.sort();
        told
    }
}

#[async_trait::async_trait]
impl Courier for Receivers {
    async fn deliver(
        &self,
        url: &WebhookUrl,
        secret: &[u8],
        message: &str,
        body: &str,
        now_unix_s: u64,
    ) -> Result<(), Undelivered> {
        self.got.lock().unwrap().push(Got {
            url: url.as_str().to_owned(),
            secret: secret.to_vec(),
            id: message.to_owned(),
            body: body.to_owned(),
            at_unix_s: now_unix_s,
        });
        let other = self.others.lock().unwrap().get(url.as_str()).copied();
        let answering = other.unwrap_or(*self.answer.lock().unwrap());
        // As with a real receiver, others get their turn meanwhile.
        tokio::task::yield_now().await;
        match answering {
            Answering::Takes => Ok(()),
            Answering::Fails => Err(Undelivered("it answered 500".to_owned())),
            Answering::Hangs => std::future::pending().await,
        }
    }
}

/// Opens what [`House::webhook`] seals, unless it is away.
#[derive(Default)]
pub(crate) struct Unsealing {
    pub(crate) is_away: AtomicBool,
}

#[async_trait::async_trait]
impl Vault for Unsealing {
    async fn seal(
        &self,
        _: &TenantId,
        _: &domain::ids::KeyId,
        secret: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        Ok(secret.to_vec())
    }

    async fn open(
        &self,
        _: &TenantId,
        key: &domain::ids::KeyId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Unavailable::new("vault", "connection refused"));
        }
        let expected = format!("sealed {key}");
        (sealed == expected.as_bytes())
            .then(|| format!("secret of {key}").into_bytes())
            .ok_or_else(|| Unavailable::new("vault", "sealed under another name"))
    }
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

pub(crate) fn app(id: &str) -> AppKey {
    AppKey { tenant: tenant(), app: AppId::parse(id).unwrap() }
}
