use crate::binary::syncd;
use crate::fault_proxy::FaultProxy;
use crate::process::Daemon;
use rustix::process::Signal;
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Command;

/// What proves to nodes that they belong together.
pub(super) const CLUSTER_SECRET: &str = "the-secret-that-all-nodes-of-a-fleet-share";

/// One `syncd` of a fleet, over its restarts: running, stopped, or dead.
#[derive(Debug)]
pub struct FleetNode {
    name: String,
    region: &'static str,
    arguments: Vec<String>,
    log: PathBuf,
    proxy: FaultProxy,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    process: Daemon,
    address: SocketAddr,
}

/// What tells a node from its neighbours.
#[derive(Debug)]
pub(super) struct NodeSetup {
    pub(super) name: String,
    pub(super) region: &'static str,
    pub(super) arguments: Vec<String>,
    pub(super) log: PathBuf,
    pub(super) proxy: FaultProxy,
}

impl FleetNode {
    pub(super) fn new(setup: NodeSetup) -> Self {
        let NodeSetup { name, region, arguments, log, proxy } = setup;
        Self { name, region, arguments, log, proxy, running: None }
    }

    /// Starts it on free ports, and waits until it listens.
    ///
    /// # Panics
    /// Where it runs already, or ends before it listens.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        let mut process = Daemon::start(&mut self.command());
        let Some(address) = process.says("listening http://").await else {
            panic!("{} ended before it listened:\n{}", self.name, self.log());
        };
        let address = address.parse().expect("the listening line ends in an address");
        self.running = Some(Running { process, address });
    }

    fn command(&self) -> Command {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let mut command = Command::new(syncd());
        command.args(&self.arguments).stderr(log.expect("the log's folder can be written"));
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Its name, over all its lives.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its region.
    #[must_use]
    pub fn region(&self) -> &'static str {
        self.region
    }

    /// Whether there is a process, stopped or not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Where its clients find it in this life.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// The WebSocket URL without a document: `ws://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// The proxy between it and DynamoDB.
    #[must_use]
    pub fn proxy(&self) -> &FaultProxy {
        &self.proxy
    }

    /// What it has logged in all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(&mut self) {
        let mut running = self.running.take().expect("a dead node can't be killed");
        running.process.kill().await;
    }

    /// Stops the process where it is (SIGSTOP); its connections stay open.
    pub fn freeze(&self) {
        self.running().process.signal(Signal::STOP);
    }

    /// Lets a stopped process go on (SIGCONT).
    pub fn thaw(&self) {
        self.running().process.signal(Signal::CONT);
    }

    /// Sends SIGTERM without waiting for the end.
    pub fn begin_drain(&self) {
        self.running().process.signal(Signal::TERM);
    }

    /// Waits for the end of a node that drains.
    pub async fn drained(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("a dead node can't drain");
        running.process.ended().await
    }

    /// CPU time that this life has used, of all its threads.
    ///
    /// # Panics
    /// Where it does not run.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.running().process.pid()));
        let stat = stat.expect("the node lives");
        // The second field, the program's name, is the only one that may hold spaces, in parentheses.
        let after_name = stat.rsplit_once(") ").expect("Linux prints the name in parentheses").1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks = |field: usize| -> u64 { fields[field].parse().expect("it is a number of ticks") };
        // `utime` and `stime` (proc_pid_stat(5)), in hundredths of a second on every Linux of today.
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap_or_else(|| panic!("{} does not run", self.name))
    }
}
