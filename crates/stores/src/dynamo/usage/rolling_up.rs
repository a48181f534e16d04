use super::usage_log::DynamoUsageLog;
use crate::dynamo::attributes::{PARTITION, number};
use crate::dynamo::records::{metered_app, usage};
use crate::dynamo::table::Conditional;
use domain::bounds::USAGE_KEPT_DAYS;
use domain::calendar::Day;
use domain::ids::AppKey;
use domain::metering::AppUsage;
use domain::ports::Unavailable;
use std::collections::BTreeMap;

/// Days that are rolled up between two notes of how far they are: a month, whose hours fit into memory.
const AT_ONCE: u64 = 31;
/// Months that are rolled up in a row, those that have to be done again included: twice what is kept.
const ROUNDS_MAX: u64 = 2 * (USAGE_KEPT_DAYS / AT_ONCE + 1);

impl DynamoUsageLog {
    /// Rolls up month by month. Each begins where the app's item says and ends by raising that, unless something was added
    /// late since: then the month is done again.
    pub(super) async fn roll_up_to(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        let mut item = self.table.read(metered_app::key(app)).await?;
        for _ in 0..ROUNDS_MAX {
            if item.is_empty() {
                return Ok(());
            }
            let standing = self.decoded(metered_app::decode(&item))?;
            let from = standing.rolled_up_to.max(before.minus(USAGE_KEPT_DAYS + 1));
            if from >= before {
                return Ok(());
            }
            let to = before.min(from.plus(AT_ONCE));
            let late = self.decoded(metered_app::late(&item))?;
            self.roll_up_days(app, from, to, late).await?;
            item = match self.raise(app, to, late).await? {
                Conditional::Done(_) if to == before => return Ok(()),
                Conditional::Done(_) => self.table.read(metered_app::key(app)).await?,
                Conditional::Refused(item) => item,
            };
        }
        Err(self.table.unavailable("usage comes late faster than it is rolled up"))
    }

    /// Puts an item for each of these days that has usage, in place of one that knows of no more late additions.
    async fn roll_up_days(&self, app: &AppKey, from: Day, to: Day, late: u64) -> Result<(), Unavailable> {
        let mut days: BTreeMap<Day, AppUsage> = BTreeMap::new();
        for (span, usage) in self.hours(app, from.first_hour()..to.first_hour()).await? {
            days.entry(span.from.day()).or_default().add(&usage);
        }
        for (day, sum) in days {
            let put = self
                .table
                .put(usage::encode_day(app, day, &sum, late))
                .condition_expression("attribute_not_exists(#late) OR #late <= :late")
                .expression_attribute_names("#late", usage::LATE)
                .expression_attribute_values(":late", number(late));
            self.table.replaced(put).await?;
        }
        Ok(())
    }

    async fn raise(&self, app: &AppKey, rolled_up_to: Day, late: u64) -> Result<Conditional, Unavailable> {
        let is_as_read = if late == 0 { "attribute_not_exists(#late)" } else { "#late = :late" };
        let raise = self
            .table
            .update(metered_app::key(app))
            .update_expression("SET #day = :day")
            .condition_expression(format!(
                "attribute_exists(#pk) AND (attribute_not_exists(#day) OR #day < :day) AND {is_as_read}"
            ))
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_names("#day", metered_app::ROLLED_UP_TO)
            .expression_attribute_names("#late", metered_app::LATE)
            .expression_attribute_values(":day", number(rolled_up_to.0));
        let raise = if late == 0 { raise } else { raise.expression_attribute_values(":late", number(late)) };
        self.table.updated(raise).await
    }
}
