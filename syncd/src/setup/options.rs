use super::documents::DocumentsAt;
use super::error::SetupError;
use super::homes::HomeAt;
use super::keys::KeysAt;
use crate::options::{self, LeaseLoss, LogFormat, Switch};
use clap::Args;
use domain::ids::{NodeName, Region};
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use stores::Retention;

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
    /// DynamoDB for homes that name no endpoint; by default Amazon's.
    #[arg(long, env = "WIRESOCKET_DYNAMODB_ENDPOINT", value_name = "URL")]
    pub dynamodb_endpoint: Option<String>,
    /// JSON Web Key Set (RFC 7517) that tokens are verified by.
    #[arg(long, env = "WIRESOCKET_JWKS", value_name = "FILE|URL")]
    pub jwks: KeysAt,
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

impl Options {
    /// Refuses options that contradict each other, that would go unused, or that name no store.
    ///
    /// # Errors
    /// [`SetupError`], which names the option and what would be right.
    pub fn check(&self) -> Result<(), SetupError> {
        let refuse = |option, cause| Err(SetupError::Combination { option, cause });
        if let Some((option, cause)) = self.unused() {
            return refuse(option, cause);
        }
        let takes_every_address = self.relay_listen.is_some_and(|listen| listen.ip().is_unspecified());
        if takes_every_address && self.relay_address.is_none() {
            let cause = "is missing: '--relay-listen' takes every address, and other nodes need one to dial";
            return refuse("--relay-address", cause);
        }
        let names: Vec<_> = self.home.iter().map(|home| &home.name).collect();
        if names.iter().enumerate().any(|(i, name)| names[..i].contains(name)) {
            return refuse("--home", "names a home region twice: give each one table");
        }
        self.redis_url()?;
        self.archive_url()?;
        Ok(())
    }

    /// An option that would go unused, and why.
    fn unused(&self) -> Option<(&'static str, &'static str)> {
        let documents = self.documents_at();
        let are_lent = matches!(documents, DocumentsAt::Lender(_));
        let options = [
            (
                self.relay_address.is_some() && self.relay_listen.is_none(),
                ("--relay-address", "is of no use without '--relay-listen'"),
            ),
            (
                self.dynamodb_endpoint.is_some() && self.home.is_empty(),
                ("--dynamodb-endpoint", "is of no use without '--home', which names a table"),
            ),
            (
                self.redis_ca.is_some() && self.redis.is_none(),
                ("--redis-ca", "is of no use without '--redis'"),
            ),
            (
                self.data.is_some() && documents != DocumentsAt::Disk,
                ("--data", "is of no use where '--documents' is not disk: leave one of them out"),
            ),
            (
                self.documents_secret.is_some() && !are_lent,
                (
                    "--documents-secret",
                    "is of no use where '--documents' is not the URL of a process that lends",
                ),
            ),
            (
                self.retain_documents.is_some() && are_lent,
                (
                    "--retain-documents",
                    "is of no use where documents are lent: the process that lends them keeps them",
                ),
            ),
            (
                self.archive_every.is_some() && self.archive.is_none(),
                ("--archive-every", "is of no use without '--archive', which says where"),
            ),
        ];
        options.into_iter().find_map(|(is_unused, option)| is_unused.then_some(option))
    }

