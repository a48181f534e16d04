use super::loan::Loan;
use super::roster::Member;
use super::table;
use crate::args::Serve;
use crate::error::LocalError;
use crate::serve::{CAPACITY, DRAIN_FOR};
use clap::ValueEnum;
use domain::ids::NodeName;
use rustix::process::{Pid, Signal, kill_process};
use std::env;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use stores::Retention;
use stores::dynamo::TableAt;
use stores::usage::UsageAt;
use syncd::setup::RegistryAt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;

/// How long a node may take to drain before it is killed: its sessions' end, and what its stores may take.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// Variables that would give a node options besides those that it is started with begin like this.
const VARIABLES: &str = "WIRESOCKET_";

/// What all nodes are told.
pub(super) struct Shared {
    /// Where the embedded DynamoDB is.
    pub(super) table: SocketAddr,
    /// The table that they count usage in.
    pub(super) usage: TableAt,
    /// Where documents are borrowed that this process lends.
    pub(super) loan: Option<Loan>,
    /// Where the region is reached.
    pub(super) public_address: SocketAddr,
    /// The key set's file.
    pub(super) keys: PathBuf,
    /// The books, and the file of what seals the keys in them.
    pub(super) registry: RegistryAt,
    pub(super) vault_key: PathBuf,
    pub(super) cluster_secret: String,
}

