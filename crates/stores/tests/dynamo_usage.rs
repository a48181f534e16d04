//! The usage table: what its items hold, what is asked of it, and when its items expire.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use ::dynoxide::Database;
use ::dynoxide::storage_backend::ManualClock;
use domain::alerts::{Delivery, Event, EventKind};
use domain::bounds::USAGE_KEPT_DAYS;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, EventId, TenantId, WebhookId};
use domain::metering::{AppUsage, Endpoint, Levels, Reason};
use domain::ports::{NodeMinute, Resolution, UsageAdd, UsageLog, Writer};
use serde_json::{Value, json};
use servers::dynoxide::Dynoxide;
use servers::lossy::Lossy;
use servers::usage as table;
use std::time::Duration;
use stores::dynamo::DynamoUsage;

const DAY: Day = Day(20_000);
const HOUR: Hour = Hour(DAY.0 * 24);

fn app(name: &str) -> AppKey {
    AppKey { tenant: TenantId::parse("acme").unwrap(), app: AppId::parse(name).unwrap() }
}

fn usage() -> AppUsage {
    let mut usage = AppUsage::default();
    usage.of_mut(Endpoint::Discovery).answered(1, Duration::from_millis(30));
    usage.of_mut(Endpoint::Usage).answered(1, Duration::ZERO);
    usage.of_mut(Endpoint::Connect).refused(Reason::parse("4004").unwrap(), Duration::from_secs(3));
    usage.of_mut(Endpoint::Ops).answered(200, Duration::from_micros(300));
    usage.levels = Levels { connections_peak: 80, documents_peak: 10, connections_ms: 7, documents_ms: 9 };
    usage
}

async fn add(log: &dyn UsageLog, writer: Writer, sequence: u64, hour: Hour, usage: AppUsage) {
    log.add(writer, sequence, &UsageAdd { app: app("shop"), hour, usage }).await.unwrap();
}

/// A table, and the database that it lies in.
async fn with_database(clock: &ManualClock) -> (Dynoxide, Database, DynamoUsage) {
    let database = Database::memory_with_clock(clock.arc()).unwrap();
    let server = Dynoxide::serving(database.clone()).await;
    let table = table(server.endpoint(), "usage");
    table.create_table().await.unwrap();
    (server, database, table)
}

/// Every item, in the order of its keys.
fn items(database: &Database) -> Vec<Value> {
    let request = serde_json::from_value(json!({"TableName": "usage"})).unwrap();
    let answer = serde_json::to_value(database.scan(request).unwrap()).unwrap();
    let mut items = answer["Items"].as_array().unwrap().clone();
    items.sort_by_key(|item| (item["pk"].to_string(), item["sk"].to_string()));
    items
}

#[tokio::test]
async fn items_are_flat_and_their_names_are_short() {
    let (_server, database, table) = with_database(&ManualClock::new(0)).await;
    let log = table.log();
    add(&*log, Writer(255), 3, HOUR, usage()).await;
    add(&*log, Writer(1), 1, HOUR, AppUsage::default()).await;
    log.roll_up(&app("shop"), DAY.plus(1)).await.unwrap();
    let minute = NodeMinute { writer: Writer(255), minute: 29_000_000, connections: [3; 12], ops: 5 };
    table.platform().note(&minute).await.unwrap();

    let expires = (DAY.0 + USAGE_KEPT_DAYS + 2) * 24 * 60 * 60;
    let n = |number: u64| json!({"N": number.to_string()});
    let s = |text: &str| json!({"S": text});
    let counts = json!({
        "dn": n(1), "dt": n(30_000), "d8": n(1), "un": n(1), "u0": n(1),
        "cn": n(1), "ct": n(3_000_000), "c14": n(1), "c.4004": n(1),
        "on": n(200), "ot": n(60_000), "o2": n(200), "lc": n(7), "ld": n(9), "expires": n(expires),
    });
    let with = |counts: &Value, more: Value| {
        let mut item = counts.as_object().unwrap().clone();
        item.extend(more.as_object().unwrap().clone());
        Value::Object(item)
    };
    let expected = [
        json!({"pk": s("APPS"), "sk": s("acme#shop"), "last": n(480_000), "rolled_up_to": n(20_001), "expires": n(expires)}),
        json!({
            "pk": s("PLATFORM"), "sk": s("0029000000#00000000000000ff"),
            "connections": s("3 3 3 3 3 3 3 3 3 3 3 3"), "ops": n(5), "expires": n((29_000_000 + 121) * 60),
        }),
        with(&counts, json!({"pk": s("USAGE#acme#shop"), "sk": s("D00020000"), "p": s("80 10")})),
        with(
            &counts,
            json!({
                "pk": s("USAGE#acme#shop"), "sk": s("H0000480000"), "p.00000000000000ff": s("80 10"),
                "w.00000000000000ff": n(3), "w.0000000000000001": n(1),
            }),
        ),
    ];
    assert_eq!(items(&database), expected);
}

