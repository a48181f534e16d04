use crate::table::{LedgerItem, TableReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Between two looks, so that whoever is watched gets something done.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks at an app's ledger again and again until it is told to stop.
#[derive(Debug)]
pub struct LedgerWatch {
    stop: Arc<AtomicBool>,
    watched: JoinHandle<Watched>,
}

/// What was seen of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// The most connections at any look.
    pub connections_max: u64,
    /// The most documents at any look.
    pub documents_max: u64,
    /// How often it was looked at.
    pub looks: u64,
    /// The first look whose totals were not the sums over the shares.
    pub broken: Option<LedgerItem>,
}

impl LedgerWatch {
    /// Begins to watch an app.
    #[must_use]
    pub fn over(table: &TableReader, app: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let watched = tokio::spawn(watch(Arc::clone(&stop), table.clone(), app));
        Self { stop, watched }
    }

    /// Stops, and checks that the ledger added up at every look.
    ///
    /// # Panics
    /// Where it did not.
    pub async fn seen(self) -> Watched {
        self.stop.store(true, Ordering::Relaxed);
        let watched = self.watched.await.expect("watching does not fail");
        assert_eq!(watched.broken, None, "the totals were not the sums over the shares");
        assert!(watched.looks > 0, "nobody has looked");
        watched
    }
}

async fn watch(stop: Arc<AtomicBool>, table: TableReader, app: &'static str) -> Watched {
    let mut watched = Watched::default();
    while !stop.load(Ordering::Relaxed) {
        let ledger = table.ledger(app).await;
        watched.connections_max = watched.connections_max.max(ledger.connections);
        watched.documents_max = watched.documents_max.max(ledger.documents);
        watched.looks += 1;
        if !ledger.adds_up() {
            watched.broken.get_or_insert(ledger);
        }
        sleep(LOOK_EVERY).await;
    }
    watched
}
