//! Reports as they are answered.

use super::books::{Books, Terms};
use super::reading::{Series, TenantUsage};
use domain::ids::AppId;
use domain::metering::{AppUsage, Endpoint, UsageCounts};
use domain::money::Usd;
use domain::reports::{Bucket, Period, percent_hundredths};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const HOUR_MS: u64 = 60 * 60 * 1000;

/// The answer of `GET /v1/usage`.
#[derive(Serialize)]
pub(crate) struct Summary {
    period: Range,
    total_requests: u64,
    total_errors: u64,
    total_cost_usd: Box<RawValue>,
    by_api: Vec<Totals>,
    timeseries: Vec<Figures>,
}

/// The answer of `GET /v1/usage/{api_id}`.
#[derive(Serialize)]
pub(crate) struct Report {
    api_id: String,
    name: String,
    period: Range,
    total_requests: u64,
    total_errors: u64,
    avg_latency_ms: f64,
    cost_usd: Box<RawValue>,
    plan_limit: Option<u64>,
    usage_percentage: Option<f64>,
    timeseries: Vec<Figures>,
}

/// What was asked for, in normal form.
#[derive(Serialize)]
struct Range {
    from: String,
    to: String,
    granularity: &'static str,
}

/// One app over the whole range.
#[derive(Serialize)]
struct Totals {
    api_id: String,
    name: String,
    requests: u64,
    errors: u64,
    avg_latency_ms: f64,
    cost_usd: Box<RawValue>,
}

/// One bucket.
#[derive(Serialize)]
struct Figures {
    date: String,
    requests: u64,
    errors: u64,
    avg_latency_ms: f64,
    p99_latency_ms: f64,
    /// How many were refused for which reason.
    refused: BTreeMap<String, u64>,
    /// Of one app alone, as peaks of several don't add up: each was at a moment of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_connections: Option<u64>,
    mean_connections: f64,
    /// Of one app alone, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_documents: Option<u64>,
    mean_documents: f64,
}

impl Summary {
    /// A report over all apps on the books.
    pub(super) fn new(period: &Period, books: &Books, usage: TenantUsage, now_unix_ms: u64) -> Self {
        let TenantUsage { series, apps } = usage;
        let of_all = series.total().total(None);
        let counts = apps.iter().map(|usage| usage.total(None));
        let apps: Vec<_> = books.iter().zip(counts).collect();
        Self {
            period: range(period),
            total_requests: of_all.requests,
            total_errors: of_all.errors(),
            total_cost_usd: money(
                apps.iter().map(|((_, terms), counts)| terms.price.cost(counts.requests)).sum(),
            ),
            by_api: apps.iter().map(|((app, terms), counts)| totals(app, terms, counts)).collect(),
            timeseries: timeseries(&series, None, now_unix_ms).map(Figures::without_peaks).collect(),
        }
    }
}

impl Figures {
    fn without_peaks(self) -> Self {
        Self { peak_connections: None, peak_documents: None, ..self }
    }
}

impl Report {
    /// A report of one app, as far as one endpoint is asked for of that. How much of its plan is used is told of all.
    pub(super) fn new(
        (app, terms): (&AppId, &Terms),
        period: &Period,
        endpoint: Option<Endpoint>,
        series: &Series,
        now_unix_ms: u64,
    ) -> Self {
        let usage = series.total();
        let counts = usage.total(endpoint);
        let used = usage.total(None).requests;
        Self {
            api_id: app.to_string(),
            name: terms.name.clone(),
            period: range(period),
            total_requests: counts.requests,
            total_errors: counts.errors(),
            avg_latency_ms: mean_latency_ms(&counts),
            cost_usd: money(terms.price.cost(counts.requests)),
            plan_limit: terms.monthly_requests,
            usage_percentage: terms
                .monthly_requests
                .map(|limit| percent_hundredths(used, limit) as f64 / 100.0),
            timeseries: timeseries(series, endpoint, now_unix_ms).collect(),
        }
    }
}

fn range(period: &Period) -> Range {
    let granularity = period.granularity.name();
    Range { from: period.from.to_string(), to: period.to.to_string(), granularity }
}