#[tokio::test]
async fn an_item_expires_when_nobody_may_ask_for_it() {
    let day = Duration::from_secs(24 * 60 * 60);
    let clock = ManualClock::new(DAY.first_hour().starts_unix_s());
    let (_server, database, table) = with_database(&clock).await;
    add(&*table.log(), Writer(1), 1, HOUR.plus(23), usage()).await;
    table.log().roll_up(&app("shop"), DAY.plus(1)).await.unwrap();
    // The last day on which a report may begin with this one, to its end.
    clock.tick(day * (USAGE_KEPT_DAYS as u32 + 1));
    assert_eq!(database.sweep_ttl().unwrap(), 0);
    clock.tick(day * 2);
    assert_eq!(database.sweep_ttl().unwrap(), 3, "the app, its hour and its day");
    assert_eq!(table.log().standings().await.unwrap(), []);
}

/// What was asked through a wire: the action, and the body.
fn asked(wire: &Lossy) -> Vec<Value> {
    wire.passed().iter().map(|request| serde_json::from_slice(request.body()).unwrap()).collect()
}

#[tokio::test]
async fn a_process_notes_an_app_once_a_day() {
    let (server, _table) = Dynoxide::with_usage().await;
    let wire = Lossy::start(server.endpoint(), 0).await;
    let log = table(wire.endpoint(), "usage").log();
    for (sequence, hour) in [(1, HOUR), (2, HOUR), (3, HOUR.plus(23)), (4, HOUR.plus(24)), (5, HOUR)] {
        add(&*log, Writer(1), sequence, hour, usage()).await;
    }
    let asked = asked(&wire);
    let noted = asked.iter().map(|body| body["Key"]["pk"]["S"] == "APPS").collect::<Vec<_>>();
    assert_eq!(noted, [true, false, false, false, true, false, false]);
}

/// Each process with the last hour that it added to.
#[tokio::test]
async fn a_process_learns_from_others_how_late_it_is() {
    let (_server, table) = Dynoxide::with_usage().await;
    add(&*table.log(), Writer(1), 1, HOUR.plus(5 * 24), usage()).await;
    table.log().roll_up(&app("shop"), DAY.plus(4)).await.unwrap();
    add(&*table.log(), Writer(2), 1, HOUR, usage()).await;
    assert_eq!(table.log().standings().await.unwrap()[0].rolled_up_to, DAY);
}

/// Its own clock is right, and that of whoever rolls up is days ahead.
#[tokio::test]
async fn a_roll_up_past_today_is_found_out_the_next_day() {
    let (_server, table) = Dynoxide::with_usage().await;
    let log = table.log();
    add(&*log, Writer(1), 1, HOUR, usage()).await;
    table.log().roll_up(&app("shop"), DAY.plus(4)).await.unwrap();
    add(&*log, Writer(1), 2, HOUR.plus(23), usage()).await;
    add(&*log, Writer(1), 3, HOUR.plus(24), usage()).await;
    log.roll_up(&app("shop"), DAY.plus(1)).await.unwrap();
    let day = log.read(&app("shop"), HOUR, HOUR.plus(24), Resolution::Days).await.unwrap();
    assert_eq!((day.len(), day[0].1.total(None).requests), (1, 2 * usage().total(None).requests));
}

