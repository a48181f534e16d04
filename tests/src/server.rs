use crate::binary::wiresocket;
use crate::process::Daemon;
use crate::served_node::ServedNode;
use crate::signer::{Plan, Signer};
use rustix::process::Signal;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

/// Lines of a server's log that are kept to be shown when something fails.
const LOG_LINES_MAX: usize = 2_000;

/// A data folder that is deleted with the test. Servers come and go on it.
#[derive(Debug)]
pub struct DataFolder(TempDir);

impl DataFolder {
    /// A new folder, empty.
    #[must_use]
    pub fn fresh() -> Self {
        Self(TempDir::with_prefix("wiresocket-test-").expect("the temporary folder can be written"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A running `wiresocket serve`, killed when dropped.
#[derive(Debug)]
pub struct Server {
    process: Daemon,
    address: SocketAddr,
    started_in: Duration,
    log: Arc<Mutex<VecDeque<String>>>,
    signer: Signer,
}

impl Server {
    /// Starts a server on `data` and a free port, and waits until it listens. HTTP rate limits are off unless
    /// `arguments` say otherwise, as every test client comes from one address.
    pub async fn start(data: &DataFolder, arguments: &[&str]) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), data, arguments).await
    }

    /// Starts a server at an address where its clients know it.
    pub async fn start_at(listen: SocketAddr, data: &DataFolder, arguments: &[&str]) -> Self {
        let began = Instant::now();
        let mut process = Daemon::start(&mut serve_command(listen, data, arguments));
        let log = keep_lines(process.stderr());
        let Some(address) = process.says("listening http://").await else {
            panic!("the server ended before it listened:\n{}", shown(&log));
        };
        let address = address.parse().expect("the listening line ends in an address");
        let started_in = began.elapsed();
        let signer = Signer::of_data_folder(data.path());
        Self { process, address, started_in, log, signer }
    }

    /// A server on a folder of its own, for tests that never restart it.
    pub async fn fresh() -> (Self, DataFolder) {
        let data = DataFolder::fresh();
        (Self::start(&data, &[]).await, data)
    }

    /// The nodes that it said it has, in order.
    ///
    /// # Panics
    /// Where it does not say it in the words that it should.
    pub async fn nodes<const N: usize>(&mut self) -> [ServedNode; N] {
        let mut nodes = Vec::new();
        for n in 1..=N {
            let line = self.process.says(&format!("node-{n}  ")).await.expect("the server lives");
            nodes.push(ServedNode::told(&line).expect("a node's line tells its address and process"));
        }
        nodes.try_into().expect("as many were read")
    }

    /// The loopback address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The WebSocket URL without a document: `ws://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// From the start of the process to its `listening` line.
    #[must_use]
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// What signs tokens that this server believes.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// A good token for `plan`.
    #[must_use]
    pub fn token(&self, plan: &Plan) -> String {
        self.signer.token(plan)
    }

    /// What the server has logged, newest lines last.
    #[must_use]
    pub fn log(&self) -> String {
        shown(&self.log)
    }

    /// Resident memory in KiB.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// The most resident memory in KiB that it ever had.
    #[must_use]
    pub fn peak_resident_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.pid());
        let status = std::fs::read_to_string(path).expect("the server lives");
        let line = status.lines().find(|line| line.starts_with(field)).expect("Linux reports the field");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("it is a number of kB")
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(mut self) {
        self.process.kill().await;
    }

    /// Sends SIGTERM without waiting for the end.
    pub fn begin_termination(&self) {
        self.process.signal(Signal::TERM);
    }

    /// Waits for the end of a server that was told to end.
    pub async fn ended(mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// Ends it as an operator does, and waits.
    pub async fn terminate(self) -> ExitStatus {
        self.begin_termination();
        self.ended().await
    }
}

fn serve_command(listen: SocketAddr, data: &DataFolder, arguments: &[&str]) -> Command {
    let mut command = Command::new(wiresocket());
    command.args(["serve", "--listen", &listen.to_string(), "--data"]).arg(data.path()).args(arguments);
    if !arguments.contains(&"--rate-limits") {
        command.args(["--rate-limits", "off"]);
    }
    command.stderr(Stdio::piped());
    command
}

fn keep_lines(stream: impl AsyncRead + Unpin + Send + 'static) -> Arc<Mutex<VecDeque<String>>> {
    let kept = Arc::new(Mutex::new(VecDeque::new()));
    let keeper = Arc::clone(&kept);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut kept = keeper.lock().expect("no holder panics");
            if kept.len() == LOG_LINES_MAX {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    });
    kept
}

fn shown(log: &Mutex<VecDeque<String>>) -> String {
    log.lock().expect("no holder panics").iter().map(|line| format!("{line}\n")).collect()
}
