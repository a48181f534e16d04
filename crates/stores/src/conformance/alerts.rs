//! Clauses of [`Alerts`].

use super::ids::app;
use domain::alerts::{Delivery, DeliveryState, Event, EventKind, Webhook, WebhookUrl};
use domain::bounds::DELIVERY_KEPT_DAYS;
use domain::calendar::Month;
use domain::clock::Entropy;
use domain::ids::{EventId, TenantId, WebhookId};
use domain::ports::{Added, Alerts};
use std::collections::BTreeSet;
use std::sync::Arc;

const NOW: u64 = 1_700_000_000;

/// Draws one number.
struct Drawn(u64);

impl Entropy for Drawn {
    fn next_u64(&self) -> u64 {
        self.0
    }
}

fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

fn webhook_id(id: &str) -> WebhookId {
    WebhookId::parse(id).unwrap()
}

fn webhook(of: &str, id: &str) -> Webhook {
    Webhook {
        id: webhook_id(id),
        tenant: tenant(of),
        url: WebhookUrl::parse("https://Hooks.example.com:8443/a?b=c").unwrap(),
        events: BTreeSet::from(EventKind::ALL),
        description: format!("of {id}: \u{fc} \"#\""),
        sealed_secret: vec![0, 255, 7],
        created_unix_s: NOW,
    }
}

fn event(id: &str) -> Event {
    Event {
        id: EventId::parse(id).unwrap(),
        kind: EventKind::LimitReached,
        app: app("a"),
        period: Month::parse("2023-11").unwrap(),
        created_unix_s: NOW,
        plan_limit: u64::MAX,
        usage: 801,
    }
}

fn delivery(event: &str, webhook: &str) -> Delivery {
    let event = EventId::parse(event).unwrap();
    Delivery::new(tenant("tenant"), event, webhook_id(webhook), "{\"\u{fc}\": \"#\"}".to_owned(), NOW)
}

/// What is pending and what is parked.
async fn listed(alerts: &Arc<dyn Alerts>) -> (Vec<Delivery>, Vec<Delivery>) {
    (alerts.pending().await.unwrap(), alerts.parked().await.unwrap())
}

async fn change(alerts: &Arc<dyn Alerts>, old: &Delivery, new: Delivery) -> Delivery {
    assert_eq!(alerts.change(old, &new).await, Ok(true));
    new
}

/// Nothing was raised, and nobody wants to be told.
pub async fn there_are_no_alerts_at_first(alerts: Arc<dyn Alerts>) {
    assert_eq!(alerts.webhooks(&tenant("t")).await, Ok(Vec::new()));
    assert_eq!(alerts.drop_webhook(&tenant("t"), &webhook_id("wh_1")).await, Ok(false));
    assert_eq!(alerts.unspread().await, Ok(Vec::new()));
    assert_eq!(listed(&alerts).await, (Vec::new(), Vec::new()));
}

/// A webhook is read as it was added; one of its id stays as it is.
pub async fn webhooks_are_read_as_they_were_added_and_each_once(alerts: Arc<dyn Alerts>) {
    let first = webhook("t", "wh_1");
    let other = Webhook { sealed_secret: vec![1], description: String::new(), ..first.clone() };
    assert_eq!(alerts.add_webhook(&first).await, Ok(Added::New));
    assert_eq!(alerts.add_webhook(&other).await, Ok(Added::Exists));
    assert_eq!(alerts.webhooks(&tenant("t")).await, Ok(vec![first]));
}

/// Lists are of one tenant, also where an id begins with the other's, and in the order of the ids.
pub async fn a_tenants_webhooks_are_listed_in_the_order_of_their_ids(alerts: Arc<dyn Alerts>) {
    let mut ids = ["wh_b", "wh_a", "wh_B", "wh_0"];
    for of in ["t", "t1", "T"] {
        for id in ids {
            assert_eq!(alerts.add_webhook(&webhook(of, id)).await, Ok(Added::New));
        }
    }
    ids.sort_unstable();
    for of in ["t", "t1", "T"] {
        assert_eq!(alerts.webhooks(&tenant(of)).await, Ok(ids.map(|id| webhook(of, id)).to_vec()));
    }
}

