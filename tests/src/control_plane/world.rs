use domain::clock::Clock;
use domain::ids::{NodeId, NodeName, Region};
use domain::ports::{
    ApiKeys, HomePorts, NodeRecord, NodeState, RefreshFamilies, Registry, SecretHashes, Vault,
};
use std::path::PathBuf;
use std::sync::Arc;
use stores::dynamo::{Access, TableAt};
use stores::jwt::TenantKeys;
use stores::secrets::Argon2Hashes;
use stores::system::SystemClock;
use stores::usage::UsagePorts;
use stores::vault::{FileVault, VaultAt};

/// The WebSocket region that answers, and so the nearest one. It has a node.
pub const REGION: &str = "us-east-1";
/// Another region with a node.
pub const OTHER_REGION: &str = "eu-central-1";
/// A region whose only node is dead.
pub const DEAD_REGION: &str = "ap-south-1";
/// The default home.
pub const HOME: &str = "aws-us-east-1";
/// A home whose only node is draining.
pub const EMPTY_HOME: &str = "aws-eu-central-1";

/// The table of [`HOME`].
const HOME_TABLE: &str = "wiresocket";
/// The table of [`EMPTY_HOME`].
const EMPTY_HOME_TABLE: &str = "wiresocket-second";
const REGISTRY_TABLE: &str = "wiresocket-registry";
const USAGE_TABLE: &str = "wiresocket-usage";
/// Open WebSockets of each node that is alive in a world.
pub(super) const CONNECTIONS: u64 = 3;

/// Where a target's stores are.
#[derive(Debug, Clone)]
pub struct StoresAt {
    /// `http://HOST:PORT` of the one DynamoDB.
    pub endpoint: String,
    /// What seals tenants' private keys.
    pub vault: VaultKey,
}

/// What seals tenants' private keys.
#[derive(Debug, Clone)]
pub enum VaultKey {
    /// A key in this file.
    File(PathBuf),
    /// A key of the KMS at the same endpoint as DynamoDB, by its ARN.
    Kms(String),
}

/// A target's stores, as a test fills and reads them.
pub struct World {
    /// The default home.
    pub home: HomePorts,
    /// The home without a node that takes connections.
    pub empty_home: HomePorts,
    /// The books.
    pub registry: Arc<dyn Registry>,
    /// The keys of tenants and of the operator.
    pub api_keys: Arc<dyn ApiKeys>,
    /// What is counted over time.
    pub usage: UsagePorts,
    /// Seals tenants' private keys and webhooks' secrets.
    pub vault: Arc<dyn Vault>,
    /// Families of refresh tokens.
    pub families: Arc<dyn RefreshFamilies>,
    /// What signs in tenants' names.
    pub keys: Arc<TenantKeys>,
    /// What knows clients' secrets.
    pub hashes: Arc<dyn SecretHashes>,
}

impl StoresAt {
    /// `--home`, or `WIRESOCKET_HOME`.
    #[must_use]
    pub fn homes(&self) -> String {
        let Self { endpoint, .. } = self;
        let home = format!("{HOME}={HOME_TABLE},endpoint={endpoint}");
        format!("{home} {EMPTY_HOME}={EMPTY_HOME_TABLE},endpoint={endpoint}")
    }

    /// `--registry`, or `WIRESOCKET_REGISTRY`.
    #[must_use]
    pub fn registry(&self) -> String {
        format!("{REGISTRY_TABLE},endpoint={}", self.endpoint)
    }

    /// `--usage`, or `WIRESOCKET_USAGE`.
    #[must_use]
    pub fn usage(&self) -> String {
        format!("{USAGE_TABLE},endpoint={}", self.endpoint)
    }

    /// `--vault`, or `WIRESOCKET_VAULT`.
    #[must_use]
    pub fn vault(&self) -> String {
        match &self.vault {
            VaultKey::File(path) => format!("file:{}", path.display()),
            VaultKey::Kms(key) => format!("kms:{key},endpoint={}", self.endpoint),
        }
    }

