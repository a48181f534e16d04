//! A real Redis in a process of its own, that can be killed, stopped, emptied and replaced by its replica; and the
//! wire to it, which can be slow, lead elsewhere, or be cut.

mod resp;
mod wire;

pub use resp::{Reply, ask_redis};
pub use wire::Wire;

use crate::process::Daemon;
use crate::waiting::eventually;
use rustix::process::Signal;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::Command;

/// Where the tests find Redis: a path, or else whatever the system calls so.
const VARIABLE: &str = "WIRESOCKET_REDIS_SERVER";

/// What a Redis still has after it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// All that it has acknowledged: each write is on the disk first.
    Everything,
    /// Nothing.
    Nothing,
}

/// One Redis server on a port of its own, over its restarts. Killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    address: SocketAddr,
    keeps: Keeps,
    folder: TempDir,
    running: Option<Daemon>,
}

impl RedisServer {
    /// Starts one, empty, and waits until it answers.
    ///
    /// # Panics
    /// Where Redis is not installed.
    pub async fn start(keeps: Keeps) -> Self {
        let folder = TempDir::with_prefix("wiresocket-redis-").expect("the temporary folder can be written");
        // Redis takes no port of the system's choice. Whoever takes this one meanwhile makes the start fail.
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let address = free.local_addr().expect("a bound listener has an address");
        drop(free);
        let mut server = Self { address, keeps, folder, running: None };
        server.restart().await;
        server
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn kill(&mut self) {
        self.running.take().expect("it runs").kill().await;
    }

    /// Whether there is a process, stopped or not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Starts it again on its port, with what it [`Keeps`].
    ///
    /// # Panics
    /// Where it runs.
    pub async fn restart(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        self.running = Some(Daemon::start(&mut self.command()));
        let address = self.address;
        eventually("Redis answers", async || {
            let answer = ask_redis(address, &["PING"]).await;
            matches!(answer, Some(Reply::Text(text)) if text == "PONG").then_some(())
        })
        .await;
    }

    /// Kills it, and starts it without anything that it had.
    pub async fn restart_empty(&mut self) {
        self.kill().await;
        self.folder = TempDir::with_prefix("wiresocket-redis-").expect("the temporary folder can be written");
        self.restart().await;
    }

    /// Stops the process where it is (SIGSTOP); its connections stay open.
    pub fn freeze(&self) {
        self.running().signal(Signal::STOP);
    }

    /// Lets a stopped process go on (SIGCONT).
    pub fn thaw(&self) {
        self.running().signal(Signal::CONT);
    }

    /// Starts a replica of this server, and waits until it follows.
    pub async fn replica(&self) -> Self {
        let replica = Self::start(self.keeps).await;
        let port = self.address.port().to_string();
        ask_redis(replica.address, &["REPLICAOF", "127.0.0.1", &port]).await;
        eventually("the replica follows", async || {
            let role = ask_redis(replica.address, &["INFO", "replication"]).await?;
            role.text().contains("master_link_status:up").then_some(())
        })
        .await;
        replica
    }

    /// Makes a replica a primary.
    pub async fn promote(&self) {
        ask_redis(self.address, &["REPLICAOF", "NO", "ONE"]).await;
    }

    fn running(&self) -> &Daemon {
        self.running.as_ref().expect("it runs")
    }

    fn command(&self) -> Command {
        let program = std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from("redis-server"), PathBuf::from);
        let mut command = Command::new(program);
        let port = self.address.port().to_string();
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
            "--save",
            "",
            "--repl-diskless-sync-delay",
            "0",
        ]);
        if self.keeps == Keeps::Everything {
            command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        }
        command.arg("--dir").arg(self.folder.path()).stderr(Stdio::null());
        command
    }
}