fn totals(app: &AppId, terms: &Terms, counts: &UsageCounts) -> Totals {
    Totals {
        api_id: app.to_string(),
        name: terms.name.clone(),
        requests: counts.requests,
        errors: counts.errors(),
        avg_latency_ms: mean_latency_ms(counts),
        cost_usd: money(terms.price.cost(counts.requests)),
    }
}

fn timeseries(
    series: &Series,
    endpoint: Option<Endpoint>,
    now_unix_ms: u64,
) -> impl Iterator<Item = Figures> {
    let parts = series.buckets.iter().zip(&series.usage);
    parts.map(move |(bucket, usage)| figures(bucket, usage, endpoint, now_unix_ms))
}

fn figures(bucket: &Bucket, usage: &AppUsage, endpoint: Option<Endpoint>, now_unix_ms: u64) -> Figures {
    let counts = usage.total(endpoint);
    let past_ms = past_ms(bucket, now_unix_ms);
    Figures {
        date: bucket.date.clone(),
        requests: counts.requests,
        errors: counts.errors(),
        avg_latency_ms: mean_latency_ms(&counts),
        p99_latency_ms: counts.histogram.percentile(99).map_or(0.0, |time| time.as_micros() as f64 / 1000.0),
        refused: counts.refused.into_iter().map(|(reason, count)| (reason.to_string(), count)).collect(),
        peak_connections: Some(usage.levels.connections_peak),
        mean_connections: thousandths(usage.levels.connections_ms, past_ms),
        peak_documents: Some(usage.levels.documents_peak),
        mean_documents: thousandths(usage.levels.documents_ms, past_ms),
    }
}

/// How much of a bucket is past, in milliseconds: of one that is under way, means are over that.
fn past_ms(bucket: &Bucket, now_unix_ms: u64) -> u64 {
    let from_ms = bucket.from.starts_unix_s().saturating_mul(1000);
    now_unix_ms.saturating_sub(from_ms).min(bucket.hours().saturating_mul(HOUR_MS))
}

/// Milliseconds, to three decimals.
fn mean_latency_ms(counts: &UsageCounts) -> f64 {
    thousandths(counts.latency_us, counts.requests.saturating_mul(1000))
}

/// `sum` divided by `count`, rounded half up to three decimals; 0 where nothing was counted.
fn thousandths(sum: u64, count: u64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let (sum, count) = (u128::from(sum), u128::from(count));
    ((sum * 2000 + count) / (count * 2)) as f64 / 1000.0
}

/// An amount as a JSON number with every digit that it has.
fn money(amount: Usd) -> Box<RawValue> {
    RawValue::from_string(amount.to_string()).expect("an amount is printed as a JSON number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::calendar::Hour;
    use domain::money::PricePerMillion;

    #[test]
    fn ratios_are_rounded_half_up_to_three_decimals() {
        assert_eq!(thousandths(2, 3), 0.667);
        assert_eq!(thousandths(1, 2000), 0.001);
        assert_eq!(thousandths(1, 2001), 0.0);
        assert_eq!(thousandths(5, 0), 0.0);
        assert!(thousandths(u64::MAX, 1) > 1e19);
    }

    #[test]
    fn money_is_a_number_with_all_of_its_digits() {
        let price: PricePerMillion = "0.1".parse().unwrap();
        assert_eq!(money(price.cost(3)).get(), "0.0000003");
        assert_eq!(
            money("1000000".parse::<PricePerMillion>().unwrap().cost(u64::MAX)).get(),
            "18446744073709551615"
        );
        assert_eq!(money(Usd::ZERO).get(), "0");
    }

    #[test]
    fn a_bucket_that_is_under_way_is_as_long_as_what_is_past_of_it() {
        let bucket = Bucket { date: String::new(), from: Hour(10), to: Hour(12) };
        assert_eq!(past_ms(&bucket, 10 * HOUR_MS + 7), 7);
        assert_eq!(past_ms(&bucket, 20 * HOUR_MS), 2 * HOUR_MS);
        assert_eq!(past_ms(&bucket, 9 * HOUR_MS), 0);
    }
}
