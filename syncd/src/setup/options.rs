use super::documents::DocumentsAt;
use super::keys::KeysAt;
use super::registry::RegistryAt;
use crate::options::{self, LeaseLoss, LogFormat, Switch};
use clap::Args;
use domain::ids::{NodeName, Region};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use stores::Retention;
use stores::dynamo::HomeAt;
use stores::usage::UsageAt;

/// What a node is told on its command line or by its environment.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Address and port for clients; port 0 takes a free one.
    #[arg(long, env = "WIRESOCKET_LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:4400", value_parser = options::address)]
    pub listen: SocketAddr,
    /// Address and port for the other nodes of the region, on a private network; without it, a document that another
    /// node holds is not served here.
    #[arg(long, env = "WIRESOCKET_RELAY_LISTEN", value_name = "ADDRESS:PORT", value_parser = options::address)]
    pub relay_listen: Option<SocketAddr>,
    /// What the other nodes dial; by default the address of --relay-listen.
    #[arg(long, env = "WIRESOCKET_RELAY_ADDRESS", value_name = "HOST:PORT", value_parser = options::host_port)]
    pub relay_address: Option<String>,
    /// Secret of at least 32 bytes that all nodes share, or @ and a file that holds it; best given by the variable.
    #[arg(long, env = "WIRESOCKET_CLUSTER_SECRET", value_name = "TEXT|@FILE", hide_env_values = true)]
    pub cluster_secret: Option<String>,
    /// Name of this node, unlike any other's; drawn anew at each start where none is given.
    #[arg(long, env = "WIRESOCKET_NODE", value_name = "NAME", value_parser = options::node_name)]
    pub node: Option<NodeName>,
    /// Name of this node's region.
    #[arg(long, env = "WIRESOCKET_REGION", value_name = "NAME", default_value = "local-1", value_parser = options::region)]
    pub region: Region,
    /// Public URL of this node's region; by default the address it listens on.
    #[arg(long, env = "WIRESOCKET_PUBLIC_URL", value_name = "wss://HOST", value_parser = options::public_url)]
    pub public_url: Option<String>,
    /// Home region, as tokens name it in `dbCode`, and its DynamoDB table; may be given several times (in the
    /// variable: separated by spaces). The first is home to apps whose tokens name none. Without any, one home
    /// `local` is kept in memory, and the node shares nothing.
    #[arg(
        long,
        env = "WIRESOCKET_HOME",
        value_name = "NAME=TABLE[,region=AWS_REGION][,endpoint=URL]",
        value_delimiter = ' '
    )]
    pub home: Vec<HomeAt>,
    /// DynamoDB for homes, a registry and usage that name no endpoint; by default Amazon's.
    #[arg(long, env = "WIRESOCKET_DYNAMODB_ENDPOINT", value_name = "URL")]
    pub dynamodb_endpoint: Option<String>,
    /// JSON Web Key Set (RFC 7517) that tokens are verified by, whatever tenant they name; or, with `{tenantId}` in its
    /// URL, the set of each tenant, which verifies that tenant's tokens alone.
    #[arg(long, env = "WIRESOCKET_JWKS", value_name = "FILE|URL")]
    pub jwks: Option<KeysAt>,
    /// Registry of the tenants' signing keys, by which their tokens are verified: a DynamoDB table, or `file:` and the
    /// folder of a local service.
    #[arg(
        long,
        env = "WIRESOCKET_REGISTRY",
        value_name = "TABLE[,region=AWS_REGION][,endpoint=URL]|file:DIR"
    )]
    pub registry: Option<RegistryAt>,
    /// Where what apps use is counted over time: a DynamoDB table, or `file:` and a folder that only this process uses.
    /// Without it, nothing is metered.
    #[arg(long, env = "WIRESOCKET_USAGE", value_name = "TABLE[,region=AWS_REGION][,endpoint=URL]|file:DIR")]
    pub usage: Option<UsageAt>,
    /// Redis or Valkey of this region, one server or a cluster: rates count there for all nodes and functions of the
    /// region, and documents outlive their nodes. `rediss://` is TLS. Best given by the variable where it holds a
    /// password.
    #[arg(
        long,
        env = "WIRESOCKET_REDIS",
        value_name = "redis[s]://[USER:PASSWORD@]HOST:PORT[/DB]",
        hide_env_values = true
    )]
    pub redis: Option<String>,
    /// Password of that Redis, or @ and a file that holds it; best given by the variable. The URL then holds none.
    #[arg(long, env = "WIRESOCKET_REDIS_PASSWORD", value_name = "TEXT|@FILE", hide_env_values = true)]
    pub redis_password: Option<String>,
    /// Certificates (PEM) that Redis's own is signed by, where it is none of the system's.
    #[arg(long, env = "WIRESOCKET_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
    /// Where documents are: in memory until the process ends, on the disk, on Redis, or in a process of this machine
    /// that lends them. By default on the disk where --data is given, on Redis where --redis is, else in memory.
    #[arg(long, env = "WIRESOCKET_DOCUMENTS", value_name = "memory|disk|redis|http://HOST:PORT")]
    pub documents: Option<DocumentsAt>,
    /// What borrows documents, or @ and a file that holds it; best given by the variable.
    #[arg(long, env = "WIRESOCKET_DOCUMENTS_SECRET", value_name = "TEXT|@FILE", hide_env_values = true)]
    pub documents_secret: Option<String>,
    /// Folder to keep documents in.
    #[arg(long, env = "WIRESOCKET_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How long a document is kept after its last session: on Redis a time, by default 24h; elsewhere `forever`, the
    /// default there, or 0s.
    #[arg(long, env = "WIRESOCKET_RETAIN_DOCUMENTS", value_name = "TIME|forever", value_parser = options::retention)]
    pub retain_documents: Option<Retention>,
    /// Where each document's encoded state is kept beyond that: when it is released, and while it changes.
    #[arg(
        long,
        env = "WIRESOCKET_ARCHIVE",
        value_name = "s3://BUCKET/PREFIX[?region=REGION][&endpoint=URL]|file:///FOLDER"
    )]
    pub archive: Option<String>,
    /// How often the state of a document that changes is archived; by default 5m.
    #[arg(long, env = "WIRESOCKET_ARCHIVE_EVERY", value_name = "TIME", value_parser = options::period)]
    pub archive_every: Option<Duration>,
    /// Connections that the node is built for; from 80 % of them it takes no more.
    #[arg(long, env = "WIRESOCKET_CAPACITY", value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub capacity: u64,
    /// Whether the rate policies per client IP hold; plan limits always do.
    #[arg(
        long,
        env = "WIRESOCKET_RATE_LIMITS",
        value_name = "on|off",
        default_value = "on",
        value_enum,
        hide_possible_values = true
    )]
    pub rate_limits: Switch,
    /// Proxy whose X-Forwarded-For is believed; may be given several times (in the variable: separated by
    /// commas).
    #[arg(long, env = "WIRESOCKET_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = options::cidr)]
    pub trusted_proxy: Vec<IpNet>,
    /// Over what time a drain gives its documents up, each with all its sessions.
    #[arg(long, env = "WIRESOCKET_DRAIN_FOR", value_name = "TIME", default_value = "30s", value_parser = options::duration)]
    pub drain_for: Duration,
    /// What becomes of sessions when the node is cut off from their home table for longer than its lease: kept, so
    /// that limits may be passed meanwhile, or closed.
    #[arg(
        long,
        env = "WIRESOCKET_ON_LEASE_LOSS",
        value_name = "keep|close",
        default_value = "keep",
        value_enum,
        hide_possible_values = true
    )]
    pub on_lease_loss: LeaseLoss,
    /// How log lines on stderr are written; RUST_LOG says which.
    #[arg(
        long,
        env = "WIRESOCKET_LOG",
        value_name = "pretty|json",
        default_value = "json",
        value_enum,
        hide_possible_values = true
    )]
    pub log: LogFormat,
}