/// A dropped webhook is gone, can be dropped once, and its tenant's others stay.
pub async fn a_webhook_is_dropped_once(alerts: Arc<dyn Alerts>) {
    for (of, id) in [("t", "wh_1"), ("t", "wh_2"), ("u", "wh_1")] {
        alerts.add_webhook(&webhook(of, id)).await.unwrap();
    }
    for there_was_one in [true, false] {
        assert_eq!(alerts.drop_webhook(&tenant("t"), &webhook_id("wh_1")).await, Ok(there_was_one));
        assert_eq!(alerts.webhooks(&tenant("t")).await, Ok(vec![webhook("t", "wh_2")]));
        assert_eq!(alerts.webhooks(&tenant("u")).await, Ok(vec![webhook("u", "wh_1")]));
    }
}

/// An event of one app, kind and period stays, whatever id another would have; one of another of these is another.
pub async fn an_event_is_raised_once_for_each_app_kind_and_period(alerts: Arc<dyn Alerts>) {
    let others = [
        Event { kind: EventKind::LimitExceeded, ..event("evt_2") },
        Event { app: app("b"), ..event("evt_3") },
        Event { period: Month::parse("2023-12").unwrap(), ..event("evt_4") },
    ];
    assert_eq!(alerts.raise(&event("evt_1")).await, Ok(Added::New));
    assert_eq!(alerts.raise(&Event { usage: 900, ..event("evt_9") }).await, Ok(Added::Exists));
    assert_eq!(alerts.unspread().await, Ok(vec![event("evt_1")]));
    for other in &others {
        assert_eq!(alerts.raise(other).await, Ok(Added::New));
    }
    let mut unspread = alerts.unspread().await.unwrap();
    unspread.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    let [second, third, fourth] = others;
    assert_eq!(unspread, [event("evt_1"), second, third, fourth]);
}

/// Of any number that raise an event at once one is told that it is new, and that one is to be spread.
pub async fn of_racing_raises_one_event_stands(alerts: Arc<dyn Alerts>) {
    let racers = (0..16).map(|n| {
        let (alerts, racer) = (alerts.clone(), event(&format!("evt_{n}")));
        tokio::spawn(async move { (alerts.raise(&racer).await.unwrap(), racer) })
    });
    let mut raised = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        let (outcome, racer) = racer.await.unwrap();
        raised.extend((outcome == Added::New).then_some(racer));
    }
    assert_eq!(raised.len(), 1);
    assert_eq!(alerts.unspread().await, Ok(raised));
}

/// A spread event is not to be spread again, also after it is raised again; spreading may be repeated.
pub async fn an_event_is_unspread_until_it_is_spread(alerts: Arc<dyn Alerts>) {
    alerts.raise(&event("evt_1")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(alerts.unspread().await, Ok(vec![event("evt_1")]));
    }
    for _ in 0..2 {
        assert_eq!(alerts.spread(&event("evt_1")).await, Ok(()));
        assert_eq!(alerts.unspread().await, Ok(Vec::new()));
        assert_eq!(alerts.raise(&event("evt_1")).await, Ok(Added::Exists));
        assert_eq!(alerts.unspread().await, Ok(Vec::new()));
    }
}

/// Whoever spreads an event that was never raised, or came too late, changes nothing.
pub async fn only_the_event_that_stands_is_spread(alerts: Arc<dyn Alerts>) {
    assert_eq!(alerts.spread(&event("evt_0")).await, Ok(()));
    assert_eq!(alerts.unspread().await, Ok(Vec::new()));
    assert_eq!(alerts.raise(&event("evt_1")).await, Ok(Added::New));
    assert_eq!(alerts.spread(&event("evt_0")).await, Ok(()));
    assert_eq!(alerts.unspread().await, Ok(vec![event("evt_1")]));
}

