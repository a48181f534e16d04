//! Clauses of [`UsageLog`].

use super::ids::app;
use domain::calendar::{Day, Hour};
use domain::metering::{AppUsage, Endpoint, Levels, Reason};
use domain::ports::{Resolution, Span, UsageAdd, UsageLog, Writer};
use std::sync::Arc;
use std::time::Duration;

const DAY: Day = Day(20_000);

fn usage(requests: u64) -> AppUsage {
    let mut usage = AppUsage::default();
    usage.of_mut(Endpoint::Ops).answered(requests, Duration::from_micros(300));
    usage.of_mut(Endpoint::Connect).refused(Reason::parse("4004").unwrap(), Duration::from_secs(3));
    usage.levels =
        Levels { connections_peak: requests, documents_peak: 1, connections_ms: 9, documents_ms: requests };
    usage
}

fn add(hour: u64, requests: u64) -> UsageAdd {
    UsageAdd { app: app("a"), hour: Hour(hour), usage: usage(requests) }
}

fn one(hour: u64) -> Span {
    Span { from: Hour(hour), hours: 1 }
}

fn sum(parts: &[AppUsage]) -> AppUsage {
    let mut sum = AppUsage::default();
    parts.iter().for_each(|part| sum.add(part));
    sum
}

async fn read(log: &dyn UsageLog, from: u64, to: u64, resolution: Resolution) -> Vec<(Span, AppUsage)> {
    log.read(&app("a"), Hour(from), Hour(to), resolution).await.unwrap()
}

/// What several writers add to one hour adds up, and the highest peak stays.
pub async fn what_writers_add_to_an_hour_adds_up(log: Arc<dyn UsageLog>) {
    let hour = DAY.first_hour().0;
    for (writer, sequence, requests) in [(1, 1, 5), (2, 1, 3), (1, 2, 4)] {
        log.add(Writer(writer), sequence, &add(hour, requests)).await.unwrap();
    }
    let expected = sum(&[usage(5), usage(3), usage(4)]);
    assert_eq!(read(&*log, hour, hour + 1, Resolution::Hours).await, [(one(hour), expected)]);
}
