//! Eleven weeks of three apps, over New Year, a month's ends and a leap day, on a clock that is turned by hand: every report, at
//! every granularity, is what was really sent.
//!
//! Recorders, logs, roll-ups and the reports' router are the real ones; between recorders and log, calls and answers are lost
//! and doubled, and each writer is late for hours now and then. `WIRESOCKET_SEED` gives another season.
#![allow(clippy::print_stdout, reason = "the seed is printed")]

mod calendar;
mod house;
mod ledger;
mod reports;
mod traffic;

use calendar::{DAYS, Division, HOURS, SPECIAL_DAYS};
use domain::metering::Endpoint;
use domain::ports::UsageLog;
use house::House;
use house_tests::Dynamo;
use ledger::Ledger;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reports::{Asked, expect_default, expect_report, expect_summary};
use std::ops::Range;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::memory::MemoryUsageLog;
use stores::usage::UsagePorts;
use tempfile::TempDir;
use traffic::APPS;

/// Days of the longest report by hour.
const HOURLY_DAYS_MAX: u64 = 31;

#[tokio::test]
async fn a_season_in_memory_is_reported_as_it_was() {
    Box::pin(expect_season(Arc::new(MemoryUsageLog::new()), Scale::WHOLE)).await;
}

#[tokio::test]
async fn a_season_on_disk_is_reported_as_it_was() {
    let folder = TempDir::with_prefix("wiresocket-month-").expect("the temporary folder can be written");
    let usage = UsagePorts::in_folder(folder.path()).expect("an empty folder is opened");
    Box::pin(expect_season(usage.log, Scale::SAMPLE)).await;
}

#[tokio::test]
async fn a_season_on_dynamo_is_reported_as_it_was() {
    let dynamo = Dynamo::start();
    let table = format!("usage,endpoint={}", dynamo.endpoint()).parse().expect("it is a table");
    let usage = Access::of_function().usage(&table).expect("an endpoint needs no region");
    usage.create_table().await.expect("an empty DynamoDB takes a table");
    Box::pin(expect_season(usage.log(), Scale::SAMPLE)).await;
}

/// How much happens in a season, and how much is asked about it.
struct Scale {
    /// How likely an app has something to do in an hour.
    busy: f64,
    /// Apps that are asked about at each boundary; about all of them, the whole season is asked.
    apps_at_boundaries: usize,
    /// Drawn ranges by each division.
    drawn_ranges: usize,
}

impl Scale {
    /// Where calls cost nothing.
    const WHOLE: Self = Self { busy: 0.12, apps_at_boundaries: APPS, drawn_ranges: 8 };
    /// Where each one is written to a disk or goes through a server.
    const SAMPLE: Self = Self { busy: 0.02, apps_at_boundaries: 1, drawn_ranges: 2 };
}

/// The season in this log, and all that is asked about it.
async fn expect_season(log: Arc<dyn UsageLog>, scale: Scale) {
    let seed = seed();
    println!("WIRESOCKET_SEED={seed}");
    let traffic = traffic::drawn(seed, scale.busy);
    let ledger = Ledger::of(&traffic.moments);
    let mut house = House::built(log, seed).await;
    house.live(&traffic).await;
    for app in 0..APPS {
        expect_whole(&house, &ledger, app).await;
        expect_default(&house, &ledger, app, DAYS + 1).await;
    }
    for app in 0..scale.apps_at_boundaries {
        expect_boundaries(&house, &ledger, app).await;
        expect_endpoints(&house, &ledger, app).await;
    }
    expect_drawn_ranges(&house, &ledger, seed, scale.drawn_ranges).await;
}

fn seed() -> u64 {
    let given = std::env::var("WIRESOCKET_SEED").ok();
    given.map_or(20_271_220, |text| {
        text.parse().unwrap_or_else(|_| panic!("WIRESOCKET_SEED is no number: {text}"))
    })
}

/// The whole season by each division; hours, days, weeks and months add up to the same.
async fn expect_whole(house: &House, ledger: &Ledger, app: usize) {
    let total = ledger.sum(app, 0..HOURS, None).requests();
    assert!(total > 100, "a season of {total} requests shows nothing");
    for division in [Division::Day, Division::Week, Division::Month] {
        let buckets = expect_report(house, ledger, app, &Asked::of(0..HOURS, division)).await;
        assert_eq!(buckets.iter().sum::<u64>(), total, "{division:?}");
    }
    let mut by_hour = 0;
    for first in (0..DAYS).step_by(HOURLY_DAYS_MAX as usize) {
        let hours = days(first..(first + HOURLY_DAYS_MAX).min(DAYS));
        by_hour +=
            expect_report(house, ledger, app, &Asked::of(hours, Division::Hour)).await.iter().sum::<u64>();
    }
    assert_eq!(by_hour, total);
}

/// The last day and the first, their last and first hour, and the hours about midnight of each special day.
async fn expect_boundaries(house: &House, ledger: &Ledger, app: usize) {
    for day in SPECIAL_DAYS {
        for range in
            [days(day - 1..day), days(day..day + 1), days(day - 1..day + 1), day * 24 - 3..day * 24 + 2]
        {
            for division in Division::ALL {
                expect_report(house, ledger, app, &Asked::of(range.clone(), division)).await;
            }
        }
        let last_and_first = [day * 24 - 1..day * 24, day * 24..day * 24 + 1];
        for hour in last_and_first.into_iter().filter(|hour| hour.end % 24 != 0) {
            let buckets = expect_report(house, ledger, app, &Asked::of(hour, Division::Hour)).await;
            assert!(buckets.len() == 1 && buckets[0] >= 2, "both ends of that hour have a request");
        }
    }
}

async fn expect_endpoints(house: &House, ledger: &Ledger, app: usize) {
    let total = ledger.sum(app, 0..HOURS, None).requests();
    let mut of_all = 0;
    for endpoint in Endpoint::ALL {
        let asked = Asked { endpoint: Some(endpoint), ..Asked::of(0..HOURS, Division::Week) };
        of_all += expect_report(house, ledger, app, &asked).await.iter().sum::<u64>();
    }
    assert_eq!(of_all, total);
}

async fn expect_drawn_ranges(house: &House, ledger: &Ledger, seed: u64, ranges: usize) {
    let mut chance = StdRng::seed_from_u64(seed);
    for division in Division::ALL {
        for _ in 0..ranges {
            let first = chance.random_range(0..DAYS);
            let last = chance.random_range(first..(first + HOURLY_DAYS_MAX).min(DAYS));
            let asked = Asked::of(days(first..last + 1), division);
            expect_summary(house, ledger, &asked).await;
            expect_report(house, ledger, chance.random_range(0..APPS), &asked).await;
            let start = chance.random_range(0..HOURS - 800);
            let hours = start..start + chance.random_range(1..700);
            expect_report(house, ledger, chance.random_range(0..APPS), &Asked::of(hours, division)).await;
        }
    }
}

fn days(days: Range<u64>) -> Range<u64> {
    days.start * 24..days.end * 24
}
