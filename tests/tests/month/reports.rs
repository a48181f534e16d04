//! Asks for reports, and holds them against the ledger.

use crate::calendar::{Division, HOURS, date, instant};
use crate::house::{House, PLANS, app_id};
use crate::ledger::{Ledger, Sum};
use crate::traffic::APPS;
use domain::metering::Endpoint;
use house_tests::http::Answer;
use serde_json::{Value, json};
use std::ops::Range;

/// Whole days of a range, as a query names it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) hours: Range<u64>,
    pub(crate) division: Division,
    pub(crate) endpoint: Option<Endpoint>,
}

impl Asked {
    pub(crate) fn of(hours: Range<u64>, division: Division) -> Self {
        Self { hours, division, endpoint: None }
    }

    /// As dates where it begins and ends with a day, else as instants.
    fn bounds(&self) -> (String, String) {
        let Range { start, end } = self.hours;
        match start % 24 == 0 && end % 24 == 0 {
            true => (date(start / 24), date(end / 24 - 1)),
            // The season's last instant has no name in its calendar; nobody asks for it.
            false => (instant(start), instant(end)),
        }
    }

    fn query(&self) -> String {
        let (from, to) = self.bounds();
        let endpoint = self.endpoint.map(|endpoint| format!("&endpoint={}", endpoint.name()));
        let division = self.division.name();
        format!("?from={from}&to={to}&granularity={division}{}", endpoint.unwrap_or_default())
    }

    fn period(&self) -> Value {
        let (from, to) = self.bounds();
        json!({"from": from, "to": to, "granularity": self.division.name()})
    }
}

/// The report of one app is what the ledger says. Returns the requests in each of its buckets.
pub(crate) async fn expect_report(house: &House, ledger: &Ledger, app: usize, asked: &Asked) -> Vec<u64> {
    let uri = format!("/v1/usage/{}{}", app_id(app), asked.query());
    let answer = house.ask(&uri).await;
    assert_eq!(answer.status, 200, "{uri}: {}", answer.body);
    let report = answer.json();
    let total = ledger.sum(app, asked.hours.clone(), asked.endpoint);
    assert_eq!((&report["api_id"], &report["period"]), (&json!(app_id(app)), &asked.period()), "{uri}");
    assert_eq!(report["name"], format!("The {}", app_id(app)));
    assert_counts(&uri, &report, &total, ["total_requests", "total_errors"]);
    assert_eq!(decimal(&answer, "cost_usd"), cost(PLANS[app].1, total.requests()), "{uri}");
    let all = ledger.sum(app, asked.hours.clone(), None);
    assert_eq!(report["plan_limit"], json!(PLANS[app].0), "{uri}");
    assert_percentage(&uri, &report["usage_percentage"], all.requests(), PLANS[app].0);
    let series = report["timeseries"].as_array().expect("a series is a list");
    let parts = asked.division.parts(asked.hours.clone());
    assert_eq!(series.len(), parts.len(), "{uri}");
    for (bucket, (name, hours)) in series.iter().zip(parts) {
        let what = format!("{uri}, {name}");
        assert_eq!(bucket["date"], name, "{what}");
        assert_bucket(&what, bucket, &ledger.sum(app, hours.clone(), asked.endpoint));
        if asked.endpoint.is_none() {
            assert_levels(&what, bucket, &ledger.sum(app, hours, None));
        }
    }
    series.iter().map(|bucket| bucket["requests"].as_u64().expect("a count is a number")).collect()
}

