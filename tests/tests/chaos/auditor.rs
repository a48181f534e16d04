use crate::city::{City, Phase};
use house_tests::TableReader;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Between two looks at all ledgers.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a client may take to notice that it was closed, on a busy machine: until then it takes itself for
/// connected, and another may have its place.
const NOTICE: Duration = Duration::from_secs(8);

/// Looks at every app until all is over: its ledger adds up and passes no limit at any look, and no more clients
/// are connected than may be, but for those of nodes that are cut off from the ledger or stand still.
pub(crate) async fn audit(city: Arc<City>, table: TableReader) {
    let phase = city.phase();
    let mut surplus_since = HashMap::new();
    let mut looks = 0;
    while *phase.borrow() != Phase::Over {
        for (app, _) in &city.apps {
            let plan = app.plan;
            let ledger = table.ledger(plan.app).await;
            looks += 1;
            if !ledger.adds_up() {
                city.fail(format!("{}: the totals are not the sums over the shares: {ledger:?}", plan.app));
            }
            if ledger.connections > plan.connections || ledger.documents > plan.documents {
                city.fail(format!("{}: a limit is passed: {ledger:?}", plan.app));
            }
            let connected = city.connected(plan.app, |node| !city.doors.is_suspect(node));
            if connected <= plan.connections {
                surplus_since.remove(plan.app);
            } else if surplus_since.entry(plan.app).or_insert_with(Instant::now).elapsed() > NOTICE {
                let limit = plan.connections;
                city.fail(format!("{}: {connected} are connected, {limit} may be", plan.app));
            }
        }
        sleep(LOOK_EVERY).await;
    }
    city.trace.note(format!("the ledgers were looked at {looks} times"));
}
