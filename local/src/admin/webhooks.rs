use super::args::{Replay, Webhooks};
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, instant, table};
use domain::alerts::{Delivery, Webhook};
use domain::ids::TenantId;
use domain::ports::Alerts;
use serde_json::{Value, json};

pub(super) async fn run(
    command: &Webhooks,
    books: &Books,
    alerts: &dyn Alerts,
) -> Result<Report, AdminError> {
    match command {
        Webhooks::List { tenant } => list(tenant, books, alerts).await,
        Webhooks::Parked => parked(alerts).await,
        Webhooks::Replay(replay) => self::replay(replay, books.now_unix_s(), alerts).await,
    }
}

async fn list(tenant: &TenantId, books: &Books, alerts: &dyn Alerts) -> Result<Report, AdminError> {
    books.tenant(tenant).await?;
    let webhooks = alerts.webhooks(tenant).await?;
    let row = |webhook: &Webhook| {
        [
            webhook.id.to_string(),
            events(webhook).join(", "),
            webhook.url.as_str().to_owned(),
            instant(webhook.created_unix_s),
            webhook.description.clone(),
        ]
    };
    let rows: Vec<_> = webhooks.iter().map(row).collect();
    let json: Vec<_> = webhooks.iter().map(webhook_json).collect();
    Ok(Report::new(
        table(["WEBHOOK", "EVENTS", "URL", "MADE", "DESCRIPTION"], &rows),
        json!({ "webhooks": json }),
    ))
}

async fn parked(alerts: &dyn Alerts) -> Result<Report, AdminError> {
    let parked = alerts.parked().await?;
    let row = |delivery: &Delivery| {
        let Told { kind, api_id } = told(delivery);
        let of = format!("{}/{api_id}", delivery.tenant);
        [
            delivery.event.to_string(),
            delivery.webhook.to_string(),
            of,
            kind,
            delivery.tries.to_string(),
            delivery.last_failure.clone(),
        ]
    };
    let rows: Vec<_> = parked.iter().map(row).collect();
    Ok(Report::new(
        table(["EVENT", "WEBHOOK", "APP", "KIND", "TRIES", "LAST FAILURE"], &rows),
        json!({"parked": parked.iter().map(delivery_json).collect::<Vec<_>>()}),
    ))
}

/// Has deliveries tried for another day. One that somebody changed meanwhile is left to them.
async fn replay(which: &Replay, now_unix_s: u64, alerts: &dyn Alerts) -> Result<Report, AdminError> {
    let mut parked = alerts.parked().await?;
    if let Some((event, webhook)) = which.one() {
        parked.retain(|delivery| delivery.event == *event && delivery.webhook == *webhook);
        if parked.is_empty() {
            return Err(AdminError::NotParked { event: event.clone(), webhook: webhook.clone() });
        }
    }
    let mut replayed = Vec::new();
    for delivery in parked {
        if alerts.change(&delivery, &delivery.replayed(now_unix_s)).await? {
            replayed.push(delivery);
        }
    }
    let text = match replayed.len() {
        0 => "nothing is parked any more".to_owned(),
        1 => "1 delivery is tried again, beginning with the next run".to_owned(),
        n => format!("{n} deliveries are tried again, beginning with the next run"),
    };
    Ok(Report::new(text, json!({"replayed": replayed.iter().map(delivery_json).collect::<Vec<_>>()})))
}

/// What a delivery tells, as its body says it.
struct Told {
    kind: String,
    api_id: String,
}

fn told(delivery: &Delivery) -> Told {
    let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or("-").to_owned();
    Told { kind: text("/type"), api_id: text("/data/object/api_id") }
}

fn events(webhook: &Webhook) -> Vec<&'static str> {
    webhook.events.iter().map(|kind| kind.name()).collect()
}

fn webhook_json(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id.as_str(),
        "tenant": webhook.tenant.as_str(),
        "url": webhook.url.as_str(),
        "events": events(webhook),
        "description": webhook.description,
        "created": instant(webhook.created_unix_s),
    })
}

fn delivery_json(delivery: &Delivery) -> Value {
    let Told { kind, api_id } = told(delivery);
    json!({
        "event": delivery.event.as_str(),
        "webhook": delivery.webhook.as_str(),
        "tenant": delivery.tenant.as_str(),
        "api_id": api_id,
        "kind": kind,
        "tries": delivery.tries,
        "last_failure": delivery.last_failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::alerts::DeliveryState;
    use domain::ids::{EventId, WebhookId};
    use stores::memory::MemoryAlerts;

    fn delivery(event: &str) -> Delivery {
        let (tenant, event) = (TenantId::parse("t").unwrap(), EventId::parse(event).unwrap());
        let body = json!({"type": "usage.limit_reached", "data": {"object": {"api_id": "a"}}});
        Delivery::new(tenant, event, WebhookId::parse("wh_1").unwrap(), body.to_string(), 1_000)
    }

    async fn parked_ones(events: &[&str]) -> MemoryAlerts {
        let alerts = MemoryAlerts::new();
        for event in events {
            let delivery = delivery(event);
            alerts.add_delivery(&delivery).await.unwrap();
            assert!(alerts.change(&delivery, &delivery.parked("500")).await.unwrap());
        }
        alerts
    }

    fn one(event: &str) -> Replay {
        Replay {
            event: Some(EventId::parse(event).unwrap()),
            webhook: Some(WebhookId::parse("wh_1").unwrap()),
            all: false,
        }
    }

    #[tokio::test]
    async fn a_parked_delivery_is_tried_again_when_it_is_asked_for() {
        let alerts = parked_ones(&["evt_1", "evt_2"]).await;
        let report = parked(&alerts).await.unwrap();
        assert!(report.text.contains("t/a  usage.limit_reached  0      500"), "{}", report.text);
        let report = replay(&one("evt_2"), 5_000, &alerts).await.unwrap();
        assert_eq!(report.json["replayed"][0]["event"], "evt_2");
        let pending = alerts.pending().await.unwrap();
        assert_eq!((pending.len(), pending[0].due_unix_s), (1, 5_000));
        assert_eq!(pending[0].state, DeliveryState::Pending);
        let refused = replay(&one("evt_2"), 5_000, &alerts).await.unwrap_err();
        assert!(refused.to_string().contains("evt_2"), "{refused}");
        let all = Replay { event: None, webhook: None, all: true };
        let report = replay(&all, 5_000, &alerts).await.unwrap();
        assert_eq!(report.json["replayed"].as_array().unwrap().len(), 1);
        let report = replay(&all, 5_000, &alerts).await.unwrap();
        assert_eq!(report.text, "nothing is parked any more");
    }
}