    pub(super) fn documents_at(&self) -> DocumentsAt {
        let by_default = || match (&self.data, &self.redis) {
            (Some(_), _) => DocumentsAt::Disk,
            (None, Some(_)) => DocumentsAt::Redis,
            (None, None) => DocumentsAt::Memory,
        };
        self.documents.clone().unwrap_or_else(by_default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::prepare;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(arguments: &[&str]) -> Result<Options, clap::Error> {
        let jwks = ["node", "--jwks", "http://127.0.0.1:9/none", "--listen", "127.0.0.1:0"];
        CommandLine::try_parse_from(jwks.iter().chain(arguments)).map(|line| line.options)
    }

    async fn refusal(arguments: &[&str]) -> String {
        match prepare(parsed(arguments).unwrap()).await {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{arguments:?} is taken"),
        }
    }

    #[tokio::test]
    async fn options_that_do_not_go_together_are_refused_by_name() {
        let short = "s".repeat(31);
        let lender = ["--documents", "http://127.0.0.1:1"];
        let cases: [(&[&str], &str); 24] = [
            (&["--relay-listen", "127.0.0.1:0"], "'--cluster-secret' is missing"),
            (&["--relay-listen", "127.0.0.1:0", "--cluster-secret", &short], "at least 32 bytes"),
            (&["--relay-listen", "127.0.0.1:0", "--cluster-secret", "@/no/file"], "/no/file"),
            (&["--relay-listen", "0.0.0.0:0"], "'--relay-address' is missing"),
            (&["--relay-address", "a:1"], "'--relay-address' is of no use"),
            (&["--documents", "disk"], "needs '--data DIR'"),
            (&["--documents", "memory", "--data", "d"], "'--data' is of no use"),
            (&["--documents", "http://127.0.0.1:1"], "'--documents-secret' is missing"),
            (&["--documents", "http://127.0.0.1:1", "--documents-secret", &short], "32 to 1024"),
            (&["--documents", "redis"], "needs '--redis URL'"),
            (&["--redis", "http://a:1"], "'--redis'"),
            (&["--redis", "redis://u:ssssssssssssssssssssssssssssssssssssss@"], "'--redis'"),
            (&["--redis", "rediss://a:1", "--redis-ca", "/no/file"], "/no/file"),
            (&["--redis-ca", "ca.pem"], "'--redis-ca' is of no use"),
            (&["--retain-documents", "24h"], "'--retain-documents' is 0s or forever"),
            (&["--archive", "file:///proc/none"], "'--archive'"),
            (&["--archive", "http://a"], "'--archive': `http://a`"),
            (&["--archive-every", "5m"], "'--archive-every' is of no use"),
            (&["--documents-secret", &short], "'--documents-secret' is of no use"),
            (&[lender[0], lender[1], "--retain-documents", "0s"], "'--retain-documents' is of no use"),
            (&["--data", "d", "--redis", "redis://a:1", "--documents", "redis"], "'--data' is of no use"),
            (&["--dynamodb-endpoint", "http://a"], "'--dynamodb-endpoint' is of no use"),
            (&["--home", "a=table", "--home", "a=other"], "twice"),
            (&["--home", "a=table", "--dynamodb-endpoint", "a"], "no endpoint"),
        ];
        for (arguments, expected) in cases {
            let refusal = refusal(arguments).await;
            assert!(refusal.contains(expected), "{arguments:?}: {refusal}");
            assert!(!refusal.contains(&short), "a secret is never told: {refusal}");
        }
    }

    #[test]
    fn values_that_can_not_be_used_are_refused_by_name() {
        for (option, value) in [
            ("--home", "table"),
            ("--home", "a=table,endpoint=nowhere"),
            ("--documents", "redis://a"),
            ("--retain-documents", "never"),
            ("--archive-every", "0s"),
            ("--public-url", "https://a"),
            ("--relay-address", "a"),
            ("--relay-listen", "a:1"),
            ("--on-lease-loss", "maybe"),
            ("--capacity", "0"),
        ] {
            let error = parsed(&[option, value]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(option), "{error}");
        }
    }

    #[tokio::test]
    async fn a_node_without_a_name_draws_one_that_no_other_has() {
        let (one, other) = tokio::join!(prepare(parsed(&[]).unwrap()), prepare(parsed(&[]).unwrap()));
        let (one, other) = (one.unwrap_or_else(|e| panic!("{e}")), other.unwrap_or_else(|e| panic!("{e}")));
        assert!(one.config.name.as_str().starts_with("node-") && one.config.name.as_str().len() == 13);
        assert_ne!(one.config.name, other.config.name);
    }

    #[tokio::test]
    async fn a_home_table_that_can_not_be_reached_does_not_keep_a_node_from_starting() {
        let homes = ["--home", "a=table", "--home", "b=other", "--dynamodb-endpoint", "http://127.0.0.1:9"];
        let setup = prepare(parsed(&homes).unwrap()).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(setup.ports.homes.default_home().as_str(), "a");
        assert_eq!(setup.ports.homes.iter().count(), 2);
    }

    #[tokio::test]
    async fn it_is_said_where_a_node_listens() {
        let relay = ["--relay-listen", "127.0.0.1:0", "--cluster-secret", "0123456789abcdef0123456789abcdef"];
        let setup = prepare(parsed(&relay).unwrap()).await.unwrap_or_else(|error| panic!("{error}"));
        let mut said = Vec::new();
        setup.announce(&mut said).unwrap();
        let relay = setup.config.relay.unwrap().address;
        assert_eq!(
            String::from_utf8(said).unwrap(),
            format!("listening http://{}\nrelay {relay}\n", setup.address)
        );
        assert_eq!(setup.config.url, format!("ws://{}", setup.address));
    }
}
