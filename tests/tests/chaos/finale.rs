use crate::city::{City, Phase, name};
use crate::client::read_fresh;
use crate::replaying::Replay;
use house_tests::{Fleet, LedgerItem, PATIENCE};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long after the last fault the counts may take to be exact.
const PROMISED: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What must hold when the last fault is over: the ledgers count who is connected, each document has one owner, and
/// nothing that was seen is missing; and when all have gone, nothing is on the books.
pub(crate) async fn check(
    fleet: &Fleet,
    city: &Arc<City>,
    clients: Vec<JoinHandle<()>>,
    replay: &Replay,
) -> Result<(), String> {
    let quiet_at = Instant::now();
    city.begin(Phase::Still);
    all_exact(fleet, city, quiet_at).await?;
    println!("exact {:.1?} after the last fault (promised: {PROMISED:?})", quiet_at.elapsed());
    one_owner_each(fleet, city).await?;
    replay.check().await?;
    city.begin(Phase::Over);
    for client in clients {
        timeout(PATIENCE, client).await.map_err(|_| "a client does not end")?.map_err(|e| e.to_string())?;
    }
    nothing_is_missing(city).await?;
    for (app, _) in &city.apps {
        fleet.is_empty(app.plan.app).await;
    }
    Ok(())
}

async fn all_exact(fleet: &Fleet, city: &City, since: Instant) -> Result<(), String> {
    loop {
        let mut wrong = Vec::new();
        for (app, _) in &city.apps {
            let app = app.plan.app;
            let before = city.connected(app, |_| true);
            let ledger = fleet.table().ledger(app).await;
            let (connected, documents) = (city.connected(app, |_| true), city.documents(app));
            if before != connected || !is_exact(&ledger, connected, documents.len()) {
                wrong.push(format!(
                    "{app}: {connected} connected to {} documents, {ledger:?}",
                    documents.len()
                ));
            }
        }
        if wrong.is_empty() && city.knocking() == 0 {
            return Ok(());
        }
        if since.elapsed() > PROMISED * 2 {
            return Err(format!("{} clients wait; not exact: {}", city.knocking(), wrong.join("; ")));
        }
        sleep(LOOK_EVERY).await;
    }
}

fn is_exact(ledger: &LedgerItem, connected: u64, documents: usize) -> bool {
    ledger.adds_up() && ledger.totals() == (connected, documents as u64)
}

/// Each document that somebody is connected to is pinned to a life that is up, and no other is pinned.
async fn one_owner_each(fleet: &Fleet, city: &City) -> Result<(), String> {
    let mut up = HashSet::new();
    for region in ["r1", "r2"] {
        let nodes = fleet.table().nodes(region).await.into_iter();
        up.extend(nodes.filter(|node| node.state == "up").map(|node| node.node));
    }
    for (app, _) in &city.apps {
        let app = app.plan.app;
        let pins = fleet.table().pins(app).await;
        let mut open: Vec<String> = city.documents(app).into_iter().map(name).collect();
        open.sort();
        if pins.keys().ne(open.iter()) {
            return Err(format!("{app}: {open:?} are open, {pins:?}"));
        }
        if let Some((document, pin)) = pins.iter().find(|(_, pin)| !up.contains(&pin.node)) {
            return Err(format!("{app}: {document} is pinned to {pin:?}, which is not up: {up:?}"));
        }
    }
    Ok(())
}

async fn nothing_is_missing(city: &City) -> Result<(), String> {
    let mut marks = 0;
    for (app, token) in &city.apps {
        for document in 0..app.documents {
            let place = (app.plan.app, document);
            let seen = city.seen.count(place);
            let lacking = city.seen.lacking(place, seen, &read_fresh(city, place, token).await?);
            if !lacking.is_empty() {
                return Err(format!(
                    "{place:?} lacks {} of {seen} marks that were seen: {lacking:?}",
                    lacking.len()
                ));
            }
            marks += seen;
        }
    }
    println!("all {marks} marks that somebody else had seen are there");
    Ok(())
}
