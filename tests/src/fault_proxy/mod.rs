//! A DynamoDB that fails as networks and tables do: an HTTP proxy before a real one, with faults to order.
//!
//! Each node of a test has a proxy of its own, so that one node can be cut off alone; they share a [`Tally`],
//! which counts what went through and what was under way at once.

mod connection;
mod fate;
mod faults;
mod request;
mod tally;

pub use faults::{Delay, Faults, LostReply, Outage};
pub use tally::{Counts, LedgerWriter, LedgerWrites, Tally};

use crate::backstage::serve;
use connection::Door;
use fate::Fates;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A proxy before a DynamoDB. It stops with its last connection closed when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    faults: Arc<watch::Sender<Faults>>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Puts a proxy on a free port before the DynamoDB at `upstream`. It draws its faults from `seed`, has none
    /// to begin with, and counts in `tally`.
    ///
    /// # Panics
    /// Where there is no free port.
    #[must_use]
    pub fn before(upstream: SocketAddr, seed: u64, tally: Arc<Tally>) -> Self {
        let faults = Arc::new(watch::Sender::new(Faults::default()));
        let door = Door { upstream, fates: Fates::seeded(seed), faults: Arc::clone(&faults), tally };
        let (address, accepting) = serve(|listener| Arc::new(door).accept(listener));
        Self { address, faults, accepting }
    }

    /// What a client takes for DynamoDB's endpoint: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on fails like this. Requests that hang end, without an answer.
    pub fn set(&self, faults: Faults) {
        self.faults.send_replace(faults);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        // Connections look at the faults again, and end.
        self.faults.send_replace(Faults { outage: Outage::Refuses, ..Faults::default() });
    }
}
