//! The real parts, on a clock that is turned by hand: three processes that count, the log that they write in, what rolls it
//! up, and what reports it.

use crate::calendar::{HOURS, START_UNIX_S};
use crate::traffic::{APPS, HOUR_MS, Happening, Held, Sent, Traffic, WRITERS};
use domain::alerts::WebhookUrl;
use domain::calendar::Hour;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, PlanId, TenantId};
use domain::ledger::Totals;
use domain::limits::PlanLimits;
use domain::metering::{Flushed, Reason, Recorder};
use domain::policy::RatePolicies;
use domain::ports::{Courier, Registry, Undelivered, UsageLog, UsageStanding, Writer};
use domain::registry::{App, Plan, Tenant};
use functions::alerting::Alerting;
use functions::{Front, GateFailures, Operators, reports_router};
use house_tests::control_plane::{Ask, ask_router};
use house_tests::enter_tenant_key;
use house_tests::http::Answer;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use stores::faults::{FaultPlan, Faults};
use stores::memory::{MemoryAlerts, MemoryPlatformLog, MemoryRateGate, MemoryRegistry};
use stores::system::{SeededEntropy, SystemEntropy, TurnedClock};
use stores::vault::FileVault;
use tempfile::TempDir;

/// Between two runs of what rolls days up.
const ALERTING_EVERY_HOURS: u64 = 20;
/// What each app's plan allows in a month, and its price for a million requests in millionths of a dollar.
pub(crate) const PLANS: [(Option<u64>, u64); APPS] =
    [(Some(300), 2_500_000), (Some(10_000), 123_457), (None, 0)];

pub(crate) struct House {
    clock: Arc<TurnedClock>,
    processes: [Process; WRITERS],
    apps: [AppKey; APPS],
    /// What a home's ledger counts of each app.
    totals: [Totals; APPS],
    log: Arc<dyn UsageLog>,
    alerting: Alerting,
    alerting_faults: Arc<Faults>,
    router: axum::Router,
    key: String,
    _folder: TempDir,
}

/// Something that counts, and its way to the log, where calls and answers are lost and doubled.
struct Process {
    recorder: Recorder,
    faults: Arc<Faults>,
}

impl House {
    pub(crate) async fn built(log: Arc<dyn UsageLog>, seed: u64) -> Self {
        let folder = TempDir::with_prefix("wiresocket-month-").expect("the temporary folder can be written");
        let clock = Arc::new(TurnedClock::new(START_UNIX_S * 1000));
        let registry = Arc::new(MemoryRegistry::new());
        let apps = std::array::from_fn(app_key);
        for (app, (monthly_requests, price)) in apps.iter().zip(PLANS) {
            enter(&registry, app, monthly_requests, price).await;
        }
        let key = enter_tenant_key(&*registry, &apps[0].tenant, START_UNIX_S).await;
        let processes = std::array::from_fn(|n| Process::new(n as u64, seed, &log));
        let alerting_faults = Faults::new(rough(), seed.wrapping_add(WRITERS as u64));
        let vault =
            FileVault::open_or_create(&folder.path().join("vault.key")).expect("the folder can be written");
        let alerting = Alerting::new(
            registry.clone(),
            Arc::new(alerting_faults.wrap(log.clone())),
            Arc::new(MemoryAlerts::new()),
            Arc::new(vault),
            Arc::new(Nobody),
            clock.clone(),
            Arc::new(SeededEntropy::new(seed)),
        );
        let operators = Operators {
            registry: registry.clone(),
            api_keys: registry,
            usage: log.clone(),
            platform: Arc::new(MemoryPlatformLog::new()),
            webhooks: None,
        };
        let router = reports_router(front(clock.clone()), operators);
        let totals = Default::default();
        Self { clock, processes, apps, totals, log, alerting, alerting_faults, router, key, _folder: folder }
    }

    /// Lets the season pass, and the day after it in which all is written down and rolled up.
    pub(crate) async fn live(&mut self, traffic: &Traffic) {
        let mut moments = traffic.moments.iter().peekable();
        for hour in 0..HOURS {
            self.turn_to(hour * HOUR_MS);
            self.begin_hour(hour, traffic).await;
            while let Some(moment) = moments.next_if(|moment| moment.at_ms < (hour + 1) * HOUR_MS) {
                self.turn_to(moment.at_ms);
                match &moment.what {
                    Happening::Sent(sent) => self.send(moment.writer, sent),
                    Happening::Held(change) => self.hold(moment.writer, *change),
                    Happening::Flush => drop(self.processes[moment.writer].recorder.flush(self.now()).await),
                }
            }
        }
        self.settle().await;
    }

    /// An hour begins: who can't reach the log, whose totals nobody has seen, and now and then what rolls days up.
    async fn begin_hour(&self, hour: u64, traffic: &Traffic) {
        for (process, outages) in self.processes.iter().zip(&traffic.outages) {
            let is_cut_off = outages.iter().any(|outage| outage.contains(&hour));
            let was_cut_off = outages.iter().any(|outage| outage.end == hour);
            match is_cut_off {
                true => process.faults.cut(),
                false => process.faults.resume(),
            }
            if was_cut_off && !is_cut_off {
                process.flush_all(self.now()).await;
            }
            self.look_at_totals(process);
        }
        if hour.is_multiple_of(ALERTING_EVERY_HOURS) {
            self.alerting.run().await;
        }
    }

