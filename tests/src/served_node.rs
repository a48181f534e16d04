use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;

/// One node of a server that was started with `--nodes`, as the server's own line tells it.
#[derive(Debug, Clone, Copy)]
pub struct ServedNode {
    /// Where the node itself is reached.
    pub address: SocketAddr,
    pid: i32,
}

impl ServedNode {
    /// Reads what follows the node's name: `http://ADDRESS  pid NUMBER`.
    pub(crate) fn told(line: &str) -> Option<Self> {
        let (address, pid) = line.strip_prefix("http://")?.split_once("  pid ")?;
        Some(Self { address: address.parse().ok()?, pid: pid.parse().ok()? })
    }

    /// The WebSocket URL without a document.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    /// Where there is no such process.
    pub fn kill(&self) {
        let pid = Pid::from_raw(self.pid).expect("a process has a number");
        kill_process(pid, Signal::KILL).expect("the node lives");
    }
}
