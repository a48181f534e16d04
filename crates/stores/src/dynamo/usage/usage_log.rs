use crate::dynamo::attributes::{Item, PARTITION, Undecodable, number, text};
use crate::dynamo::records::{metered_app, usage};
use crate::dynamo::table::Table;
use crate::usage::Parts;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::bounds::{METERED_APPS_MAX, USAGE_KEPT_DAYS};
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::AppUsage;
use domain::ports::{Resolution, Span, Unavailable, UsageAdd, UsageLog, UsageStanding, Writer};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Days that are rolled up between two notes of how far they are: a month, whose hours fit into memory.
const ROLLED_UP_AT_ONCE: u64 = 31;

/// The usage of each app: an item an hour, and one a day that is rolled up.
#[derive(Debug)]
pub(super) struct DynamoUsageLog {
    table: Table,
    /// The last hour of each app that this process has noted in the app's own item.
    noted: Mutex<HashMap<AppKey, Hour>>,
}

impl DynamoUsageLog {
    pub(super) fn new(table: Table) -> Self {
        Self { table, noted: Mutex::default() }
    }

    /// Makes the app known before anything of it is, and raises its last hour.
    async fn note(&self, app: &AppKey, hour: Hour) -> Result<(), Unavailable> {
        if self.noted.lock().get(app).is_some_and(|noted| *noted >= hour) {
            return Ok(());
        }
        let note = self
            .table
            .update(metered_app::key(app))
            .update_expression("SET #last = :last, #expires = :expires")
            .condition_expression("attribute_not_exists(#last) OR #last < :last")
            .expression_attribute_names("#last", metered_app::LAST)
            .expression_attribute_names("#expires", usage::EXPIRES)
            .expression_attribute_values(":last", number(hour.0))
            .expression_attribute_values(":expires", number(metered_app::expires(hour)));
        self.table.updated(note).await?;
        self.remember(app, hour);
        Ok(())
    }

    fn remember(&self, app: &AppKey, hour: Hour) {
        let mut noted = self.noted.lock();
        if noted.len() >= METERED_APPS_MAX && !noted.contains_key(app) {
            // They are noted once more, which changes nothing.
            noted.clear();
        }
        let last = noted.entry(app.clone()).or_insert(hour);
        *last = hour.max(*last);
    }

    async fn standing(&self, app: &AppKey) -> Result<Option<UsageStanding>, Unavailable> {
        let item = self.table.read(metered_app::key(app)).await?;
        if item.is_empty() { Ok(None) } else { self.decoded(metered_app::decode(&item)).map(Some) }
    }

    async fn hours(&self, app: &AppKey, hours: Range<Hour>) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
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

    /// Puts an item for each of these days that has usage. One that is there is the same, as its hours change no more.
    async fn roll_up_days(&self, app: &AppKey, from: Day, to: Day) -> Result<(), Unavailable> {
        let mut days: BTreeMap<Day, AppUsage> = BTreeMap::new();
        for (span, usage) in self.hours(app, from.first_hour()..to.first_hour()).await? {
            days.entry(span.from.day()).or_default().add(&usage);
        }
        for (day, sum) in days {
            let put = self.table.put(usage::encode_day(app, day, &sum));
            let put = put.condition_expression("attribute_not_exists(#pk)");
            self.table.replaced(put.expression_attribute_names("#pk", PARTITION)).await?;
        }
        self.raise(app, to).await
    }

    async fn raise(&self, app: &AppKey, rolled_up_to: Day) -> Result<(), Unavailable> {
        let raise = self
            .table
            .update(metered_app::key(app))
            .update_expression("SET #day = :day")
            .condition_expression("attribute_exists(#pk) AND (attribute_not_exists(#day) OR #day < :day)")
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_names("#day", metered_app::ROLLED_UP_TO)
            .expression_attribute_values(":day", number(rolled_up_to.0));
        self.table.updated(raise).await.map(drop)
    }

    fn standings_of(&self, items: &[Item]) -> Result<Vec<UsageStanding>, Unavailable> {
        let mut standings =
            self.decoded(items.iter().map(metered_app::decode).collect::<Result<Vec<_>, _>>())?;
        // `a-b#c` comes before `a#b` in the table.
        standings.sort_unstable_by(|one, other| one.app.cmp(&other.app));
        Ok(standings)
    }

    fn decoded<T>(&self, decoded: Result<T, Undecodable>) -> Result<T, Unavailable> {
        decoded.map_err(|cause| self.table.unavailable(cause))
    }
}

#[async_trait::async_trait]
impl UsageLog for DynamoUsageLog {
    async fn add(&self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Unavailable> {
        self.note(&add.app, add.hour).await?;
        let update = self.table.update(usage::hour_key(&add.app, add.hour));
        // Where the condition does not hold, it is written.
        self.table.updated(added(update, writer, sequence, add)).await.map(drop)
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
        Ok(self.standings_of(&items)?.into_iter().map(|standing| standing.app.app).collect())
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        self.standings_of(&self.table.list(metered_app::PARTITION.to_owned()).await?)
    }

    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        let Some(standing) = self.standing(app).await? else { return Ok(()) };
        let mut from = standing.rolled_up_to.max(before.minus(USAGE_KEPT_DAYS + 1));
        while from < before {
            let to = before.min(from.plus(ROLLED_UP_AT_ONCE));
            self.roll_up_days(app, from, to).await?;
            from = to;
        }
        Ok(())
    }
}

/// Adds what adds up and sets what a writer alone writes, once for each of its sequence numbers.
fn added(
    update: UpdateItemFluentBuilder,
    writer: Writer,
    sequence: u64,
    add: &UsageAdd,
) -> UpdateItemFluentBuilder {
    let mut set = "SET #w = :w, #e = if_not_exists(#e, :e)".to_owned();
    let mut update = update
        .condition_expression("attribute_not_exists(#w) OR #w < :w")
        .expression_attribute_names("#w", usage::mark(writer))
        .expression_attribute_names("#e", usage::EXPIRES)
        .expression_attribute_values(":w", number(sequence))
        .expression_attribute_values(":e", number(usage::expires_unix_s(add.hour.day())));
    if let Some(peaks) = usage::encode_peaks(&add.usage.levels) {
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
