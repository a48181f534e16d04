//! The command line.

use crate::admin::Admin;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::alerts::Hosts;
use domain::claims::AllowedDomain;
use domain::ids::{AppId, Region, TenantId};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use stores::Retention;
use stores::dynamo::HomeAt;
use stores::usage::UsageAt;
use stores::vault::VaultAt;
use syncd::options::{self, DocumentStore, LogFormat, Switch};
use syncd::setup::{KeysAt, RegistryAt};

/// WireSocket: a sync service for Yjs documents, whole on one machine.
///
/// Without a command it serves. Each option can also be set by its environment variable.
#[derive(Debug, Parser)]
#[command(name = "wiresocket", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves WebSockets, the control plane, operators' reports, /health and /metrics on one port (the default).
    Serve(Serve),
    /// One of the nodes of `serve --nodes`, with the options of `syncd`. Ends with its standard input.
    #[command(hide = true)]
    Node(Box<Node>),
    /// Serves /discovery, /usage and, with a registry and a vault, tokens; with usage too, reports and webhooks: for nodes
    /// that share their tables and Redis with it, what the Lambda functions answer, where there is no Lambda.
    Functions(Box<Functions>),
    /// Prints a token that a running or later server on the same data folder accepts.
    Token(Token),
    /// Keeps the books: tenants, plans, apps, clients and signing keys, of a local service or of a deployment.
    Admin(Box<Admin>),
}

/// How a vault is given.
pub(crate) const VAULT: &str = "kms:KEY[,region=AWS_REGION][,endpoint=URL]|file:PATH";

/// What every server here is told of the clients of its region and of its Redis.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rates {
    /// Whether the rate policies per client IP hold; plan limits always do.
    #[arg(
        long,
        env = "WIRESOCKET_RATE_LIMITS",
        value_name = "on|off",
        default_value = "on",
        value_enum,
        hide_possible_values = true
    )]
    pub(crate) rate_limits: Switch,
    /// Proxy whose X-Forwarded-For is believed; may be given several times (in the variable: separated by
    /// commas).
    #[arg(long, env = "WIRESOCKET_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = options::cidr)]
    pub(crate) trusted_proxy: Vec<IpNet>,
    /// Redis or Valkey, one server or a cluster: rates count there for all who share it, and whoever has documents keeps
    /// them there. `rediss://` is TLS. Best given by the variable where it holds a password.
    #[arg(
        long,
        env = "WIRESOCKET_REDIS",
        value_name = "redis[s]://[USER:PASSWORD@]HOST:PORT[/DB]",
        hide_env_values = true
    )]
    pub(crate) redis: Option<String>,
    /// Password of that Redis, or @ and a file that holds it; best given by the variable. The URL then holds none.
    #[arg(long, env = "WIRESOCKET_REDIS_PASSWORD", value_name = "TEXT|@FILE", hide_env_values = true)]
    pub(crate) redis_password: Option<String>,
    /// Certificates (PEM) that Redis's own is signed by, where it is none of the system's.
    #[arg(long, env = "WIRESOCKET_REDIS_CA", value_name = "FILE")]
    pub(crate) redis_ca: Option<PathBuf>,
}

/// Which hosts webhooks may be at, as it stands on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WebhookHosts {
    /// Those of the public internet.
    Public,
    /// All, this machine among them.
    Any,
}

/// Where tenants are told what they asked to be told.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Webhooks {
    /// Hosts that webhooks may be at: those of the public internet, or this machine and its network too. By default public
    /// for `functions`, and any for a local service.
    #[arg(
        long,
        env = "WIRESOCKET_WEBHOOK_HOSTS",
        value_name = "public|any",
        value_enum,
        hide_possible_values = true
    )]
    pub(crate) webhook_hosts: Option<WebhookHosts>,
    /// Certificates (PEM) that webhooks' own are signed by, where they are none of the system's.
    #[arg(long, env = "WIRESOCKET_WEBHOOK_CA", value_name = "FILE")]
    pub(crate) webhook_ca: Option<PathBuf>,
}