    fn look_at_totals(&self, process: &Process) {
        let hour = Hour::of_unix_ms(self.now());
        let meter = process.recorder.meter();
        for app in meter.unseen(hour) {
            let number = self.apps.iter().position(|known| *known == app).expect("nothing else is held");
            meter.saw(&app, hour, self.totals[number]);
        }
    }

    fn send(&self, writer: usize, sent: &Sent) {
        let refused = sent.refused.map(|reason| Reason::parse(reason).expect("it is a reason"));
        let took = Duration::from_micros(sent.took_us);
        self.processes[writer].recorder.count(&self.apps[sent.app], sent.endpoint, refused, took, self.now());
    }

    /// As a node does it, which is told of the totals before and after its write.
    fn hold(&mut self, writer: usize, change: Held) {
        let (app, now) = (&self.apps[change.app], self.now());
        let meter = self.processes[writer].recorder.meter();
        meter.held(app, now, change.connections, change.documents);
        meter.saw(app, Hour::of_unix_ms(now), self.totals[change.app]);
        let totals = &mut self.totals[change.app];
        totals.connections =
            totals.connections.checked_add_signed(change.connections).expect("nothing closes twice");
        totals.documents =
            totals.documents.checked_add_signed(change.documents).expect("nothing closes twice");
        meter.saw(app, Hour::of_unix_ms(now), *totals);
    }

    /// All is written down, and a day and some hours later rolled up.
    async fn settle(&self) {
        self.turn_to(HOURS * HOUR_MS);
        for process in &self.processes {
            assert!(process.faults.injected() > 20, "{} were hardly any", process.faults);
            process.faults.resume();
            let flushed = process.flush_all(self.now()).await;
            assert_eq!((flushed.unwritten, flushed.lost), (0, 0), "{}", process.faults);
        }
        self.turn_to((HOURS + 30) * HOUR_MS);
        self.alerting_faults.heal();
        let report = self.alerting.run().await;
        assert_eq!(report.failure, None);
        let standings = self.log.standings().await.expect("the log itself does not fail");
        let is_rolled_up = |app: &UsageStanding| app.rolled_up_to > app.last.day();
        assert!(standings.len() == APPS && standings.iter().all(is_rolled_up), "{standings:?}");
    }

    fn turn_to(&self, season_ms: u64) {
        let now_ms = self.clock.monotonic().as_millis() as u64;
        self.clock.advance(Duration::from_millis(season_ms.checked_sub(now_ms).expect("time goes forward")));
    }

    fn now(&self) -> u64 {
        self.clock.unix_ms()
    }

    /// What the API answers to the tenant.
    pub(crate) async fn ask(&self, uri: &str) -> Answer {
        let ask = Ask::new("GET", uri, IpAddr::V4(Ipv4Addr::LOCALHOST)).bearer(&self.key);
        ask_router(&self.router, &ask).await
    }
}

impl Process {
    fn new(number: u64, seed: u64, log: &Arc<dyn UsageLog>) -> Self {
        let faults = Faults::new(rough(), seed.wrapping_add(number));
        let recorder = Recorder::new(Writer(number + 1), Arc::new(faults.wrap(log.clone())));
        Self { recorder, faults }
    }

    /// Tries until there is nothing left, as it would within minutes: what was counted behind an addition that was under way
    /// follows it.
    async fn flush_all(&self, now_unix_ms: u64) -> Flushed {
        loop {
            let flushed = self.recorder.flush(now_unix_ms).await;
            if flushed.failure.is_none() && flushed.additions == 0 {
                return flushed;
            }
        }
    }
}

/// Calls and answers are lost, doubled and late; nothing waits, as the clock is turned by hand.
fn rough() -> FaultPlan {
    FaultPlan {
        lost_request: 0.1,
        lost_reply: 0.15,
        duplicate: 0.1,
        late_copy: 0.1,
        delay: 0.0,
        ..FaultPlan::rough()
    }
}

/// The id of an app of the tenant.
pub(crate) fn app_id(app: usize) -> &'static str {
    ["editor", "staging", "wiki"][app]
}

fn app_key(app: usize) -> AppKey {
    let tenant = TenantId::parse("acme").expect("it is an id");
    AppKey { tenant, app: AppId::parse(app_id(app)).expect("it is an id") }
}

async fn enter(registry: &MemoryRegistry, app: &AppKey, monthly_requests: Option<u64>, price: u64) {
    let tenant = Tenant { id: app.tenant.clone(), name: String::new() };
    registry.add_tenant(&tenant).await.expect("memory answers");
    let id = PlanId::parse(app.app.as_str()).expect("it is an id");
    let price = format!("{}.{:06}", price / 1_000_000, price % 1_000_000).parse().expect("it is a price");
    let limits =
        PlanLimits { connections_max: 1, documents_max: 1, users_per_document_max: 1, ops_per_minute_max: 1 };
    let plan = Plan { id: id.clone(), limits, monthly_requests, price };
    registry.set_plan(&plan).await.expect("memory answers");
    let name = format!("The {}", app.app);
    let app = App { key: app.clone(), name, plan: id, home: None, allowed_domains: Vec::new() };
    registry.add_app(&app).await.expect("memory answers");
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

/// There are no webhooks in this season.
struct Nobody;

#[async_trait::async_trait]
impl Courier for Nobody {
    async fn deliver(&self, _: &WebhookUrl, _: &[u8], _: &str, _: &str, _: u64) -> Result<(), Undelivered> {
        Err(Undelivered("nobody is there".to_owned()))
    }
}
