//! Several `syncd` processes on one DynamoDB, each behind a fault proxy of its own, and on documents that they
//! share.

mod keys;
mod node;
mod plan;

pub use node::FleetNode;
pub use plan::{FleetPlan, Metering, SharedDocuments, Verifies};

use crate::admin::Admin;
use crate::api_key::{enter_api_key, enter_tenant_key};
use crate::backstage::serve;
use crate::dynamo::Dynamo;
use crate::fault_proxy::{FaultProxy, Faults, Tally};
use crate::lambda::Recorder;
use crate::redis::{RedisServer, Wire};
use crate::signer::{Plan, Signer, unix_seconds};
use crate::table::TableReader;
use crate::waiting::{LOOK_EVERY, PATIENCE, eventually};
use domain::ids::TenantId;
use domain::ports::Documents;
use domain::registry::{ApiScope, KeyHolder};
use futures_util::future::join_all;
use keys::Keys;
use node::{CLUSTER_SECRET, NodeSetup};
use std::net::SocketAddr;
use std::ops::{Index, IndexMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stores::dynamo::{Access, DynamoRegistry, TableAt};
use stores::lent::{LoanSecret, lend};
use stores::memory::MemoryDocuments;
use stores::vault::FileVault;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const TABLE: &str = "wiresocket";
const REGISTRY: &str = "registry";
const USAGE: &str = "usage";

/// Running nodes and what they share. All of it ends when dropped; where the test fails, the logs stay.
#[derive(Debug)]
pub struct Fleet {
    nodes: Vec<FleetNode>,
    tally: Arc<Tally>,
    keys: Keys,
    verifies: Verifies,
    metering: Metering,
    table: TableReader,
    lending: Option<JoinHandle<()>>,
    redis: Option<(RedisServer, Wire)>,
    dynamo: Dynamo,
    folder: Option<TempDir>,
}

impl Fleet {
    /// Starts a fleet, all nodes at once, and waits until all listen. Rate limits are off, unless the plan says
    /// otherwise.
    pub async fn start(plan: FleetPlan) -> Self {
        let dynamo = Dynamo::start();
        let asked = dynamo.address();
        Self::begin(plan, dynamo, asked).await
    }

    /// The same, and what notes all that its nodes ask of DynamoDB.
    pub async fn recorded(plan: FleetPlan) -> (Self, Recorder) {
        let dynamo = Dynamo::start();
        let recorder = Recorder::before(dynamo.address());
        (Self::begin(plan, dynamo, recorder.address()).await, recorder)
    }

    /// Nodes whose proxies ask DynamoDB at `asked`.
    async fn begin(plan: FleetPlan, dynamo: Dynamo, asked: SocketAddr) -> Self {
        let folder = TempDir::with_prefix("wiresocket-fleet-").expect("the temporary folder can be written");
        create_tables(&dynamo).await;
        let Shared { lending, redis, options: stores } = share_documents(plan.documents).await;
        let keys = Keys::fresh(folder.path());
        let tally = Arc::new(Tally::default());
        let mut nodes = Vec::new();
        for (index, region) in plan.regions.iter().enumerate() {
            let seed = plan.seed.wrapping_add(index as u64);
            let proxy = FaultProxy::before(asked, seed, Arc::clone(&tally));
            let name = format!("node-{index}");
            let log = folder.path().join(format!("{name}.log"));
            let mut arguments = arguments(&name, region, &proxy, &stores);
            arguments.extend(verifying(plan.verifies, &keys, &proxy.endpoint()));
            arguments.extend(counting(plan.metering, &proxy.endpoint()));
            if !plan.arguments.contains(&"--rate-limits") {
                arguments.extend(["--rate-limits".to_owned(), "off".to_owned()]);
            }
            arguments.extend(plan.arguments.iter().map(|&argument| argument.to_owned()));
            nodes.push(FleetNode::new(NodeSetup { name, region, arguments, log, proxy }));
        }
        join_all(nodes.iter_mut().map(FleetNode::start)).await;
        let table = TableReader::new(dynamo.address(), TABLE);
        let folder = Some(folder);
        let FleetPlan { verifies, metering, .. } = plan;
        Self { nodes, tally, keys, verifies, metering, table, lending, redis, dynamo, folder }
    }

    /// The nodes, in the order of the plan's regions.
    pub fn nodes(&self) -> impl Iterator<Item = &FleetNode> {
        self.nodes.iter()
    }

    /// What went through all proxies.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Reads the table past the proxies.
    #[must_use]
    pub fn table(&self) -> &TableReader {
        &self.table
    }

    /// What signs tokens that the nodes believe.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.keys.signer
    }

    /// A good token for `plan`.
    #[must_use]
    pub fn token(&self, plan: &Plan) -> String {
        self.keys.signer.token(plan)
    }

    /// Lets DynamoDB fail like this for every node.
    pub fn fail(&self, faults: Faults) {
        for node in &self.nodes {
            node.proxy().set(faults);
        }
    }

    /// Waits until the ledger of an app counts exactly so many connections and documents, and adds up. Returns
    /// how long that took.
    ///
    /// # Panics
    /// Where it takes longer than [`PATIENCE`].
    pub async fn counts(&self, app: &str, connections: u64, documents: u64) -> Duration {
        let began = Instant::now();
        loop {
            let ledger = self.table.ledger(app).await;
            if ledger.adds_up() && ledger.totals() == (connections, documents) {
                return began.elapsed();
            }
            let late = began.elapsed() > PATIENCE;
            assert!(
                !late,
                "{app} has not come to {connections} connections, {documents} documents: {ledger:?}"
            );
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until nothing of an app is on the books: no connection, no document, no pin.
    ///
    /// # Panics
    /// Where that takes longer than [`PATIENCE`].
    pub async fn is_empty(&self, app: &str) {
        self.counts(app, 0, 0).await;
        eventually("no pin is left", async || self.table.pins(app).await.is_empty().then_some(())).await;
    }

    /// Where its DynamoDB is, past the proxies.
    #[must_use]
    pub fn dynamo(&self) -> SocketAddr {
        self.dynamo.address()
    }

    /// Its home, as options name it.
    #[must_use]
    pub fn home(&self) -> String {
        format!("home-1={TABLE},endpoint={}", self.dynamo.endpoint())
    }

    /// What tells a process of the control plane which stores are this fleet's.
    #[must_use]
    pub fn function_options(&self) -> Vec<String> {
        let (home, endpoint) = (self.home(), self.dynamo.endpoint());
        let redis = self.redis.as_ref().map(|(_, wire)| format!("redis://{}", wire.address()));
        // Reports and counts are shown to whom the registry knows a key of.
        let is_on_books = self.verifies == Verifies::ByRegistry || self.metering == Metering::InTable;
        let vault = is_on_books.then(|| self.vault());
        let books = is_on_books.then(|| registry(&endpoint));
        let key_set = (self.verifies == Verifies::ByKeySet).then(|| self.keys.key_set.display().to_string());
        let usage = (self.metering == Metering::InTable).then(|| table_at(USAGE, &endpoint));
        let given = [
            ("--home", Some(home)),
            ("--vault", vault),
            ("--redis", redis),
            ("--registry", books),
            ("--jwks", key_set),
            ("--usage", usage),
        ];
        let given = given.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value?]));
        given.flatten().collect()
    }

    /// A new key of the operator's, on the books of a fleet that verifies by a registry.
    ///
    /// # Panics
    /// Where the registry does not take it.
    pub async fn platform_key(&self) -> String {
        let keys = self.registry().await;
        enter_api_key(&keys, KeyHolder::Platform, &[ApiScope::PlatformRead], unix_seconds()).await
    }

    /// A new key of the tenant of every test token, that may all that tenants' keys may.
    ///
    /// # Panics
    /// As [`Fleet::platform_key`].
    pub async fn tenant_key(&self) -> String {
        let tenant = TenantId::parse("tenant").expect("it is an id");
        enter_tenant_key(&self.registry().await, &tenant, unix_seconds()).await
    }

    async fn registry(&self) -> DynamoRegistry {
        let table = registry(&self.dynamo.endpoint()).parse().expect("it is a table");
        Access::from_environment().await.registry(&table).expect("an endpoint needs no region")
    }

    /// The books of a fleet whose nodes verify by a registry.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::on(&registry(&self.dynamo.endpoint()), &self.vault())
    }

    /// What seals the keys in the registry, made when the first wants it.
    fn vault(&self) -> String {
        let key = self.folder().join("vault.key");
        FileVault::open_or_create(&key).expect("the folder can be written");
        format!("file:{}", key.display())
    }

    /// The Redis of a fleet that is on one.
    ///
    /// # Panics
    /// Where it is on none.
    #[must_use]
    pub fn redis(&self) -> &RedisServer {
        &self.redis.as_ref().expect("the plan is on Redis").0
    }

    /// The same, to kill and restart it.
    ///
    /// # Panics
    /// As [`Fleet::redis`].
    pub fn redis_mut(&mut self) -> &mut RedisServer {
        &mut self.redis.as_mut().expect("the plan is on Redis").0
    }

    /// The wire between all nodes and that Redis.
    ///
    /// # Panics
    /// As [`Fleet::redis`].
    #[must_use]
    pub fn wire(&self) -> &Wire {
        &self.redis.as_ref().expect("the plan is on Redis").1
    }

    /// Where the logs are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("it is there until the drop").path()
    }
}

