use super::{clock, registry, table, usage};
use ::dynoxide::Database;
use domain::ports::HomePorts;
use stores::dynamo::{DynamoRegistry, DynamoUsage};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A DynamoDB within this process and in memory, that ends with the test.
pub(crate) struct Dynoxide {
    endpoint: String,
    task: JoinHandle<()>,
}

impl Dynoxide {
    /// One without tables, on a port of its own.
    pub(crate) async fn start() -> Self {
        Self::serving(Database::memory().unwrap()).await
    }

    /// One over a database that the test keeps a hand on.
    pub(crate) async fn serving(database: Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        Self { endpoint, task: tokio::spawn(::dynoxide::server::serve_on(listener, database)) }
    }

    /// One with a home table.
    pub(crate) async fn with_ports() -> (Self, HomePorts) {
        let server = Self::start().await;
        let home = table(&server.endpoint, "home").await;
        home.create_table().await.unwrap();
        (server, home.ports(clock()))
    }

    /// One with a registry's table.
    pub(crate) async fn with_registry() -> (Self, DynamoRegistry) {
        let server = Self::start().await;
        let registry = registry(&server.endpoint, "registry");
        registry.create_table().await.unwrap();
        (server, registry)
    }

    /// One with a usage table.
    pub(crate) async fn with_usage() -> (Self, DynamoUsage) {
        let server = Self::start().await;
        let usage = usage(&server.endpoint, "usage");
        usage.create_table().await.unwrap();
        (server, usage)
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Dynoxide {
    fn drop(&mut self) {
        self.task.abort();
    }
}
