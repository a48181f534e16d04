//! The alerting of a deployment on an embedded DynamoDB, whose clock is turned by hand.

use crate::receiver::Receiver;
use domain::alerts::Hosts;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, PlanId, TenantId};
use domain::limits::PlanLimits;
use domain::metering::{Endpoint, Recorder};
use domain::policy::RatePolicies;
use domain::ports::{Alerts, PlatformLog, Registry, UsageLog, Vault, Writer};
use domain::registry::{App, Plan, Tenant};
use functions::alerting::{Alerting, AlertingReport};
use functions::{Front, GateFailures, Operators, WebhookDesk, reports_router};
use house_tests::control_plane::{Ask, ask_router};
use house_tests::http::Answer;
use house_tests::{Admin, Dynamo, enter_tenant_key, unix_seconds};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use stores::dynamo::{Access, DynamoRegistry, TableAt};
use stores::memory::MemoryRateGate;
use stores::system::{SystemEntropy, TurnedClock};
use stores::usage::UsagePorts;
use stores::vault::FileVault;
use stores::webhooks::HttpsCourier;
use tempfile::TempDir;

/// Requests in a month that the plan of the one app allows.
pub(crate) const MONTHLY_REQUESTS: u64 = 100;
const MINUTE: Duration = Duration::from_secs(60);

/// A tenant with one app, what counts its requests, and two of what tells it of them.
pub(crate) struct Desk {
    clock: Arc<TurnedClock>,
    recorder: Recorder,
    app: AppKey,
    runs: [Alerting; 2],
    router: axum::Router,
    key: String,
    dynamo: Dynamo,
    folder: TempDir,
}

/// The ports of one deployment.
struct Stores {
    registry: Arc<DynamoRegistry>,
    usage: Arc<dyn UsageLog>,
    platform: Arc<dyn PlatformLog>,
    alerts: Arc<dyn Alerts>,
    vault: Arc<dyn Vault>,
}

impl Desk {
    /// A desk that delivers to any host, and believes the receiver's authority.
    pub(crate) async fn believing(receiver: &Receiver) -> Self {
        Self::of_hosts(Hosts::Any, Hosts::Any, receiver).await
    }

    /// A desk at which webhooks at some hosts can be entered, and that delivers to some.
    pub(crate) async fn of_hosts(entered: Hosts, delivered_to: Hosts, receiver: &Receiver) -> Self {
        let folder = TempDir::with_prefix("wiresocket-desk-").expect("the temporary folder can be written");
        let dynamo = Dynamo::start();
        let clock = Arc::new(TurnedClock::new(unix_seconds() * 1000));
        let stores = Stores::made(&dynamo, &folder).await;
        let app = AppKey {
            tenant: TenantId::parse("acme").expect("an id"),
            app: AppId::parse("editor").expect("an id"),
        };
        enter(&stores.registry, &app).await;
        let key = enter_tenant_key(&*stores.registry, &app.tenant, unix_seconds()).await;
        let runs = [(); 2].map(|()| stores.alerting(&clock, delivered_to, &receiver.ca_pem()));
        let recorder = Recorder::new(Writer(1), stores.usage.clone());
        let router = reports_router(front(clock.clone()), stores.operators(entered));
        Self { clock, recorder, app, runs, router, key, dynamo, folder }
    }

    /// What the API answers to the tenant that wants its events at this URL.
    pub(crate) async fn ask_for_webhook(&self, url: &str) -> Answer {
        let body = json!({"url": url, "events": ["usage.limit_reached", "usage.limit_exceeded"]}).to_string();
        let ask = Ask::new("POST", "/v1/webhooks", IpAddr::V4(Ipv4Addr::LOCALHOST)).bearer(&self.key);
        ask_router(&self.router, &ask.body("application/json", body)).await
    }