impl Index<usize> for Fleet {
    type Output = FleetNode;

    fn index(&self, node: usize) -> &FleetNode {
        &self.nodes[node]
    }
}

impl IndexMut<usize> for Fleet {
    fn index_mut(&mut self, node: usize) -> &mut FleetNode {
        &mut self.nodes[node]
    }
}

impl Drop for Fleet {
    #[allow(clippy::print_stderr, reason = "a test's output says where the logs are")]
    fn drop(&mut self) {
        self.lending.iter().for_each(JoinHandle::abort);
        if std::thread::panicking() {
            let kept: Option<PathBuf> = self.folder.take().map(TempDir::keep);
            eprintln!("the nodes' logs are kept in {}", kept.unwrap_or_default().display());
        }
    }
}

async fn create_tables(dynamo: &Dynamo) {
    let table: TableAt = TABLE.parse().expect("it is a table's name");
    let table = table.or_endpoint(&dynamo.endpoint()).expect("it is an endpoint");
    let access = Access::from_environment().await;
    let home = access.home(&table).expect("an endpoint needs no region");
    home.create_table().await.expect("an empty DynamoDB takes a table");
    let table = registry(&dynamo.endpoint()).parse().expect("it is a table");
    let registry = access.registry(&table).expect("an endpoint needs no region");
    registry.create_table().await.expect("a DynamoDB takes another table");
    let table = table_at(USAGE, &dynamo.endpoint()).parse().expect("it is a table");
    let usage = access.usage(&table).expect("an endpoint needs no region");
    usage.create_table().await.expect("a DynamoDB takes another table");
}

