use super::stack::Stack;
use crate::binary::syncd;
use crate::control_plane::REGION;
use crate::process::Daemon;
use rustix::process::Signal;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use tokio::process::Command;

/// A sync node on a deployed stack's tables and Redis. Killed when dropped.
#[derive(Debug)]
pub struct StackNode {
    address: SocketAddr,
    process: Daemon,
}

impl StackNode {
    /// Starts one, which tells clients its own address as its region's URL, and waits until it listens.
    ///
    /// # Panics
    /// Where it ends before.
    pub async fn start(stack: &Stack, name: &str) -> Self {
        // Its URL must be known before it listens.
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let address = free.local_addr().expect("a bound listener has an address");
        drop(free);
        let mut command = Command::new(syncd());
        command.args(["--listen", &address.to_string(), "--relay-listen", "127.0.0.1:0"]);
        command.args(["--public-url", &format!("ws://{address}"), "--region", REGION, "--node", name]);
        command.args(["--cluster-secret", "the-secret-that-all-nodes-of-this-stack-share"]);
        command.args(["--home", stack.stores().homes().split(' ').next().expect("there is a home")]);
        command.args(["--registry", &stack.stores().registry(), "--redis", stack.redis()]);
        command.args(["--usage", &stack.stores().usage()]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true").stderr(Stdio::null());
        let mut process = Daemon::start(&mut command);
        process.says("listening http://").await.expect("the node listens");
        Self { address, process }
    }

    /// Where clients find it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it in order, and waits.
    pub async fn end(mut self) {
        self.process.signal(Signal::TERM);
        assert!(self.process.ended().await.success(), "the node ends in order");
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(mut self) {
        self.process.kill().await;
    }
}
