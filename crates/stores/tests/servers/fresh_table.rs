use super::{clock, registry, table, usage};
use domain::ports::HomePorts;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use stores::dynamo::{DynamoHome, DynamoRegistry, DynamoUsage};

/// A table for one test, on a server that others use too. Deleted when the test ends.
pub(crate) struct FreshTable {
    home: DynamoHome,
}

impl FreshTable {
    /// A table whose name no other test has had.
    pub(crate) async fn with_ports(endpoint: &str) -> (Self, HomePorts) {
        let home = table(endpoint, &unused_name()).await;
        home.create_table().await.unwrap();
        let ports = home.ports(clock());
        (Self { home }, ports)
    }

    /// The same for a registry.
    pub(crate) async fn with_registry(endpoint: &str) -> (Self, DynamoRegistry) {
        let name = unused_name();
        let registry = registry(endpoint, &name);
        registry.create_table().await.unwrap();
        (Self { home: table(endpoint, &name).await }, registry)
    }

    /// The same for what is counted over time.
    pub(crate) async fn with_usage(endpoint: &str) -> (Self, DynamoUsage) {
        let name = unused_name();
        let usage = usage(endpoint, &name);
        usage.create_table().await.unwrap();
        (Self { home: table(endpoint, &name).await }, usage)
    }
}

fn unused_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let (process, nth) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    format!("wiresocket-test-{now}-{process}-{nth}")
}

impl Drop for FreshTable {
    fn drop(&mut self) {
        let home = self.home.clone();
        let deletion = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(home.delete_table())
        });
        let deleted = deletion.join();
        assert!(std::thread::panicking() || matches!(deleted, Ok(Ok(()))), "a table is left: {deleted:?}");
    }
}