/// A delivery that is there is not added again: pending, parked or delivered, it stays as it is.
pub async fn a_delivery_is_added_once_delivered_or_not(alerts: Arc<dyn Alerts>) {
    let mut stands = delivery("evt_1", "wh_1");
    assert_eq!(alerts.add_delivery(&stands).await, Ok(Added::New));
    for next in [stands.claimed(NOW, &Drawn(1)), stands.claimed(NOW, &Drawn(1)).parked("gone")] {
        assert_eq!(alerts.add_delivery(&delivery("evt_1", "wh_1")).await, Ok(Added::Exists));
        stands = change(&alerts, &stands, next).await;
    }
    assert_eq!(alerts.add_delivery(&delivery("evt_1", "wh_1")).await, Ok(Added::Exists));
    assert_eq!(listed(&alerts).await, (vec![], vec![stands.clone()]));
    change(&alerts, &stands, stands.replayed(NOW).delivered()).await;
    assert_eq!(alerts.add_delivery(&delivery("evt_1", "wh_1")).await, Ok(Added::Exists));
    assert_eq!(listed(&alerts).await, (vec![], vec![]));
}

/// Of any number that add one delivery at once one is told that it is new.
pub async fn of_racing_deliveries_one_is_added(alerts: Arc<dyn Alerts>) {
    let racers = (0..16).map(|_| {
        let alerts = alerts.clone();
        tokio::spawn(async move { alerts.add_delivery(&delivery("evt_1", "wh_1")).await.unwrap() })
    });
    let mut new = 0;
    for racer in racers.collect::<Vec<_>>() {
        new += usize::from(racer.await.unwrap() == Added::New);
    }
    assert_eq!(new, 1);
    assert_eq!(listed(&alerts).await, (vec![delivery("evt_1", "wh_1")], vec![]));
}

/// A delivery is on the list of what it is at each step of its way, and on no other.
pub async fn a_delivery_is_listed_as_what_it_is(alerts: Arc<dyn Alerts>) {
    let new = delivery("evt_1", "wh_1");
    alerts.add_delivery(&new).await.unwrap();
    assert_eq!(listed(&alerts).await, (vec![new.clone()], vec![]));
    let claimed = change(&alerts, &new, new.claimed(NOW, &Drawn(u64::MAX))).await;
    assert_eq!(listed(&alerts).await, (vec![claimed.clone()], vec![]));
    let failed = change(&alerts, &claimed, claimed.failed("\u{fc}: 500", NOW, &Drawn(0))).await;
    assert_eq!(listed(&alerts).await, (vec![failed.clone()], vec![]));
    let parked = change(&alerts, &failed, failed.parked("gone")).await;
    assert_eq!(listed(&alerts).await, (vec![], vec![parked.clone()]));
    let replayed = change(&alerts, &parked, parked.replayed(NOW + 9)).await;
    assert_eq!(listed(&alerts).await, (vec![replayed.clone()], vec![]));
    let claimed = change(&alerts, &replayed, replayed.claimed(NOW + 9, &Drawn(3))).await;
    change(&alerts, &claimed, claimed.delivered()).await;
    assert_eq!(listed(&alerts).await, (vec![], vec![]));
}

/// Whoever comes with what was read before another's change changes nothing.
pub async fn a_change_of_a_version_that_is_past_is_refused(alerts: Arc<dyn Alerts>) {
    let new = delivery("evt_1", "wh_1");
    alerts.add_delivery(&new).await.unwrap();
    let claimed = change(&alerts, &new, new.claimed(NOW, &Drawn(1))).await;
    for late in [new.claimed(NOW, &Drawn(2)), new.parked("gone"), new.delivered()] {
        assert_eq!(alerts.change(&new, &late).await, Ok(false));
        assert_eq!(listed(&alerts).await, (vec![claimed.clone()], vec![]));
    }
}

/// There is nothing to change of a delivery that is not there, and none comes of it.
pub async fn a_change_of_what_was_never_added_is_refused(alerts: Arc<dyn Alerts>) {
    let unknown = delivery("evt_1", "wh_1");
    assert_eq!(alerts.change(&unknown, &unknown.parked("gone")).await, Ok(false));
    assert_eq!(listed(&alerts).await, (vec![], vec![]));
    assert_eq!(alerts.add_delivery(&unknown).await, Ok(Added::New));
    assert_eq!(listed(&alerts).await, (vec![unknown], vec![]));
}

