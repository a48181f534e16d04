//! Nodes in one process, on shared stores of the test's choice: each runs on a runtime of its own, so that it can die
//! as a process dies, all at once.

use crate::raw_client::RawClient;
use crate::signer::Plan;
use crate::waiting::eventually;
use domain::bounds::MESSAGE_BYTES_MAX;
use domain::clock::Clock;
use domain::ids::{
    AppId, AppKey, DocumentKey, DocumentName, Generation, HomeRegion, NodeName, Region, TenantId,
};
use domain::ledger::LedgerRecord;
use domain::policy::RatePolicies;
use domain::ports::{Documents, HomePorts, Homes, Pin};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::jwt::{SigningKey, StaticKeys, Verifier};
use stores::memory::{MemoryCluster, MemoryDocuments, MemoryLedger, MemoryPins, MemoryRateGate};
use stores::system::{SystemClock, SystemEntropy};
use syncd::{Besides, ClusterSecret, Listeners, NodeConfig, OnLeaseLoss, Ports, RelayConfig};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// What nodes of one process share.
pub struct House {
    ports: Ports,
    /// The stores of the one home region.
    pub home: HomePorts,
    key: SigningKey,
}

/// A node of a [`House`]. It dies when it is dropped.
pub struct HouseNode {
    /// Where clients find it.
    pub address: SocketAddr,
    runtime: Option<Runtime>,
    drain: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

impl House {
    /// A house without nodes, whose documents are in memory.
    #[must_use]
    pub fn open() -> Self {
        Self::with_documents(Arc::new(MemoryDocuments::new()))
    }

    /// A house without nodes on these documents.
    ///
    /// # Panics
    /// Where the system has no chance to give for a key.
    #[must_use]
    pub fn with_documents(documents: Arc<dyn Documents>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let key = SigningKey::generate().expect("the system has entropy");
        let name = HomeRegion::parse("local").expect("it is a home region");
        let tokens =
            Verifier::new(StaticKeys::new(key.public_jwks()), Arc::clone(&clock), vec![name.clone()]);
        let home = HomePorts {
            ledger: Arc::new(MemoryLedger::new()),
            cluster: Arc::new(MemoryCluster::new()),
            pins: Arc::new(MemoryPins::new(Generation(1))),
        };
        let ports = Ports {
            homes: Homes::new(name, home.clone()),
            documents,
            gate: Arc::new(MemoryRateGate::new(Arc::clone(&clock))),
            tokens: Arc::new(tokens),
            clock,
            entropy: Arc::new(SystemEntropy),
            usage: None,
        };
        Self { ports, home, key }
    }

    /// Starts a node.
    ///
    /// # Panics
    /// Where the names are none, or the machine refuses a port or a thread.
    pub async fn node(&self, name: &str, region: &str) -> HouseNode {
        let ports = self.ports.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("the machine has a thread");
        let (name, region) = (NodeName::parse(name), Region::parse(region));
        let (name, region) = (name.expect("it is a name"), region.expect("it is a region"));
        let (told, address) = oneshot::channel();
        let (drain, drained) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        runtime.spawn(async move {
            let clients = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            let relay = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
            let address = clients.local_addr().expect("it is bound");
            let config = config(name, region, relay.local_addr().expect("it is bound"));
            told.send(address).expect("the test waits");
            let listeners = Listeners { clients, relay: Some(relay) };
            let shutdown = async { drop(drained.await) };
            syncd::run(listeners, ports, config, Besides::default(), shutdown).await.expect("it runs");
            let _ = end.send(());
        });
        let address = address.await.expect("it listens");
        HouseNode { address, runtime: Some(runtime), drain: Some(drain), ended }
    }

    /// A token for the app.
    #[must_use]
    pub fn token(&self, plan: &Plan) -> String {
        self.key.sign(&plan.claims())
    }

    /// The app's ledger, which adds up.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn record(&self, plan: &Plan) -> LedgerRecord {
        let record = self.home.ledger.read(&app(plan)).await.expect("memory answers");
        assert!(record.adds_up());
        record
    }

    /// Who holds a document of the app.
    ///
    /// # Panics
    /// Where the name is none.
    pub async fn pin(&self, plan: &Plan, name: &str) -> Option<Pin> {
        self.home.pins.read(&key(plan, name)).await.expect("memory answers")
    }

    /// Waits until the app has so many connections and documents.
    pub async fn counts(&self, plan: &Plan, connections: u64, documents: u64) {
        eventually("the counts", async || {
            let totals = self.record(plan).await.totals;
            ((totals.connections, totals.documents) == (connections, documents)).then_some(())
        })
        .await;
    }
}

impl HouseNode {
    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    /// Where it is dead.
    pub fn kill(&mut self) {
        self.runtime.take().expect("it lives").shutdown_background();
    }

    /// Drains it, and waits for its end.
    ///
    /// # Panics
    /// Where it is dead, or was drained.
    pub async fn drain(&mut self) {
        self.drain.take().expect("it was not drained").send(()).expect("it lives");
        (&mut self.ended).await.expect("it ends in order");
    }
}

impl Drop for HouseNode {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn app(plan: &Plan) -> AppKey {
    let (tenant, app) = (TenantId::parse("tenant"), AppId::parse(plan.app));
    AppKey { tenant: tenant.expect("it is an id"), app: app.expect("plans name apps") }
}

/// A document of the plan's app.
///
/// # Panics
/// Where the name is none.
#[must_use]
pub fn key(plan: &Plan, name: &str) -> DocumentKey {
    DocumentKey { app: app(plan), name: DocumentName::parse(name).expect("it is a document's name") }
}

fn config(name: NodeName, region: Region, relay: SocketAddr) -> NodeConfig {
    let secret = ClusterSecret::parse("a secret of all nodes of this house").expect("it is long enough");
    NodeConfig {
        url: format!("wss://{region}.example.net"),
        name,
        region,
        relay: Some(RelayConfig { address: relay.to_string(), secret }),
        on_lease_loss: OnLeaseLoss::Keep,
        trusted_proxies: Vec::new(),
        rate_policies: RatePolicies::Off,
        capacity: 10_000,
        memory_bytes_max: 1 << 40,
        message_bytes_max: MESSAGE_BYTES_MAX,
        drain_for: Duration::from_millis(100),
        usage_every: Duration::from_secs(60),
    }
}

/// Reads on until a message holds the text.
///
/// # Panics
/// Where the connection ends before.
pub async fn sees(client: &mut RawClient, text: &str) {
    let bytes = text.as_bytes();
    loop {
        let message = client.next().await.expect("the connection lives");
        if message.windows(bytes.len()).any(|window| window == bytes) {
            return;
        }
    }
}
