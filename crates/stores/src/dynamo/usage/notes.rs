//! The note that an app has usage, in an item of its own: how late that is, and how far its days are rolled up.

use super::usage_log::DynamoUsageLog;
use crate::dynamo::attributes::{Item, PARTITION, number};
use crate::dynamo::records::{metered_app, usage};
use crate::dynamo::table::Conditional;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::bounds::METERED_APPS_MAX;
use domain::calendar::{Day, Hour};
use domain::ids::AppKey;
use domain::ports::Unavailable;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Hours behind the last of an app that a writer with a right clock may add to: none whose day is rolled up.
const BEHIND_MAX: u64 = domain::bounds::USAGE_LATE_MAX_HOURS + 1;
/// How often roll-ups may come between the two halves of a look before an addition is not answered.
const REOPEN_ATTEMPTS: usize = 8;

/// What this process knows of where each app stands.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<HashMap<AppKey, Known>>);

/// What a process knows of where an app stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// An hour of its last day, which is noted.
    last: Hour,
    /// The day from which roll-ups are in doubt, as they had come further than any right clock lets them.
    doubted: Option<Day>,
}

impl Known {
    /// The day from which days are to be rolled up anew once an addition to `hour` is made.
    pub(super) fn reopens(&self, hour: Hour) -> Option<Day> {
        let is_late = hour.plus(BEHIND_MAX) < self.last;
        is_late.then(|| hour.day()).into_iter().chain(self.doubted).min()
    }
}

impl Notes {
    fn of(&self, app: &AppKey) -> Option<Known> {
        self.0.lock().get(app).copied()
    }

    fn remember(&self, app: &AppKey, known: Known) -> Known {
        let mut notes = self.0.lock();
        if notes.len() >= METERED_APPS_MAX && !notes.contains_key(app) {
            // They are noted once more, which changes nothing.
            notes.clear();
        }
        let kept = notes.entry(app.clone()).or_insert(known);
        kept.last = kept.last.max(known.last);
        kept.doubted = kept.doubted.into_iter().chain(known.doubted).min();
        *kept
    }

    fn settle(&self, app: &AppKey, from: Day) {
        if let Some(known) = self.0.lock().get_mut(app) {
            known.doubted = known.doubted.filter(|doubted| *doubted < from);
        }
    }
}

impl DynamoUsageLog {
    /// Makes the app known before anything of it is, and raises its last day: one write a day and process.
    pub(super) async fn note(&self, app: &AppKey, hour: Hour) -> Result<Known, Unavailable> {
        let before = self.notes.of(app);
        if let Some(known) = before.filter(|known| known.last.day() >= hour.day()) {
            return Ok(known);
        }
        let note = self
            .table
            .update(metered_app::key(app))
            .update_expression("SET #last = :last, #expires = :expires")
            .condition_expression("attribute_not_exists(#last) OR #last < :last")
            .expression_attribute_names("#last", metered_app::LAST)
            .expression_attribute_names("#expires", usage::EXPIRES)
            .expression_attribute_values(":last", number(hour.0))
            .expression_attribute_values(":expires", number(metered_app::expires(hour)))
            .return_values(ReturnValue::AllNew);
        let (Conditional::Done(item) | Conditional::Refused(item)) = self.table.updated(note).await?;
        let known = self.known(&item, hour, before)?;
        Ok(self.notes.remember(app, known))
    }

    /// What the app's item tells. Where its roll-ups have come to the day of the addition, nobody's clock let them do so
    /// rightly, and what this process has added since its last note is in doubt, too.
    fn known(&self, item: &Item, hour: Hour, before: Option<Known>) -> Result<Known, Unavailable> {
        let standing = self.decoded(metered_app::decode(item))?;
        let since = before.map_or(hour.day(), |known| known.last.day().minus(1));
        let doubted = (standing.rolled_up_to >= hour.day()).then_some(since.min(hour.day()));
        Ok(Known { last: standing.last, doubted })
    }

    /// Sees that the app's days from `day` on are rolled up anew, also where somebody is about to end a roll-up of them that
    /// has read their hours already.
    pub(super) async fn reopen(&self, app: &AppKey, day: Day) -> Result<(), Unavailable> {
        for _ in 0..REOPEN_ATTEMPTS {
            let lowers = ("SET #rolled = :day ADD #late :one", "#rolled > :day");
            let tells = (
                "ADD #late :one",
                "attribute_exists(#pk) AND (attribute_not_exists(#rolled) OR #rolled <= :day)",
            );
            for (update, condition) in [lowers, tells] {
                let reopening = self
                    .table
                    .update(metered_app::key(app))
                    .update_expression(update)
                    .condition_expression(condition)
                    .expression_attribute_names("#rolled", metered_app::ROLLED_UP_TO)
                    .expression_attribute_names("#late", metered_app::LATE)
                    .expression_attribute_values(":day", number(day.0))
                    .expression_attribute_values(":one", number(1u64));
                let is_told = condition == tells.1;
                let reopening =
                    if is_told { reopening.expression_attribute_names("#pk", PARTITION) } else { reopening };
                match self.table.updated(reopening).await? {
                    // Of an app that has expired nothing is rolled up.
                    Conditional::Refused(item) if !item.is_empty() => {}
                    Conditional::Refused(_) | Conditional::Done(_) => {
                        self.notes.settle(app, day);
                        return Ok(());
                    }
                }
            }
        }
        Err(self.table.unavailable("roll-ups of the app come too fast"))
    }
}