/// The summary over all apps is what the ledger says.
pub(crate) async fn expect_summary(house: &House, ledger: &Ledger, asked: &Asked) {
    let uri = format!("/v1/usage{}", asked.query());
    let answer = house.ask(&uri).await;
    assert_eq!(answer.status, 200, "{uri}: {}", answer.body);
    let report = answer.json();
    let sums: Vec<Sum> = (0..APPS).map(|app| ledger.sum(app, asked.hours.clone(), None)).collect();
    assert_eq!(report["period"], asked.period(), "{uri}");
    assert_eq!(report["total_requests"], sums.iter().map(Sum::requests).sum::<u64>(), "{uri}");
    assert_eq!(report["total_errors"], sums.iter().map(Sum::errors).sum::<u64>(), "{uri}");
    let picodollars = (0..APPS).map(|app| picodollars(PLANS[app].1, sums[app].requests())).sum();
    assert_eq!(decimal(&answer, "total_cost_usd"), dollars(picodollars), "{uri}");
    let apps = report["by_api"].as_array().expect("apps are a list");
    assert_eq!(apps.len(), APPS, "{uri}");
    for (app, sum) in sums.iter().enumerate() {
        let told = apps.iter().find(|told| told["api_id"] == app_id(app)).expect("each app is told");
        assert_counts(&format!("{uri}, {}", app_id(app)), told, sum, ["requests", "errors"]);
    }
    let series = report["timeseries"].as_array().expect("a series is a list");
    let of_all = |hours: &Range<u64>| {
        (0..APPS).map(|app| ledger.sum(app, hours.clone(), None).requests()).sum::<u64>()
    };
    let expected: Vec<_> = asked
        .division
        .parts(asked.hours.clone())
        .iter()
        .map(|(name, hours)| (name.clone(), of_all(hours)))
        .collect();
    let told = series.iter().map(|bucket| {
        let name = bucket["date"].as_str().expect("a date is text");
        (name.to_owned(), bucket["requests"].as_u64().expect("a count is a number"))
    });
    assert_eq!(told.collect::<Vec<_>>(), expected, "{uri}");
}

/// Without parameters, a report is of thirty days before today, and of today.
pub(crate) async fn expect_default(house: &House, ledger: &Ledger, app: usize, today: u64) {
    let uri = format!("/v1/usage/{}", app_id(app));
    let report = house.ask(&uri).await.json();
    let series = report["timeseries"].as_array().expect("a series is a list");
    assert_eq!((series.len(), &report["period"]["granularity"]), (31, &json!("day")), "{report}");
    let hours = (today - 30) * 24..HOURS;
    assert_eq!(series[0]["date"], date(today - 30));
    assert_eq!(report["total_requests"], ledger.sum(app, hours, None).requests(), "{uri}");
}

fn assert_counts(what: &str, told: &Value, sum: &Sum, [requests, errors]: [&str; 2]) {
    assert_eq!(told[requests], sum.requests(), "{what}");
    assert_eq!(told[errors], sum.errors(), "{what}");
    assert_near(what, &told["avg_latency_ms"], sum.latency_mean_ms());
}

fn assert_bucket(what: &str, bucket: &Value, sum: &Sum) {
    assert_counts(what, bucket, sum, ["requests", "errors"]);
    assert_eq!(bucket["refused"], json!(sum.refused), "{what}");
    assert_near(what, &bucket["p99_latency_ms"], sum.latency_p99_ms());
}

fn assert_levels(what: &str, bucket: &Value, sum: &Sum) {
    assert_eq!(bucket["peak_connections"], sum.connections_peak, "{what}: {bucket}");
    assert_eq!(bucket["peak_documents"], sum.documents_peak, "{what}: {bucket}");
    assert_near(what, &bucket["mean_connections"], sum.connections_mean);
    assert_near(what, &bucket["mean_documents"], sum.documents_mean);
}

fn assert_percentage(what: &str, told: &Value, requests: u64, limit: Option<u64>) {
    match limit {
        None => assert_eq!(*told, Value::Null, "{what}"),
        Some(limit) => {
            let exact = requests as f64 * 100.0 / limit as f64;
            let told = told.as_f64().unwrap_or_else(|| panic!("{what}: no percentage"));
            assert!((told - exact).abs() <= 0.005_001, "{what}: {told} is not {exact}");
        }
    }
}

/// Equal, but for the rounding to three places.
fn assert_near(what: &str, told: &Value, exact: f64) {
    let told = told.as_f64().unwrap_or_else(|| panic!("{what}: {told} is no number"));
    assert!((told - exact).abs() <= 0.000_501, "{what}: {told} is not {exact}");
}

/// The digits of a number as they stand in the answer, which a float would not keep.
fn decimal(answer: &Answer, name: &str) -> String {
    let (_, rest) = answer.body.split_once(&format!("\"{name}\":")).expect("the answer names it");
    rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()
}

/// What requests cost at so many millionths of a dollar a million, in millionths of a millionth of a dollar.
fn picodollars(price: u64, requests: u64) -> u128 {
    u128::from(price) * u128::from(requests)
}

fn cost(price: u64, requests: u64) -> String {
    dollars(picodollars(price, requests))
}

fn dollars(picodollars: u128) -> String {
    const ONE: u128 = 1_000_000_000_000;
    let text = format!("{}.{:012}", picodollars / ONE, picodollars % ONE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
