//! Nodes in this process, over stores in memory, each with a usage log.

use axum::Router;
use domain::bounds::MESSAGE_BYTES_MAX;
use domain::calendar::Hour;
use domain::claims::API;
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, Generation, HomeRegion, NodeName, Region, TenantId};
use domain::metering::AppUsage;
use domain::policy::RatePolicies;
use domain::ports::{HomePorts, Homes, PlatformLog, Resolution, UsageLog};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::jwt::{SigningKey, StaticKeys, Verifier};
use stores::memory::{
    MemoryCluster, MemoryDocuments, MemoryLedger, MemoryPins, MemoryPlatformLog, MemoryRateGate,
    MemoryUsageLog,
};
use stores::system::SystemEntropy;
use syncd::metering::Metering;
use syncd::{Besides, ClusterSecret, Listeners, NodeConfig, OnLeaseLoss, Ports, RelayConfig};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often a node flushes of which no test wants a flush before its end.
pub(crate) const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct House {
    pub(crate) home: HomePorts,
    pub(crate) usage: Arc<MemoryUsageLog>,
    pub(crate) platform: Arc<MemoryPlatformLog>,
    clock: Arc<dyn Clock>,
    key: SigningKey,
}

pub(crate) struct RunningNode {
    pub(crate) address: SocketAddr,
    pub(crate) metering: Metering,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// The limits of an app, as its token says them.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: u64,
    pub(crate) ops_per_minute: u64,
}

pub(crate) const ROOMY: Plan = Plan { connections: 10, ops_per_minute: 1_000 };

impl House {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let home = HomePorts {
            ledger: Arc::new(MemoryLedger::new()),
            cluster: Arc::new(MemoryCluster::new()),
            pins: Arc::new(MemoryPins::new(Generation(1))),
        };
        let key = SigningKey::generate().unwrap();
        Self { home, usage: Arc::default(), platform: Arc::default(), clock, key }
    }

    /// Starts a node that writes to these logs.
    pub(crate) async fn node(
        &self,
        name: &str,
        log: Arc<dyn UsageLog>,
        platform: Arc<dyn PlatformLog>,
        usage_every: Duration,
    ) -> RunningNode {
        self.node_beside(name, log, platform, usage_every, |_| Router::new()).await
    }

    /// The same, with what its port serves besides, which may count in the node's metering.
    pub(crate) async fn node_beside(
        &self,
        name: &str,
        log: Arc<dyn UsageLog>,
        platform: Arc<dyn PlatformLog>,
        usage_every: Duration,
        routes: impl FnOnce(&Metering) -> Router,
    ) -> RunningNode {
        let metering = Metering::new(log, platform, &SystemEntropy);
        let besides = Besides { routes: routes(&metering), ..Besides::default() };
        let clients = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = clients.local_addr().unwrap();
        let config = config(name, relay.local_addr().unwrap(), usage_every);
        let ports = self.ports(metering.clone());
        let (end, ended) = oneshot::channel();
        let listeners = Listeners { clients, relay: Some(relay) };
        let task = tokio::spawn(async move {
            let shutdown = async { drop(ended.await) };
            syncd::run(listeners, ports, config, besides, shutdown).await.unwrap();
        });
        RunningNode { address, metering, end, task }
    }

    /// Starts a node that writes to the house's logs at its end.
    pub(crate) async fn plain_node(&self, name: &str) -> RunningNode {
        self.node(name, self.usage.clone(), self.platform.clone(), NEVER).await
    }

    fn ports(&self, metering: Metering) -> Ports {
        let home = HomeRegion::parse("local").unwrap();
        let keys = StaticKeys::new(self.key.public_jwks());
        Ports {
            tokens: Arc::new(Verifier::new(keys, Arc::clone(&self.clock), vec![home.clone()])),
            homes: Homes::new(home, self.home.clone()),
            documents: Arc::new(MemoryDocuments::new()),
            gate: Arc::new(MemoryRateGate::new(Arc::clone(&self.clock))),
            clock: Arc::clone(&self.clock),
            entropy: Arc::new(SystemEntropy),
            usage: Some(metering),
        }
    }

    pub(crate) fn token(&self, plan: Plan) -> String {
        let now = self.clock.unix_ms() / 1000;
        let limits = json!({
            "maxConnections": plan.connections,
            "maxDocuments": 10,
            "maxUsersPerDoc": 10,
            "opsPerMinute": plan.ops_per_minute,
        });
        self.key.sign(&json!({
            "iat": now, "exp": now + 3600, "aud": API, "scope": API,
            "tenantid": "t", "appId": "a", "limits": limits, "allowed_domain_1": "app.example.com",
        }))
    }

    /// What the house's log has of the app, over all time.
    pub(crate) async fn logged(&self) -> AppUsage {
        logged(&self.usage).await
    }

    /// Waits until the ledger counts so many connections of the app.
    pub(crate) async fn connections(&self, wanted: u64) {
        let counted = async {
            while self.home.ledger.read(&app()).await.unwrap().totals.connections != wanted {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), counted).await.expect("the ledger counts them");
    }
}

impl RunningNode {
    /// Ends the node in order.
    pub(crate) async fn end(self) {
        self.end.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// What a log has of the app, over all time.
pub(crate) async fn logged(log: &MemoryUsageLog) -> AppUsage {
    let spans = log.read(&app(), Hour(0), Hour(u64::MAX), Resolution::Hours).await.unwrap();
    let mut total = AppUsage::default();
    spans.iter().for_each(|(_, usage)| total.add(usage));
    total
}

pub(crate) fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

fn config(name: &str, relay: SocketAddr, usage_every: Duration) -> NodeConfig {
    let secret = ClusterSecret::parse("a secret of all nodes of this house").unwrap();
    NodeConfig {
        name: NodeName::parse(name).unwrap(),
        region: Region::parse("r").unwrap(),
        url: "wss://r.example.net".to_owned(),
        relay: Some(RelayConfig { address: relay.to_string(), secret }),
        on_lease_loss: OnLeaseLoss::Keep,
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        rate_policies: RatePolicies::Off,
        capacity: 1_000,
        memory_bytes_max: 1 << 40,
        message_bytes_max: MESSAGE_BYTES_MAX,
        drain_for: Duration::from_millis(50),
        usage_every,
    }
}