impl Webhooks {
    pub(crate) fn hosts_or(&self, by_default: Hosts) -> Hosts {
        match self.webhook_hosts {
            None => by_default,
            Some(WebhookHosts::Public) => Hosts::Public,
            Some(WebhookHosts::Any) => Hosts::Any,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "WIRESOCKET_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4400", value_parser = options::address)]
    pub(crate) listen: SocketAddr,
    /// Folder of the keys, the books and the documents; made if missing.
    #[arg(long, env = "WIRESOCKET_DATA", value_name = "DIR", default_value = ".wiresocket")]
    pub(crate) data: PathBuf,
    /// Name of this region.
    #[arg(long, env = "WIRESOCKET_REGION", value_name = "NAME", default_value = "local-1", value_parser = options::region)]
    pub(crate) region: Region,
    /// Where documents are kept: in the data folder, on Redis, or in memory until the process ends. By default on
    /// Redis where --redis is given, else in the data folder.
    #[arg(
        long,
        env = "WIRESOCKET_DOCUMENTS",
        value_name = "disk|redis|memory",
        value_enum,
        hide_possible_values = true
    )]
    pub(crate) documents: Option<DocumentStore>,
    /// How long a document is kept after its last session: forever, 0s, or on Redis any time.
    #[arg(long, env = "WIRESOCKET_RETAIN_DOCUMENTS", value_name = "TIME|forever", default_value = "forever", value_parser = options::retention)]
    pub(crate) retain_documents: Retention,
    /// Where each document's encoded state is kept beyond that: when it is released, and while it changes.
    #[arg(
        long,
        env = "WIRESOCKET_ARCHIVE",
        value_name = "s3://BUCKET/PREFIX[?region=REGION][&endpoint=URL]|file:///FOLDER"
    )]
    pub(crate) archive: Option<String>,
    /// How often the state of a document that changes is archived; by default 5m.
    #[arg(long, env = "WIRESOCKET_ARCHIVE_EVERY", value_name = "TIME", value_parser = options::period)]
    pub(crate) archive_every: Option<Duration>,
    /// Nodes to serve with. Several are a process each, with one embedded DynamoDB between them; they see all
    /// clients come from this machine.
    #[arg(long, env = "WIRESOCKET_NODES", value_name = "1..16", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) nodes: u8,
    #[command(flatten)]
    pub(crate) rates: Rates,
    #[command(flatten)]
    pub(crate) webhooks: Webhooks,
    /// How log lines on stderr are written; RUST_LOG says which.
    #[arg(
        long,
        env = "WIRESOCKET_LOG",
        value_name = "pretty|json",
        default_value = "pretty",
        value_enum,
        hide_possible_values = true
    )]
    pub(crate) log: LogFormat,
}

