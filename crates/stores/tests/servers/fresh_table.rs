use super::{clock, table};
use domain::ports::HomePorts;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use stores::dynamo::DynamoHome;

/// A table for one test, on a server that others use too. Deleted when the test ends.
pub(crate) struct FreshTable {
    home: DynamoHome,
}

impl FreshTable {
    /// A table whose name no other test has had.
    pub(crate) async fn with_ports(endpoint: &str) -> (Self, HomePorts) {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let (process, nth) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let home = table(endpoint, &format!("wiresocket-test-{now}-{process}-{nth}")).await;
        home.create_table().await.unwrap();
        let ports = home.ports(clock());
        (Self { home }, ports)
    }
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