    /// Has the tenant's events delivered to the receiver, which is told the secret and the time.
    pub(crate) async fn subscribes(&self, receiver: &mut Receiver) -> Value {
        let answer = self.ask_for_webhook(&receiver.url()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let webhook = answer.json();
        receiver.obeys(json!({"secret": webhook["secret"], "now_unix_ms": self.clock.unix_ms()})).await;
        webhook
    }

    /// The app makes so many requests more, which are written down.
    pub(crate) async fn counts(&self, requests: u64) {
        let now = self.clock.unix_ms();
        for _ in 0..requests {
            self.recorder.count(&self.app, Endpoint::Ops, None, Duration::from_millis(1), now);
        }
        assert_eq!(self.recorder.flush(now).await.unwritten, 0);
    }

    /// Turns the clock, the receiver's too.
    pub(crate) async fn turns(&self, by: Duration, receiver: &mut Receiver) {
        self.clock.advance(by);
        receiver.obeys(json!({"now_unix_ms": self.clock.unix_ms()})).await;
    }

    /// One run.
    pub(crate) async fn runs(&self) -> AlertingReport {
        self.runs[0].run().await
    }

    /// Two runs at once.
    pub(crate) async fn runs_twice_at_once(&self) -> [AlertingReport; 2] {
        let (one, other) = tokio::join!(self.runs[0].run(), self.runs[1].run());
        [one, other]
    }

    /// A run each minute of the turned clock, for so long.
    pub(crate) async fn runs_each_minute(&self, minutes: u32, receiver: &mut Receiver) {
        for _ in 0..minutes {
            self.turns(MINUTE, receiver).await;
            assert_eq!(self.runs().await.failure, None);
        }
    }

    /// The clock's month, as events name it.
    pub(crate) fn month(&self) -> String {
        domain::calendar::Month::of_unix_s(self.clock.unix_ms() / 1000).to_string()
    }

    /// From now to the middle of the next month.
    pub(crate) fn until_next_month(&self) -> Duration {
        let now_s = self.clock.unix_ms() / 1000;
        let next = domain::calendar::Month::of_unix_s(now_s).next().first_day().plus(14);
        Duration::from_secs(next.first_hour().starts_unix_s() - now_s)
    }

    /// The operator's command line over the same stores.
    pub(crate) fn admin(&self) -> Admin {
        let endpoint = self.dynamo.endpoint();
        let vault = format!("file:{}", self.folder.path().join("vault.key").display());
        Admin::on(&format!("registry,endpoint={endpoint}"), &vault)
            .counting(&format!("usage,endpoint={endpoint}"))
    }
}

impl Stores {
    async fn made(dynamo: &Dynamo, folder: &TempDir) -> Self {
        let access = Access::of_function();
        let at = |name: &str| -> TableAt {
            format!("{name},endpoint={}", dynamo.endpoint()).parse().expect("it is a table")
        };
        let registry = access.registry(&at("registry")).expect("an endpoint needs no region");
        registry.create_table().await.expect("an empty DynamoDB takes a table");
        let usage = access.usage(&at("usage")).expect("an endpoint needs no region");
        usage.create_table().await.expect("a DynamoDB takes another table");
        let vault =
            FileVault::open_or_create(&folder.path().join("vault.key")).expect("the folder can be written");
        let ports = UsagePorts::in_table(&usage);
        Self {
            registry: Arc::new(registry),
            usage: ports.log,
            platform: ports.platform,
            alerts: ports.alerts,
            vault: Arc::new(vault),
        }
    }

    fn alerting(&self, clock: &Arc<TurnedClock>, hosts: Hosts, ca_pem: &[u8]) -> Alerting {
        let courier = HttpsCourier::new(hosts, Some(ca_pem)).expect("it is a certificate");
        Alerting::new(
            self.registry.clone(),
            self.usage.clone(),
            self.alerts.clone(),
            self.vault.clone(),
            Arc::new(courier),
            clock.clone(),
            Arc::new(SystemEntropy),
        )
    }

    fn operators(&self, hosts: Hosts) -> Operators {
        Operators {
            registry: self.registry.clone(),
            api_keys: self.registry.clone(),
            usage: self.usage.clone(),
            platform: self.platform.clone(),
            webhooks: Some(WebhookDesk { alerts: self.alerts.clone(), vault: self.vault.clone(), hosts }),
        }
    }
}

async fn enter(registry: &DynamoRegistry, app: &AppKey) {
    let plan = PlanId::parse("free").expect("it is an id");
    let tenant = Tenant { id: app.tenant.clone(), name: String::new() };
    registry.add_tenant(&tenant).await.expect("the registry answers");
    let limits =
        PlanLimits { connections_max: 1, documents_max: 1, users_per_document_max: 1, ops_per_minute_max: 1 };
    let price = "0".parse().expect("it is a price");
    let free = Plan { id: plan.clone(), limits, monthly_requests: Some(MONTHLY_REQUESTS), price };
    registry.set_plan(&free).await.expect("the registry answers");
    let app = App { key: app.clone(), name: String::new(), plan, home: None, allowed_domains: Vec::new() };
    registry.add_app(&app).await.expect("the registry answers");
}

fn front(clock: Arc<TurnedClock>) -> Front {
    Front {
        rate_gate: Arc::new(MemoryRateGate::new(clock.clone())),
        rate_policies: RatePolicies::Off,
        gate_failures: Arc::new(GateFailures::default()),
        trusted_proxies: Vec::new(),
        clock,
        entropy: Arc::new(SystemEntropy),
    }
}
