use super::books::Books;
use crate::plane::answered_within;
use domain::ids::{AppKey, TenantId};
use domain::metering::AppUsage;
use domain::ports::{Resolution, Span, Unavailable, UsageLog};
use domain::reports::{Bucket, Granularity, Period, buckets, filled};
use futures_util::stream::{self, StreamExt};
use std::time::Duration;

/// How long reading a report may take: less than the time after which Lambda would end the function (10 s), so that whoever
/// asks hears of it from us.
const READING_MAX: Duration = Duration::from_secs(7);
/// Apps that are read at once. What each brings is summed up before the next ones come, so that this bounds memory too.
const APPS_AT_ONCE: usize = 16;

/// What was counted in each part of a range.
pub(super) struct Series {
    pub(super) buckets: Vec<Bucket>,
    /// Of each bucket.
    pub(super) usage: Vec<AppUsage>,
}

/// What was counted of all apps of a tenant.
pub(super) struct TenantUsage {
    /// Of all together.
    pub(super) series: Series,
    /// Of each app, over the whole range, in the order of the books.
    pub(super) apps: Vec<AppUsage>,
}

impl Series {
    fn empty(period: &Period) -> Self {
        let buckets = buckets(period);
        Self { usage: vec![AppUsage::default(); buckets.len()], buckets }
    }

    fn add(&mut self, spans: &[(Span, AppUsage)]) {
        let filled = filled(&self.buckets, spans);
        self.usage.iter_mut().zip(&filled).for_each(|(sum, more)| sum.add(more));
    }

    /// Over the whole range.
    pub(super) fn total(&self) -> AppUsage {
        total(&self.usage)
    }
}

/// Reads one app's range.
pub(super) async fn app_usage(
    log: &dyn UsageLog,
    app: &AppKey,
    period: &Period,
) -> Result<Series, Unavailable> {
    let mut series = Series::empty(period);
    series.add(&answered_within(READING_MAX, "usage", spans(log, app, period)).await?);
    Ok(series)
}

/// Reads the range of all apps on the books.
pub(super) async fn tenant_usage(
    log: &dyn UsageLog,
    tenant: &TenantId,
    books: &Books,
    period: &Period,
) -> Result<TenantUsage, Unavailable> {
    answered_within(READING_MAX, "usage", async {
        let mut sums = TenantUsage { series: Series::empty(period), apps: Vec::new() };
        let apps = books.keys(tenant);
        let mut reads = stream::iter(apps)
            .map(|app| async move { spans(log, &app, period).await })
            .buffered(APPS_AT_ONCE);
        while let Some(spans) = reads.next().await {
            let spans = spans?;
            sums.apps.push(total(spans.iter().map(|(_, usage)| usage)));
            sums.series.add(&spans);
        }
        Ok(sums)
    })
    .await
}

async fn spans(
    log: &dyn UsageLog,
    app: &AppKey,
    period: &Period,
) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
    let resolution = match period.granularity {
        Granularity::Hour => Resolution::Hours,
        Granularity::Day | Granularity::Week | Granularity::Month => Resolution::Days,
    };
    log.read(app, period.first_hour(), period.end_hour(), resolution).await
}

fn total<'u>(parts: impl IntoIterator<Item = &'u AppUsage>) -> AppUsage {
    let mut total = AppUsage::default();
    parts.into_iter().for_each(|part| total.add(part));
    total
}
