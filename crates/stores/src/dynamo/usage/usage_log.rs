use super::notes::Notes;
use super::peaks::HighestPeaks;
use crate::dynamo::attributes::{Item, Undecodable, number, text};
use crate::dynamo::records::{metered_app, usage};
use crate::dynamo::table::Table;
use crate::usage::Parts;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::{AppUsage, Levels};
use domain::ports::{Resolution, Span, Unavailable, UsageAdd, UsageLog, UsageStanding, Writer};
use std::ops::Range;

/// The usage of each app: an item an hour, and one a day that is rolled up.
#[derive(Debug)]
pub(super) struct DynamoUsageLog {
    pub(super) table: Table,
    pub(super) notes: Notes,
    peaks: HighestPeaks,
}

impl DynamoUsageLog {
    pub(super) fn new(table: Table) -> Self {
        Self { table, notes: Notes::default(), peaks: HighestPeaks::default() }
    }

    async fn standing(&self, app: &AppKey) -> Result<Option<UsageStanding>, Unavailable> {
        let item = self.table.read(metered_app::key(app)).await?;
        if item.is_empty() { Ok(None) } else { self.decoded(metered_app::decode(&item)).map(Some) }
    }

    pub(super) async fn hours(
        &self,
        app: &AppKey,
        hours: Range<Hour>,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        if hours.is_empty() {
            return Ok(Vec::new());
        }
        let last = Hour(hours.end.0.saturating_sub(1));
        self.spans(app, usage::hour_sort(hours.start), usage::hour_sort(last)).await
    }

    async fn days(&self, app: &AppKey, days: Range<Day>) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        if days.is_empty() {
            return Ok(Vec::new());
        }
        self.spans(app, usage::day_sort(days.start), usage::day_sort(days.end.minus(1))).await
    }

    async fn spans(
        &self,
        app: &AppKey,
        first: String,
        last: String,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        let items = self.table.list_between(usage::partition(app), (&first, &last)).await?;
        self.decoded(items.iter().map(usage::decode).collect())
    }

    fn standings_of(&self, items: &[Item]) -> Vec<UsageStanding> {
        let standing = |item: &Item| self.table.legible(item, metered_app::decode(item));
        let mut standings: Vec<_> = items.iter().filter_map(standing).collect();
        // `a-b#c` comes before `a#b` in the table.
        standings.sort_unstable_by(|one, other| one.app.cmp(&other.app));
        standings
    }

    pub(super) fn decoded<T>(&self, decoded: Result<T, Undecodable>) -> Result<T, Unavailable> {
        decoded.map_err(|cause| self.table.unavailable(cause))
    }
}

#[async_trait::async_trait]
impl UsageLog for DynamoUsageLog {
    async fn add(&self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Unavailable> {
        let known = self.note(&add.app, add.hour).await?;
        let peaks = self.peaks.with(writer, add);
        let update = self.table.update(usage::hour_key(&add.app, add.hour));
        // Where the condition does not hold, it is written.
        self.table.updated(added(update, writer, sequence, add, &peaks)).await?;
        match known.reopens(add.hour) {
            Some(day) => self.reopen(&add.app, day).await,
            None => Ok(()),
        }
    }

    async fn read(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        let rolled_up_to = match resolution {
            Resolution::Hours => None,
            Resolution::Days => self.standing(app).await?.map(|standing| standing.rolled_up_to),
        };
        let parts = Parts::of(from, to, resolution, rolled_up_to.unwrap_or(Day(0)));
        let (mut spans, whole, rest) = tokio::try_join!(
            self.hours(app, parts.before),
            self.days(app, parts.days),
            self.hours(app, parts.after),
        )?;
        spans.extend(whole.into_iter().chain(rest));
        Ok(spans)
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        let prefix = metered_app::tenants(tenant);
        let items = self.table.list_of(metered_app::PARTITION.to_owned(), &prefix).await?;
        Ok(self.standings_of(&items).into_iter().map(|standing| standing.app.app).collect())
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        Ok(self.standings_of(&self.table.list(metered_app::PARTITION.to_owned()).await?))
    }

    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        self.roll_up_to(app, before).await
    }
}

/// Adds what adds up and sets what a writer alone writes, once for each of its sequence numbers.
fn added(
    update: UpdateItemFluentBuilder,
    writer: Writer,
    sequence: u64,
    add: &UsageAdd,
    peaks: &Levels,
) -> UpdateItemFluentBuilder {
    let mut set = "SET #w = :w, #e = if_not_exists(#e, :e)".to_owned();
    let mut update = update
        .condition_expression("attribute_not_exists(#w) OR #w < :w")
        .expression_attribute_names("#w", usage::mark(writer))
        .expression_attribute_names("#e", usage::EXPIRES)
        .expression_attribute_values(":w", number(sequence))
        .expression_attribute_values(":e", number(usage::expires_unix_s(add.hour.day())));
    if let Some(peaks) = usage::encode_peaks(peaks) {
        set += ", #p = :p";
        update = update
            .expression_attribute_names("#p", usage::peaks(writer))
            .expression_attribute_values(":p", text(peaks));
    }
    let mut sums = Vec::new();
    for (nth, (name, count)) in usage::counters(&add.usage).into_iter().enumerate() {
        sums.push(format!("#c{nth} :c{nth}"));
        update = update
            .expression_attribute_names(format!("#c{nth}"), name)
            .expression_attribute_values(format!(":c{nth}"), number(count));
    }
    let sums = if sums.is_empty() { String::new() } else { format!(" ADD {}", sums.join(", ")) };
    update.update_expression(set + &sums)
}
