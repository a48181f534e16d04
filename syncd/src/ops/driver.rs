//! Calls the gate for a purse, one call at a time, until nothing is at hand and nobody waits.

use super::app_purse::AppPurse;
use crate::caps::OPS_LATE_WAIT;
use crate::gate::late;
use crate::metrics::PurchaseOutcome;
use domain::bounds::OPS_SPENT_WITHIN;
use domain::ops::{Call, Purchase, Return, Step};
use domain::policy::GATE_DEADLINE;
use domain::ports::Unavailable;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub(super) async fn drive(purse: Arc<AppPurse>) {
    loop {
        match purse.next_step() {
            Step::Call(Call::Buy(purchase)) => buy(&purse, purchase).await,
            Step::Call(Call::GiveBack(unspent)) => give_back(&purse, unspent).await,
            Step::Wait { until } => {
                let wait = until.saturating_sub(purse.gate.now());
                // Woken too early, the driver comes back here.
                let _ = timeout(wait, purse.changed.notified()).await;
            }
            Step::Rest => return,
        }
    }
}

/// Buys, and waits a little for an answer that is late: what it brings is given back.
async fn buy(purse: &Arc<AppPurse>, purchase: Purchase) {
    let began = purse.gate.now();
    let mut taking =
        pin!(purse.gate.port().take(&purse.bucket, purchase.want, purchase.window, OPS_SPENT_WITHIN));
    match timeout(GATE_DEADLINE, &mut taking).await {
        Ok(Ok(grant)) => {
            let outcome = PurchaseOutcome::of(purchase.want, grant);
            note(purse, began, outcome);
            purse.with_purse(|held, now| held.granted(purchase, grant, now));
        }
        Ok(Err(error)) => {
            note(purse, began, PurchaseOutcome::Unanswered);
            unanswered(purse, &error);
        }
        Err(_) => {
            note(purse, began, PurchaseOutcome::Unanswered);
            unanswered(purse, &late());
            if let Ok(Ok(grant)) = timeout(OPS_LATE_WAIT, taking).await {
                purse.gate.answered();
                purse.with_purse(|held, now| held.granted_late(purchase, grant, now));
            }
        }
    }
}

async fn give_back(purse: &Arc<AppPurse>, unspent: Return) {
    let Return { mark, count, window } = unspent;
    match timeout(GATE_DEADLINE, purse.gate.port().give_back(&purse.bucket, mark, count, window)).await {
        Ok(Ok(())) => {
            purse.gate.answered();
            purse.with_purse(|held, _| held.returned());
        }
        Ok(Err(error)) => unanswered(purse, &error),
        Err(_) => unanswered(purse, &late()),
    }
}

fn unanswered(purse: &Arc<AppPurse>, error: &Unavailable) {
    purse.gate.failed(&purse.bucket, error);
    purse.with_purse(|held, now| held.unanswered(now, &*purse.entropy));
}

fn note(purse: &AppPurse, began: Duration, outcome: PurchaseOutcome) {
    if outcome != PurchaseOutcome::Unanswered {
        purse.gate.answered();
    }
    purse.gate.metrics().ops_purchase(purse.gate.now().saturating_sub(began), outcome);
}