impl Serve {
    /// Where documents are kept.
    pub(crate) fn documents_at(&self) -> DocumentStore {
        let by_default = if self.rates.redis.is_some() { DocumentStore::Redis } else { DocumentStore::Disk };
        self.documents.unwrap_or(by_default)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Node {
    #[command(flatten)]
    pub(crate) options: syncd::setup::Options,
    /// What the keys of the registry's tenants are sealed by.
    #[arg(long, env = "WIRESOCKET_VAULT", value_name = VAULT)]
    pub(crate) vault: Option<VaultAt>,
    #[command(flatten)]
    pub(crate) webhooks: Webhooks,
}

#[derive(Debug, Args)]
pub(crate) struct Functions {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "WIRESOCKET_LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:4402", value_parser = options::address)]
    pub(crate) listen: SocketAddr,
    /// Name of the region that answers: a document that is open nowhere is sent there.
    #[arg(long, env = "WIRESOCKET_REGION", value_name = "NAME", default_value = "local-1", value_parser = options::region)]
    pub(crate) region: Region,
    /// Home region, as tokens name it in `dbCode`, and its DynamoDB table; may be given several times (in the
    /// variable: separated by spaces). The first is home to apps whose tokens name none.
    #[arg(
        long,
        env = "WIRESOCKET_HOME",
        value_name = "NAME=TABLE[,region=AWS_REGION][,endpoint=URL]",
        value_delimiter = ' ',
        required = true
    )]
    pub(crate) home: Vec<HomeAt>,
    /// DynamoDB for homes, a registry and usage that name no endpoint; by default Amazon's.
    #[arg(long, env = "WIRESOCKET_DYNAMODB_ENDPOINT", value_name = "URL")]
    pub(crate) dynamodb_endpoint: Option<String>,
    /// JSON Web Key Set (RFC 7517) that tokens are verified by, whatever tenant they name; or, with `{tenantId}` in its
    /// URL, the set of each tenant.
    #[arg(long, env = "WIRESOCKET_JWKS", value_name = "FILE|URL")]
    pub(crate) jwks: Option<KeysAt>,
    /// Registry of tenants, plans, apps, clients and signing keys: a DynamoDB table, or `file:` and the folder of a local
    /// service. Tenants' tokens are verified by it.
    #[arg(
        long,
        env = "WIRESOCKET_REGISTRY",
        value_name = "TABLE[,region=AWS_REGION][,endpoint=URL]|file:DIR"
    )]
    pub(crate) registry: Option<RegistryAt>,
    /// What the signing keys of that registry are sealed by: with it, tokens are issued.
    #[arg(long, env = "WIRESOCKET_VAULT", value_name = VAULT)]
    pub(crate) vault: Option<VaultAt>,
    /// Where what apps use is counted over time: a DynamoDB table, or `file:` and a folder that only this process uses.
    #[arg(long, env = "WIRESOCKET_USAGE", value_name = "TABLE[,region=AWS_REGION][,endpoint=URL]|file:DIR")]
    pub(crate) usage: Option<UsageAt>,
    #[command(flatten)]
    pub(crate) webhooks: Webhooks,
    #[command(flatten)]
    pub(crate) rates: Rates,
    /// How log lines on stderr are written; RUST_LOG says which.
    #[arg(
        long,
        env = "WIRESOCKET_LOG",
        value_name = "pretty|json",
        default_value = "json",
        value_enum,
        hide_possible_values = true
    )]
    pub(crate) log: LogFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Folder of the signing key; made if missing.
    #[arg(long, env = "WIRESOCKET_DATA", value_name = "DIR", default_value = ".wiresocket")]
    pub(crate) data: PathBuf,
    /// Tenant that the token speaks for.
    #[arg(long, env = "WIRESOCKET_TENANT", value_name = "ID", default_value = "dev", value_parser = tenant)]
    pub(crate) tenant: TenantId,
    /// App that the token speaks for.
    #[arg(long, env = "WIRESOCKET_APP", value_name = "ID", default_value = "dev", value_parser = app)]
    pub(crate) app: AppId,
    /// Open WebSockets that the app may have.
    #[arg(long, env = "WIRESOCKET_MAX_CONNECTIONS", value_name = "N", default_value_t = 100, value_parser = limit())]
    pub(crate) max_connections: u64,
    /// Active documents that the app may have.
    #[arg(long, env = "WIRESOCKET_MAX_DOCUMENTS", value_name = "N", default_value_t = 20, value_parser = limit())]
    pub(crate) max_documents: u64,
    /// Sessions that one document may have.
    #[arg(long, env = "WIRESOCKET_MAX_USERS_PER_DOC", value_name = "N", default_value_t = 50, value_parser = limit())]
    pub(crate) max_users_per_doc: u64,
    /// Ops that the app may make in any 60 seconds.
    #[arg(long, env = "WIRESOCKET_OPS_PER_MINUTE", value_name = "N", default_value_t = 6000, value_parser = limit())]
    pub(crate) ops_per_minute: u64,
    /// Domain that browsers may connect from, up to three; none means any.
    #[arg(long, env = "WIRESOCKET_ORIGIN", value_name = "HOST[:PORT]", value_delimiter = ',', value_parser = origin)]
    pub(crate) origin: Vec<String>,
    /// How long the token is valid: a number and s, m, h or d.
    #[arg(long, env = "WIRESOCKET_TTL", value_name = "TIME", default_value = "24h", value_parser = options::duration)]
    pub(crate) ttl: Duration,
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|error| error.to_string())
}

fn app(text: &str) -> Result<AppId, String> {
    AppId::parse(text).map_err(|error| error.to_string())
}

fn limit() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(0..=domain::bounds::LIMIT_MAX)
}

fn origin(text: &str) -> Result<String, String> {
    match AllowedDomain::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected a host or host:port, such as app.example.com or localhost:3000".to_owned()),
    }
}