/// A node whose process was started, and is yet to say where it listens.
pub(super) struct Starting {
    name: NodeName,
    pid: u32,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

/// Starts the `n`th node.
pub(super) fn start(n: u8, options: &Serve, shared: &Shared) -> Result<Starting, LocalError> {
    let name = NodeName::parse(&format!("node-{n}")).expect("letters, a hyphen and digits are a node name");
    let failed = |source| LocalError::NodeNotStarted { name: format!("node-{n}"), source };
    let mut child = command(&name, options, shared).map_err(failed)?.spawn().map_err(failed)?;
    match (child.id(), child.stdin.take(), child.stdout.take()) {
        (Some(pid), Some(stdin), Some(stdout)) => Ok(Starting { name, pid, child, stdin, stdout }),
        _ => Err(failed(io::Error::other("it has no pipes"))),
    }
}

fn command(name: &NodeName, options: &Serve, shared: &Shared) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    for (variable, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(VARIABLES)) {
        command.env_remove(variable);
    }
    // The table is on this machine: nobody else is to be asked for credentials.
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("WIRESOCKET_CLUSTER_SECRET", &shared.cluster_secret);
    if let Some(loan) = &shared.loan {
        command.env("WIRESOCKET_DOCUMENTS_SECRET", loan.secret.reveal());
    }
    if let Some(redis) = &options.rates.redis {
        command.env("WIRESOCKET_REDIS", redis);
    }
    if let Some(password) = &options.rates.redis_password {
        command.env("WIRESOCKET_REDIS_PASSWORD", password);
    }
    command.arg("node").args(["--listen", "127.0.0.1:0", "--relay-listen", "127.0.0.1:0"]);
    let mut option = |name: &str, value: String| {
        command.arg(name).arg(value);
    };
    option("--node", name.to_string());
    option("--region", options.region.to_string());
    option("--public-url", format!("ws://{}", shared.public_address));
    option("--home", format!("local={},endpoint=http://{}", table::NAME, shared.table));
    match &shared.loan {
        Some(loan) => option("--documents", format!("http://{}", loan.address)),
        None => option("--retain-documents", spelled_retention(options.retain_documents)),
    }
    if let Some(archive) = &options.archive {
        option("--archive", archive.clone());
    }
    if let Some(every) = options.archive_every {
        option("--archive-every", format!("{}s", every.as_secs()));
    }
    option("--usage", UsageAt::Table(shared.usage.clone()).to_string());
    if let Some(hosts) = &options.webhooks.webhook_hosts {
        option("--webhook-hosts", spelled(hosts));
    }
    option("--capacity", CAPACITY.to_string());
    option("--drain-for", format!("{}s", DRAIN_FOR.as_secs()));
    option("--rate-limits", spelled(&options.rates.rate_limits));
    option("--log", spelled(&options.log));
    for proxy in &options.rates.trusted_proxy {
        option("--trusted-proxy", proxy.to_string());
    }
    if let Some(ca) = &options.rates.redis_ca {
        command.arg("--redis-ca").arg(ca);
    }
    command.arg("--jwks").arg(&shared.keys);
    command.arg("--registry").arg(shared.registry.to_string());
    command.arg("--vault").arg(format!("file:{}", shared.vault_key.display()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

fn spelled_retention(retention: Retention) -> String {
    match retention {
        Retention::Kept => "forever".to_owned(),
        Retention::DroppedAtRelease => "0s".to_owned(),
        Retention::For(time) => format!("{}s", time.as_secs()),
    }
}

/// A value as it stands on the command line.
fn spelled(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Starting {
    /// Waits until the node listens.
    pub(super) async fn listening(self) -> Result<Member, LocalError> {
        let Self { name, pid, child, stdin, stdout } = self;
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            match lines.next_line().await {
                Ok(Some(line)) => {
                    let said = line.strip_prefix("listening http://").and_then(|said| said.parse().ok());
                    if let Some(address) = said {
                        break address;
                    }
                }
                Ok(None) | Err(_) => return Err(LocalError::NodeEndedEarly(name.to_string())),
            }
        };
        // Whatever else it prints is read, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let orders = Orders::over(name.clone(), pid, child, stdin);
        Ok(Member { name, address, pid, orders })
    }
}

/// What a node's process is asked, and how it stands. The process itself is held by a task, so that its number stays
/// its own until its end is known.
pub(super) struct Orders {
    ending: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

impl Orders {
    fn over(name: NodeName, pid: u32, child: Child, stdin: ChildStdin) -> Self {
        let (ending, asked) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        tokio::spawn(async move {
            let status = look_after(pid, child, asked.clone()).await;
            report(&name, pid, status, *asked.borrow());
            drop(stdin);
            end.send_replace(true);
        });
        Self { ending, ended }
    }

    pub(super) fn is_alive(&self) -> bool {
        !*self.ended.borrow()
    }

    pub(super) async fn until_ended(&self) {
        // An error says that the task is gone, and the process with it.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Asks the node to drain, and waits until it has ended.
    pub(super) async fn end(&self) {
        self.ending.send_replace(true);
        self.until_ended().await;
    }
}

async fn look_after(pid: u32, mut child: Child, mut asked: watch::Receiver<bool>) -> io::Result<ExitStatus> {
    tokio::select! {
        status = child.wait() => return status,
        _ = asked.wait_for(|asked| *asked) => {}
    }
    terminate(pid);
    match tokio::time::timeout(DRAIN_MAX, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.kill().await?;
            child.wait().await
        }
    }
}

fn terminate(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(Err(error)) = pid.map(|pid| kill_process(pid, Signal::TERM)) {
        tracing::warn!(%error, "a node could not be asked to end");
    }
}

fn report(node: &NodeName, pid: u32, status: io::Result<ExitStatus>, asked: bool) {
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    if asked {
        tracing::info!(%node, pid, status, "a node has ended");
    } else {
        tracing::warn!(%node, pid, status, "a node has ended; the others take over its documents");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Node;
    use clap::Parser;
    use std::net::Ipv4Addr;
    use syncd::setup::Options;

    #[derive(Parser)]
    struct ServeLine {
        #[command(flatten)]
        serve: Serve,
    }

    #[derive(Parser)]
    struct NodeLine {
        #[command(flatten)]
        node: Node,
    }

    /// What a node reads on the command line that `serve` with these options gives it.
    fn told(arguments: &[&str]) -> Options {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4400));
        let shared = Shared {
            table: address,
            usage: "usage,endpoint=http://127.0.0.1:4401".parse().unwrap(),
            loan: None,
            public_address: address,
            keys: PathBuf::from("jwks.json"),
            registry: RegistryAt::Folder(PathBuf::from("data")),
            vault_key: PathBuf::from("data/vault.key"),
            cluster_secret: "0".repeat(64),
        };
        let serve = ServeLine::parse_from(["serve"].iter().chain(arguments)).serve;
        let name = NodeName::parse("node-1").unwrap();
        let command = command(&name, &serve, &shared).unwrap();
        // It begins with `node`, which is the command's name there.
        NodeLine::parse_from(command.as_std().get_args()).node.options
    }

    #[test]
    fn a_node_is_told_of_the_archive_exactly_what_was_given() {
        let bucket = "s3://documents/eu/?endpoint=https://s3.example.net&region=eu-central-1";
        for archive in [bucket, "file:///var/an%20archive"] {
            let options = told(&["--archive", archive, "--archive-every", "90s"]);
            assert_eq!(options.archive.as_deref(), Some(archive));
            assert_eq!(options.archive_every, Some(Duration::from_secs(90)));
            assert!(options.check().is_ok(), "{:?}", options.check());
        }
        let options = told(&[]);
        assert_eq!((options.archive, options.archive_every), (None, None));
    }

    #[test]
    fn a_node_is_told_of_the_table_that_usage_is_counted_in() {
        let usage = told(&[]).usage.map(|usage| usage.to_string());
        assert_eq!(usage.as_deref(), Some("usage,endpoint=http://127.0.0.1:4401"));
    }

    #[test]
    fn a_node_is_told_of_the_books_what_its_server_has() {
        assert_eq!(told(&[]).registry, Some(RegistryAt::Folder("data".into())));
    }
}
