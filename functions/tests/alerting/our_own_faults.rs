//! What becomes of deliveries, and what is told, where our own stores are slow or away.

use crate::house::{Answering, House, LIMIT, app, tenant};
use crate::watched_log::{Slow, WatchedLog};
use domain::bounds::{DELIVERY_CLAIM_SECONDS, DELIVERY_TRIED_SECONDS};
use domain::calendar::Hour;
use domain::ids::TenantId;
use functions::alerting::RUN_MAX;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn what_is_pending_does_not_wait_for_a_usage_log_that_is_slow() {
    let house = House::with_webhook().await;
    house.pends(&tenant(), "evt_1", "wh_1").await;
    let slow = Slow { standings: Duration::from_secs(4), ..Slow::default() };
    let log = Arc::new(WatchedLog::of(&house.usage.log).slow(slow).stuck(app("board")));
    let (alerting, begun) = (house.alerting_over(log), Instant::now());
    let run = alerting.run();
    tokio::pin!(run);
    // The clock stands still for as long as somebody is busy.
    for _ in 0..100 {
        assert!(futures_util::poll!(&mut run).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!((house.receivers.got().len(), begun.elapsed()), (1, Duration::ZERO), "it waits for the log");
    assert_eq!(run.await.delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn steps_that_are_cut_off_are_failures_of_a_run_that_ends_in_time() {
    let house = House::with_webhook().await;
    let long_ago = Hour(Hour::of_unix_ms(house.alerting().unix_ms()).0 - 72);
    for n in 0..40 {
        house.used_at(&format!("app-{n}"), long_ago, 1).await;
    }
    house.pends(&tenant(), "evt_1", "wh_1").await;
    house.receivers.answer(Answering::Hangs);
    let slow =
        Slow { standings: Duration::from_millis(4_900), roll_up: Duration::from_secs(3), ..Slow::default() };
    let alerting = house.alerting_over(Arc::new(WatchedLog::of(&house.usage.log).slow(slow)));
    let begun = Instant::now();
    let report = alerting.run().await;
    let failure = report.failure.expect("rolling up was cut off");
    assert_eq!(failure.cause, "rolling up all apps takes too long");
    assert!(report.rolled_up > 0 && report.rolled_up < 40, "{}", report.rolled_up);
    assert!(begun.elapsed() < RUN_MAX, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_vault_that_is_away_costs_a_delivery_no_try() {
    let house = House::with_webhook().await;
    house.used("board", LIMIT * 9 / 10).await;
    house.vault.is_away.store(true, Ordering::Relaxed);
    for _ in 0..20 {
        let report = house.alerting().run().await;
        assert_eq!(report.failure.map(|failure| failure.store), Some("vault"));
        assert_eq!((report.failed, report.parked, report.pending), (0, 0, 1));
        house.turn(DELIVERY_CLAIM_SECONDS);
    }
    assert_eq!(house.usage.alerts.pending().await.unwrap()[0].tries, 0);
    house.vault.is_away.store(false, Ordering::Relaxed);
    let report = house.alerting().run().await;
    assert_eq!((report.delivered, report.failure), (1, None));
    assert_eq!(house.receivers.got().len(), 1);
}

#[tokio::test]
async fn a_vault_that_is_away_for_a_day_has_deliveries_parked() {
    let house = House::with_webhook().await;
    house.pends(&tenant(), "evt_1", "wh_1").await;
    house.vault.is_away.store(true, Ordering::Relaxed);
    house.turn(DELIVERY_TRIED_SECONDS);
    assert_eq!(house.alerting().run().await.parked, 1);
    assert_eq!(house.parked().await[0].last_failure, "vault is unavailable: connection refused");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_whose_receivers_hang_does_not_delay_another() {
    let house = House::with_webhook().await;
    let other = TenantId::parse("zebra").unwrap();
    house.webhook_of(&other, "wh_z", &[]).await;
    for n in 0..100 {
        house.pends(&tenant(), &format!("evt_{n}"), "wh_1").await;
    }
    house.turn(1);
    house.pends(&other, "evt_z", "wh_z").await;
    house.receivers.answer_of("wh_1", Answering::Hangs);
    let report = house.alerting().run().await;
    assert_eq!((report.delivered, report.pending), (1, 100));
    assert!(house.receivers.got()[..3].iter().any(|got| got.id == "evt_z"), "it had its turn at once");
    assert_eq!(report.failed as usize + 1, house.receivers.got().len());
}

#[tokio::test(start_paused = true)]
async fn how_late_runs_are_is_told_apart_from_how_long_receivers_are_away() {
    let house = House::with_webhook().await;
    house.receivers.answer(Answering::Fails);
    house.pends(&tenant(), "evt_1", "wh_1").await;
    house.turn(600);
    let tried = house.alerting().run().await;
    assert_eq!((tried.oldest_pending_seconds, tried.oldest_untried_seconds), (600, 0));
    house.vault.is_away.store(true, Ordering::Relaxed);
    house.pends(&tenant(), "evt_2", "wh_1").await;
    house.turn(30);
    let late = house.alerting().run().await;
    assert_eq!((late.oldest_pending_seconds, late.oldest_untried_seconds), (630, 30));
}