/// The registry's table, as options name it.
fn registry(endpoint: &str) -> String {
    table_at(REGISTRY, endpoint)
}

fn table_at(name: &str, endpoint: &str) -> String {
    format!("{name},endpoint={endpoint}")
}

/// The option that says where usage is counted.
fn counting(metering: Metering, dynamo: &str) -> Vec<String> {
    match metering {
        Metering::InTable => vec!["--usage".to_owned(), table_at(USAGE, dynamo)],
        Metering::Off => Vec::new(),
    }
}

/// The option that says what tokens are verified by.
fn verifying(verifies: Verifies, keys: &Keys, dynamo: &str) -> [String; 2] {
    match verifies {
        Verifies::ByKeySet => ["--jwks".to_owned(), keys.key_set.display().to_string()],
        Verifies::ByRegistry => ["--registry".to_owned(), registry(dynamo)],
    }
}

/// What nodes share their documents by, and the options that tell them.
struct Shared {
    lending: Option<JoinHandle<()>>,
    redis: Option<(RedisServer, Wire)>,
    options: Vec<(&'static str, String)>,
}

async fn share_documents(documents: SharedDocuments) -> Shared {
    match documents {
        SharedDocuments::InMemory => {
            let (lender, lending) = lend_documents();
            Shared { lending: Some(lending), redis: None, options: borrowing(lender) }
        }
        SharedDocuments::OnRedis(keeps) => {
            let server = RedisServer::start(keeps).await;
            let wire = Wire::to(server.address());
            let options = vec![("--redis", format!("redis://{}", wire.address()))];
            Shared { lending: None, redis: Some((server, wire)), options }
        }
    }
}

fn lend_documents() -> (SocketAddr, JoinHandle<()>) {
    let documents: Arc<dyn Documents> = Arc::new(MemoryDocuments::new());
    let secret = LoanSecret::parse(CLUSTER_SECRET).expect("it is a secret");
    serve(|listener| lend(listener, documents, secret))
}

fn borrowing(lender: SocketAddr) -> Vec<(&'static str, String)> {
    vec![("--documents", format!("http://{lender}")), ("--documents-secret", CLUSTER_SECRET.to_owned())]
}

fn arguments(name: &str, region: &str, proxy: &FaultProxy, stores: &[(&'static str, String)]) -> Vec<String> {
    let given = [
        ("--listen", "127.0.0.1:0".to_owned()),
        ("--relay-listen", "127.0.0.1:0".to_owned()),
        ("--cluster-secret", CLUSTER_SECRET.to_owned()),
        ("--region", region.to_owned()),
        ("--public-url", format!("wss://{region}.example.net")),
        ("--home", format!("home-1={TABLE},endpoint={}", proxy.endpoint())),
        ("--node", name.to_owned()),
        ("--log", "pretty".to_owned()),
    ];
    given
        .into_iter()
        .chain(stores.iter().cloned())
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
}
