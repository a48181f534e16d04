//! Webhooks to a real HTTPS receiver, which verifies them with the reference library of Standard Webhooks: what it is told, how
//! often, and what becomes of what it does not take. The clock is turned by hand, the deadline of a receiver that hangs is not.

mod desk;
mod receiver;

use desk::{Desk, MONTHLY_REQUESTS};
use domain::alerts::Hosts;
use receiver::{Heard, Receiver};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The one request, which was genuine.
fn only(heard: &[Heard]) -> &Heard {
    let [one] = heard else { panic!("one request, but it was {heard:?}") };
    assert!(one.verified, "{one:?}");
    one
}

#[tokio::test]
async fn thresholds_are_told_once_each_a_month_however_many_runs_there_are() {
    let mut receiver = Receiver::start().await;
    let desk = Desk::believing(&receiver).await;
    desk.subscribes(&mut receiver).await;
    let mut ids = Vec::new();
    for _month in 0..2 {
        for (requests, told) in [
            (79, None),
            (1, Some("usage.limit_reached")),
            (19, None),
            (1, Some("usage.limit_exceeded")),
            (50, None),
        ] {
            desk.counts(requests).await;
            for _ in 0..3 {
                for report in desk.runs_twice_at_once().await {
                    assert_eq!((report.failure, report.failed), (None, 0));
                }
            }
            let heard = receiver.heard().await;
            assert_eq!(heard.len(), usize::from(told.is_some()), "{heard:?}");
            if let Some(kind) = told {
                ids.push(assert_tells(only(&heard), kind, &desk));
            }
        }
        desk.turns(desk.until_next_month(), &mut receiver).await;
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each event has an id of its own");
}

/// The message is the event as published. Returns its id.
fn assert_tells(heard: &Heard, kind: &str, desk: &Desk) -> String {
    let event = heard.event();
    let usage = if kind == "usage.limit_reached" { 80 } else { 100 };
    let object = json!({
        "api_id": "editor", "plan_limit": MONTHLY_REQUESTS, "usage": usage, "usage_percentage": f64::from(usage),
        "period": desk.month(),
    });
    assert_eq!((&event["type"], &event["api_version"]), (&json!(kind), &json!("v1")), "{event}");
    assert_eq!(event["data"]["object"], object);
    assert_eq!(event["id"], *heard.id, "a repeat is known by the header");
    assert!(heard.id.starts_with("evt_") && event["created"].is_u64(), "{event}");
    heard.id.clone()
}

#[tokio::test]
async fn a_receiver_that_was_down_for_an_hour_is_told_once_it_is_back() {
    let mut receiver = Receiver::start().await;
    let desk = Desk::believing(&receiver).await;
    desk.subscribes(&mut receiver).await;
    receiver.obeys(json!({"listens": false})).await;
    desk.counts(80).await;
    desk.runs_each_minute(60, &mut receiver).await;
    assert_eq!(receiver.heard().await, []);
    receiver.obeys(json!({"listens": true})).await;
    desk.runs_each_minute(60, &mut receiver).await;
    assert_tells(only(&receiver.heard().await), "usage.limit_reached", &desk);
}

#[tokio::test]
async fn only_2xx_within_10_s_is_a_delivery_and_no_redirect_is_followed() {
    let (mut receiver, mut inside) = (Receiver::start().await, Receiver::start().await);
    let desk = Desk::believing(&receiver).await;
    desk.subscribes(&mut receiver).await;
    desk.counts(80).await;
    let mut all: Vec<Heard> = Vec::new();
    for answer in [json!(500), json!(404), json!("never"), json!(inside.url()), json!(204)] {
        receiver.obeys(json!({"answer": answer})).await;
        let report = desk.runs().await;
        assert_eq!(report.delivered, u64::from(answer == 204), "{answer}: {report:?}");
        assert_eq!(report.failed, u64::from(answer != 204), "{answer}: {report:?}");
        let heard = receiver.heard().await;
        assert_eq!(only(&heard).answered, answer);
        all.extend(heard);
        desk.turns(HOUR, &mut receiver).await;
    }
    assert!(all.iter().all(|each| (&each.id, &each.body) == (&all[0].id, &all[0].body)), "{all:?}");
    assert_eq!(inside.heard().await, []);
    assert_eq!(desk.runs().await.delivered, 0);
}

#[tokio::test]
async fn what_another_secret_has_signed_is_not_taken() {
    let mut receiver = Receiver::start().await;
    let desk = Desk::believing(&receiver).await;
    let webhook = desk.subscribes(&mut receiver).await;
    receiver.obeys(json!({"secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})).await;
    desk.counts(80).await;
    assert_eq!(desk.runs().await.failed, 1);
    let refused = receiver.heard().await;
    assert!(refused.len() == 1 && !refused[0].verified, "{refused:?}");
    receiver.obeys(json!({"secret": webhook["secret"]})).await;
    desk.turns(HOUR, &mut receiver).await;
    assert_eq!(desk.runs().await.delivered, 1);
    assert_eq!(only(&receiver.heard().await).id, refused[0].id);
}

#[tokio::test]
async fn what_was_tried_for_a_day_is_parked_and_replayed_by_the_operator() {
    let mut receiver = Receiver::start().await;
    let desk = Desk::believing(&receiver).await;
    let webhook = desk.subscribes(&mut receiver).await;
    receiver.obeys(json!({"answer": 500})).await;
    desk.counts(80).await;
    let (mut failed, mut parked) = (0, 0);
    for _ in 0..26 * 6 {
        let report = desk.runs().await;
        failed += report.failed;
        parked += report.parked;
        desk.turns(HOUR / 6, &mut receiver).await;
    }
    let heard = receiver.heard().await;
    assert!(
        parked == 1 && heard.len() as u64 == failed + parked && heard.len() >= 10,
        "{failed} {parked} {}",
        heard.len()
    );

    let admin = desk.admin();
    let listed = admin.json(&["webhooks", "parked"]).to_string();
    let (event, id) = (heard[0].id.clone(), text(&webhook["id"]));
    assert!(listed.contains(&event) && listed.contains(&id) && listed.contains("500"), "{listed}");
    assert!(admin.json(&["webhooks", "list", "acme"]).to_string().contains(&receiver.url()));
    receiver.obeys(json!({"answer": 200})).await;
    assert_eq!(desk.runs().await.delivered, 0, "what is parked waits for the operator");
    admin.json(&["webhooks", "replay", &event, &id]);
    assert_eq!(desk.runs().await.delivered, 1);
    assert_eq!(only(&receiver.heard().await).body, heard[0].body);
    assert!(!admin.json(&["webhooks", "parked"]).to_string().contains(&event));
}

#[tokio::test]
async fn a_webhook_at_an_inner_host_can_not_be_entered() {
    let receiver = Receiver::start().await;
    let desk = Desk::of_hosts(Hosts::Public, Hosts::Any, &receiver).await;
    for url in [
        &*receiver.url(),
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "http://example.com/",
    ] {
        let answer = desk.ask_for_webhook(url).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (400, &json!("invalid_parameter")),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let mut receiver = Receiver::start().await;
    let desk = Desk::of_hosts(Hosts::Any, Hosts::Public, &receiver).await;
    desk.subscribes(&mut receiver).await;
    desk.counts(80).await;
    assert_eq!(desk.runs().await.failed, 1);
    assert_eq!(receiver.heard().await, []);
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is text").to_owned()
}