#[tokio::test]
async fn thirteen_months_by_day_are_four_requests_and_at_most_500_items() {
    let (server, direct) = Dynoxide::with_usage().await;
    let (first, today) = (DAY.minus(USAGE_KEPT_DAYS), DAY);
    let log = direct.log();
    let hours = (0..USAGE_KEPT_DAYS).map(|nth| first.plus(nth).first_hour().plus(nth % 24));
    // The last day is not rolled up yet, and today has all its hours.
    let last = (0..48).map(|nth| today.minus(1).first_hour().plus(nth));
    for (sequence, hour) in (1..).zip(hours.chain(last)) {
        add(&*log, Writer(1), sequence, hour, usage()).await;
    }
    log.roll_up(&app("shop"), today.minus(1)).await.unwrap();

    let wire = Lossy::start(server.endpoint(), 0).await;
    let reader = table(wire.endpoint(), "usage").log();
    let (from, to) = (first.first_hour(), today.plus(1).first_hour());
    let spans = reader.read(&app("shop"), from, to, Resolution::Days).await.unwrap();
    assert_eq!(spans.iter().filter(|(span, _)| span.hours == 24).count() as u64, USAGE_KEPT_DAYS - 1);
    assert!(spans.len() < 500, "{} items, and that of the app", spans.len());
    let asked = asked(&wire);
    assert!(asked.iter().all(|body| body["ConsistentRead"] == true && body["FilterExpression"].is_null()));
    let mut ranges: Vec<_> =
        asked.iter().map(|body| body["ExpressionAttributeValues"][":first"]["S"].clone()).collect();
    ranges.sort_by_key(Value::to_string);
    // The app, its days, and its hours after them; there are none before.
    assert_eq!(ranges, [json!("D00019600"), json!("H0000479976"), Value::Null]);
}

/// Puts an item that says nothing but its key.
fn spoil(database: &Database, partition: &str, sort: &str) {
    let item = json!({"pk": {"S": partition}, "sk": {"S": sort}});
    let request = serde_json::from_value(json!({"TableName": "usage", "Item": item})).unwrap();
    database.put_item(request).unwrap();
}

fn event(app: AppKey) -> Event {
    Event {
        id: EventId::parse(&format!("evt_{}", app.app)).unwrap(),
        kind: EventKind::LimitReached,
        app,
        period: DAY.month(),
        created_unix_s: 1,
        plan_limit: 10,
        usage: 8,
    }
}

fn delivery(of: &Event) -> Delivery {
    let webhook = WebhookId::parse("wh_1").unwrap();
    Delivery::new(of.app.tenant.clone(), of.id.clone(), webhook, String::new(), 1)
}

#[tokio::test]
async fn an_item_that_cant_be_read_takes_no_other_from_a_listing() {
    let (_server, database, table) = with_database(&ManualClock::new(0)).await;
    let (log, alerts) = (table.log(), table.alerts());
    add(&*log, Writer(1), 1, HOUR, usage()).await;
    let (shop, torn) = (event(app("shop")), event(app("torn")));
    for event in [&shop, &torn] {
        alerts.raise(event).await.unwrap();
        alerts.add_delivery(&delivery(event)).await.unwrap();
    }
    spoil(&database, "APPS", "acme#torn");
    spoil(&database, "EVENTS", &format!("acme#torn#{}#usage.limit_reached", DAY.month()));
    spoil(&database, "DELIVERIES", "evt_torn#wh_1");

    assert_eq!(log.apps(&app("shop").tenant).await.unwrap(), [app("shop").app]);
    assert_eq!(log.standings().await.unwrap().len(), 1);
    assert_eq!(alerts.unspread().await.unwrap(), std::slice::from_ref(&shop));
    assert_eq!(alerts.pending().await.unwrap(), [delivery(&shop)]);
    let (from, to) = (DAY.first_hour(), DAY.plus(1).first_hour());
    assert!(
        log.read(&app("torn"), from, to, Resolution::Days).await.is_err(),
        "what is asked for alone is told"
    );
}
