//! How often a delivery is tried, and what becomes of it.

use crate::house::{Answering, House, LIMIT, tenant};
use domain::alerts::EventKind;
use domain::bounds::{
    DELIVERIES_OF_TENANT_AT_ONCE, DELIVERY_CLAIM_SECONDS, DELIVERY_TRIED_SECONDS, WEBHOOK_DEADLINE,
};
use domain::ids::WebhookId;
use functions::alerting::{AlertingReport, RUN_MAX};
use tokio::time::Instant;

/// A house with one delivery on its way.
async fn with_delivery() -> House {
    let house = House::with_webhook().await;
    house.used("board", LIMIT * 9 / 10).await;
    house
}

fn counts(report: &AlertingReport) -> [u64; 4] {
    [report.delivered, report.failed, report.parked, report.pending]
}

#[tokio::test]
async fn a_delivery_goes_to_the_webhooks_that_want_its_kind() {
    let house = with_delivery().await;
    house.webhook("wh_2", &[EventKind::LimitExceeded]).await;
    house.webhook("wh_3", &[EventKind::LimitReached]).await;
    assert_eq!(counts(&house.alerting().run().await), [2, 0, 0, 0]);
    let mut urls: Vec<_> = house.receivers.got().into_iter().map(|got| got.url).collect();
    urls.sort();
    assert_eq!(urls, ["https://wh_1.example.com/hook", "https://wh_3.example.com/hook"]);
}

#[tokio::test]
async fn a_receiver_that_is_down_for_an_hour_gets_the_same_message_after_it() {
    let house = with_delivery().await;
    house.receivers.answer(Answering::Fails);
    let first = house.alerting().run().await;
    assert_eq!((counts(&first), first.oldest_pending_seconds), ([0, 1, 0, 1], 0));
    assert_eq!(counts(&house.alerting().run().await), [0, 0, 0, 1], "not before its pause is over");
    for _ in 0..59 {
        house.turn(60);
        house.alerting().run().await;
    }
    let failed = house.receivers.got();
    assert!((5..=7).contains(&failed.len()), "{}", failed.len());
    house.receivers.answer(Answering::Takes);
    let mut minutes = 0;
    let last = loop {
        house.turn(60);
        minutes += 1;
        let report = house.alerting().run().await;
        if report.delivered > 0 {
            break report;
        }
        assert!(report.oldest_pending_seconds >= 3_600 && minutes < 60, "{report:?}");
    };
    assert_eq!(counts(&last), [1, 0, 0, 0]);
    let got = house.receivers.got();
    assert!(got.iter().all(|each| (&each.id, &each.body) == (&got[0].id, &got[0].body)));
    assert!(got.windows(2).all(|pair| pair[0].at_unix_s < pair[1].at_unix_s));
}

#[tokio::test]
async fn after_a_day_in_vain_a_delivery_is_parked_where_an_operator_sees_it() {
    let house = with_delivery().await;
    house.receivers.answer(Answering::Fails);
    let mut parked = 0;
    for _ in 0..DELIVERY_TRIED_SECONDS / 600 + 6 {
        parked += house.alerting().run().await.parked;
        house.turn(600);
    }
    let left = house.parked().await;
    assert_eq!((parked, left.len()), (1, 1));
    assert_eq!(left[0].last_failure, "it answered 500");
    let tries = house.receivers.got().len();
    assert!((10..=14).contains(&tries), "{tries}");
    house.receivers.answer(Answering::Takes);
    assert_eq!(counts(&house.alerting().run().await), [0, 0, 0, 0], "it is nobody's any more");
    let replayed = left[0].replayed(house.alerting().unix_ms() / 1000);
    assert!(house.usage.alerts.change(&left[0], &replayed).await.unwrap());
    assert_eq!(counts(&house.alerting().run().await), [1, 0, 0, 0]);
}

#[tokio::test]
async fn what_was_on_its_way_to_a_deleted_webhook_goes_nowhere() {
    let house = with_delivery().await;
    house.receivers.answer(Answering::Fails);
    house.alerting().run().await;
    house.usage.alerts.drop_webhook(&tenant(), &WebhookId::parse("wh_1").unwrap()).await.unwrap();
    house.turn(600);
    let report = house.alerting().run().await;
    assert_eq!((report.dropped, counts(&report)), (1, [0, 0, 0, 0]));
    assert_eq!(house.parked().await, [], "nobody is to have it tried again");
    assert_eq!(house.receivers.got().len(), 1);
    assert_eq!(house.alerting().run().await.dropped, 0);
}

#[tokio::test(start_paused = true)]
async fn receivers_that_hang_hold_up_no_run_longer_than_it_may_take() {
    let house = House::with_webhook().await;
    for n in 0..60 {
        house.app(&format!("app-{n}"), "counted").await;
        house.used(&format!("app-{n}"), LIMIT * 9 / 10).await;
    }
    house.receivers.answer(Answering::Hangs);
    let begun = Instant::now();
    let report = house.alerting().run().await;
    assert!(begun.elapsed() < RUN_MAX, "{:?}", begun.elapsed());
    assert!(begun.elapsed() >= WEBHOOK_DEADLINE * 3, "it tries as long as there is time");
    assert_eq!((report.failure, report.pending), (None, 60));
    assert_eq!(report.failed as usize, 4 * DELIVERIES_OF_TENANT_AT_ONCE);
    assert_eq!(house.receivers.got().len() as u64, report.failed);
}

#[tokio::test]
async fn a_delivery_whose_outcome_was_never_written_down_is_tried_again_once_its_taker_is_gone() {
    let house = with_delivery().await;
    house.receivers.answer(Answering::Hangs);
    let alerting = house.alerting();
    {
        // A process that dies while it waits for the receiver.
        let dying = alerting.run();
        tokio::pin!(dying);
        while house.receivers.got().is_empty() {
            assert!(futures_util::poll!(&mut dying).is_pending());
            tokio::task::yield_now().await;
        }
    }
    house.receivers.answer(Answering::Takes);
    assert_eq!(counts(&house.alerting().run().await), [0, 0, 0, 1]);
    house.turn(DELIVERY_CLAIM_SECONDS);
    assert_eq!(counts(&house.alerting().run().await), [1, 0, 0, 0]);
    let got = house.receivers.got();
    assert_eq!((got.len(), &got[0].id), (2, &got[1].id));
}