    /// Makes the tables, and the vault's key where it lies in a file.
    ///
    /// # Panics
    /// Where DynamoDB or the file system refuses.
    pub async fn make(&self) {
        let access = Access::of_function();
        for table in [HOME_TABLE, EMPTY_HOME_TABLE] {
            let home = access.home(&self.table(table)).expect("an endpoint needs no region");
            home.create_table().await.expect("an empty DynamoDB takes a table");
        }
        let registry = access.registry(&self.table(REGISTRY_TABLE)).expect("an endpoint needs no region");
        registry.create_table().await.expect("an empty DynamoDB takes a table");
        let usage = access.usage(&self.table(USAGE_TABLE)).expect("an endpoint needs no region");
        usage.create_table().await.expect("an empty DynamoDB takes a table");
        if let VaultKey::File(path) = &self.vault {
            FileVault::open_or_create(path).expect("the folder can be written");
        }
    }

    fn table(&self, name: &str) -> TableAt {
        format!("{name},endpoint={}", self.endpoint).parse().expect("it is a table")
    }
}

impl World {
    /// Reaches the stores, whose tables are there, and makes the regions' nodes known.
    ///
    /// # Panics
    /// Where DynamoDB does not answer, or the vault can't be opened.
    pub async fn open(at: &StoresAt) -> Self {
        let access = Access::of_function();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let home = |table| {
            let home = access.home(&at.table(table)).expect("an endpoint needs no region");
            home.ports(clock.clone())
        };
        let registry = access.registry(&at.table(REGISTRY_TABLE)).expect("an endpoint needs no region");
        let registry = Arc::new(registry);
        let usage = access.usage(&at.table(USAGE_TABLE)).expect("an endpoint needs no region");
        let vault: VaultAt = at.vault().parse().expect("it is a vault");
        let vault = vault.open(&access).expect("the vault's key is there");
        let world = Self {
            home: home(HOME_TABLE),
            empty_home: home(EMPTY_HOME_TABLE),
            registry: registry.clone(),
            api_keys: registry.clone(),
            usage: UsagePorts::in_table(&usage),
            families: registry.clone(),
            vault: vault.clone(),
            keys: Arc::new(TenantKeys::new(registry, vault)),
            hashes: Arc::new(Argon2Hashes::new()),
        };
        world.populate(clock.unix_ms()).await;
        world
    }

    /// Each world's nodes live a life of their own, begun and beaten at this moment: those of an earlier one may have been
    /// reaped, as they are silent.
    async fn populate(&self, epoch: u64) {
        let nodes = [
            (&self.home, REGION, NodeState::Up),
            (&self.home, OTHER_REGION, NodeState::Up),
            (&self.home, DEAD_REGION, NodeState::Fenced),
            (&self.empty_home, REGION, NodeState::Draining),
        ];
        for (home, region, state) in nodes {
            let record = record(region, state, epoch);
            home.cluster.announce(&record).await.expect("the cluster answers");
        }
    }

    /// Forgets every node of both homes, so that others' are the only ones.
    ///
    /// # Panics
    /// Where DynamoDB does not answer.
    pub async fn depopulate(&self) {
        for HomePorts { cluster, .. } in [&self.home, &self.empty_home] {
            for region in cluster.regions().await.expect("the cluster answers") {
                for node in cluster.nodes(&region).await.expect("the cluster answers") {
                    cluster.forget(&region, &node.node).await.expect("the cluster answers");
                }
            }
        }
    }
}

/// The URL of a region that a node of this world tells.
#[must_use]
pub fn url_of(region: &str) -> String {
    format!("wss://{region}.example.net")
}

fn record(region: &str, state: NodeState, epoch: u64) -> NodeRecord {
    NodeRecord {
        node: NodeId { name: NodeName::parse("seeded").expect("it is a name"), epoch },
        region: Region::parse(region).expect("it is a region"),
        beat: 1,
        state,
        url: url_of(region),
        relay: String::new(),
        connections: CONNECTIONS,
        capacity: 100,
        documents: 1,
        beaten_unix_ms: epoch,
    }
}