/// Of any number that take one delivery on in one moment, one is told that it did.
pub async fn of_racing_changes_one_takes_effect(alerts: Arc<dyn Alerts>) {
    let new = delivery("evt_1", "wh_1");
    alerts.add_delivery(&new).await.unwrap();
    let racers = (0..16).map(|n| {
        let (alerts, new) = (alerts.clone(), new.clone());
        let claimed = new.claimed(NOW, &Drawn(n));
        tokio::spawn(async move { (alerts.change(&new, &claimed).await.unwrap(), claimed) })
    });
    let mut took = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        let (did, claimed) = racer.await.unwrap();
        took.extend(did.then_some(claimed));
    }
    assert_eq!(took.len(), 1);
    assert_eq!(listed(&alerts).await, (took, vec![]));
}

/// Whoever repeats a change whose answer was lost is told that it took effect, and it does so once.
pub async fn a_repeat_of_a_change_is_told_so(alerts: Arc<dyn Alerts>) {
    let mut stands = delivery("evt_1", "wh_1");
    alerts.add_delivery(&stands).await.unwrap();
    let steps: [fn(&Delivery) -> Delivery; 4] = [
        |stands| stands.claimed(NOW, &Drawn(5)),
        |stands| stands.parked("gone"),
        |stands| stands.replayed(NOW),
        Delivery::delivered,
    ];
    for step in steps {
        let next = step(&stands);
        for _ in 0..3 {
            assert_eq!(alerts.change(&stands, &next).await, Ok(true));
            let is = |state| if next.state == state { vec![next.clone()] } else { vec![] };
            let expected = (is(DeliveryState::Pending), is(DeliveryState::Parked));
            assert_eq!(listed(&alerts).await, expected);
        }
        stands = next;
    }
}

/// However those who list race with one who parks and replays, what was replayed is pending in the end.
pub async fn whoever_lists_takes_nothing_from_whoever_replays(alerts: Arc<dyn Alerts>) {
    let mut stands = delivery("evt_1", "wh_1");
    alerts.add_delivery(&stands).await.unwrap();
    for _ in 0..8 {
        let lister = tokio::spawn({
            let alerts = alerts.clone();
            async move {
                for _ in 0..3 {
                    listed(&alerts).await;
                }
            }
        });
        stands = change(&alerts, &stands, stands.parked("gone")).await;
        stands = change(&alerts, &stands, stands.replayed(NOW)).await;
        lister.await.unwrap();
        assert_eq!(listed(&alerts).await, (vec![stands.clone()], vec![]));
    }
}

/// What is over is remembered until its days are past, so that nothing is raised or delivered a second time.
pub async fn what_is_over_is_remembered_for_as_long_as_it_must(alerts: Arc<dyn Alerts>) {
    let delivered = delivery("evt_1", "wh_1");
    alerts.raise(&event("evt_1")).await.unwrap();
    alerts.spread(&event("evt_1")).await.unwrap();
    for (webhook, end) in
        [("wh_1", delivered.delivered()), ("wh_2", delivery("evt_1", "wh_2").parked("gone"))]
    {
        let delivery = delivery("evt_1", webhook);
        alerts.add_delivery(&delivery).await.unwrap();
        change(&alerts, &delivery, end).await;
    }
    let created_unix_s = NOW + DELIVERY_KEPT_DAYS * 24 * 60 * 60;
    let later = Event { created_unix_s, period: Month::parse("2023-12").unwrap(), ..event("evt_2") };
    assert_eq!(alerts.raise(&later).await, Ok(Added::New));
    assert_eq!(alerts.raise(&event("evt_3")).await, Ok(Added::Exists));
    assert_eq!(alerts.add_delivery(&delivered).await, Ok(Added::Exists));
    assert_eq!(listed(&alerts).await, (vec![], vec![delivery("evt_1", "wh_2").parked("gone")]));
}
