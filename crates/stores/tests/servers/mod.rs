//! Stand-ins for DynamoDB, each with a table of its own for whoever asks.
#![allow(dead_code, reason = "each test binary uses its share of them")]
#![allow(clippy::unwrap_used, reason = "what a test needs and lacks fails it")]

use std::net::SocketAddr;
use std::sync::Arc;
use stores::dynamo::{Access, DynamoHome, HomeTable};
use stores::system::SystemClock;
use tokio::task::JoinHandle;

/// A server within this process, that ends with the test.
pub(crate) struct Dynoxide {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Dynoxide {
    /// A DynamoDB in memory without tables, on a port of its own.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let database = dynoxide::Database::memory().unwrap();
        Self { address, task: tokio::spawn(dynoxide::server::serve_on(listener, database)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Dynoxide {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A table named `home` at `address`, made.
pub(crate) async fn made(address: SocketAddr, table: &str) -> DynamoHome {
    let home = at(address, table).await;
    home.create_table().await.unwrap();
    home
}

/// A table named `home` at `address`, made or not.
pub(crate) async fn at(address: SocketAddr, table: &str) -> DynamoHome {
    let table: HomeTable = format!("{table},endpoint=http://{address}").parse().unwrap();
    Access::from_environment().await.home(&table).unwrap()
}

/// The machine's clock.
pub(crate) fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::new())
}
