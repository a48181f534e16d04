//! Alerts in a table whose replies are lost after the requests took effect: nothing is told twice, and nothing is lost with
//! a writer that is gone between two writes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::alerts::{Delivery, Event, EventKind};
use domain::calendar::Month;
use domain::ids::{AppId, AppKey, EventId, TenantId, WebhookId};
use domain::ports::{Added, Alerts};
use servers::dynoxide::Dynoxide;
use servers::lossy::Lossy;
use std::sync::Arc;
use stores::dynamo::ATTEMPTS_MAX;

const NOW: u64 = 1_700_000_000;

/// Alerts, reached by a wire that loses the first `losses` replies to each request, and without it.
async fn lossy(losses: u32) -> (Dynoxide, Lossy, Arc<dyn Alerts>, Arc<dyn Alerts>) {
    let (server, direct) = Dynoxide::with_usage().await;
    let lossy = Lossy::start(server.endpoint(), losses).await;
    let lossily = servers::usage(lossy.endpoint(), "usage");
    (server, lossy, lossily.alerts(), direct.alerts())
}

fn tenant() -> TenantId {
    TenantId::parse("t").unwrap()
}

fn event() -> Event {
    Event {
        id: EventId::parse("evt_1").unwrap(),
        kind: EventKind::LimitReached,
        app: AppKey { tenant: tenant(), app: AppId::parse("a").unwrap() },
        period: Month::parse("2023-11").unwrap(),
        created_unix_s: NOW,
        plan_limit: 1_000,
        usage: 801,
    }
}

fn delivery() -> Delivery {
    Delivery::new(tenant(), event().id, WebhookId::parse("wh_1").unwrap(), "{}".to_owned(), NOW)
}

#[tokio::test]
async fn what_took_effect_without_an_answer_is_told_as_a_repeat() {
    let (_server, _wire, lossily, direct) = lossy(1).await;
    assert_eq!(lossily.raise(&event()).await, Ok(Added::Exists));
    assert_eq!(lossily.unspread().await, Ok(vec![event()]));
    assert_eq!(lossily.add_delivery(&delivery()).await, Ok(Added::Exists));
    assert_eq!(lossily.spread(&event()).await, Ok(()));
    assert_eq!(direct.unspread().await, Ok(vec![]));
    let parked = delivery().parked("gone");
    assert_eq!(lossily.change(&delivery(), &parked).await, Ok(true));
    assert_eq!(direct.pending().await, Ok(vec![]));
    assert_eq!(lossily.change(&parked, &parked.replayed(NOW)).await, Ok(true));
    assert_eq!(direct.pending().await, Ok(vec![parked.replayed(NOW)]));
    assert_eq!(direct.parked().await, Ok(vec![]));
}

/// Each write of a call is once the last that its writer gets to: the call is given up there, and made again.
#[tokio::test]
async fn a_writer_that_is_gone_between_two_writes_loses_nothing() {
    let (_server, _wire, lossily, direct) = lossy(ATTEMPTS_MAX).await;
    while lossily.raise(&event()).await.is_err() {
        let raised = direct.unspread().await.unwrap();
        assert!(raised.is_empty() || raised == [event()]);
    }
    assert_eq!(direct.unspread().await, Ok(vec![event()]));
    while lossily.add_delivery(&delivery()).await.is_err() {}
    assert_eq!(direct.pending().await, Ok(vec![delivery()]));
    while lossily.spread(&event()).await.is_err() {
        assert_eq!(direct.raise(&event()).await, Ok(Added::Exists));
    }
    assert_eq!(direct.unspread().await, Ok(vec![]));
    let mut stands = delivery();
    for next in [stands.parked("gone"), stands.parked("gone").replayed(NOW)] {
        while lossily.change(&stands, &next).await.is_err() {
            let listed = (direct.pending().await.unwrap(), direct.parked().await.unwrap());
            assert_eq!(listed.0.len() + listed.1.len(), 1, "{listed:?}");
        }
        stands = next;
    }
    assert_eq!(direct.pending().await, Ok(vec![stands]));
    assert_eq!(direct.parked().await, Ok(vec![]));
}

#[tokio::test]
async fn late_copies_of_all_that_was_asked_change_nothing() {
    let (server, wire, watched, direct) = lossy(0).await;
    watched.raise(&event()).await.unwrap();
    watched.add_delivery(&delivery()).await.unwrap();
    watched.spread(&event()).await.unwrap();
    let (parked, replayed) = (delivery().parked("gone"), delivery().parked("gone").replayed(NOW));
    assert_eq!(watched.change(&delivery(), &parked).await, Ok(true));
    assert_eq!(direct.change(&parked, &replayed).await, Ok(true));
    for copy in wire.passed() {
        copy.ask(server.endpoint()).await;
        assert_eq!(direct.pending().await, Ok(vec![replayed.clone()]));
    }
    assert_eq!(direct.parked().await, Ok(vec![]));
    assert_eq!(direct.unspread().await, Ok(vec![]));
}
