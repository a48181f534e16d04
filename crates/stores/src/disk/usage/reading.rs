use super::change::{Failure, Unreadable, decode, ids};
use super::record::decode_minute;
use super::tables::{APPS, DAYS, HOURS, MINUTES};
use crate::usage::Parts;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::AppUsage;
use domain::ports::{NodeMinute, Resolution, Span, UsageStanding, Writer};
use redb::{ReadTransaction, ReadableTable, TableDefinition};
use std::ops::Range;

/// What is kept, as it stood when the reading began.
pub(super) struct Reading(pub(super) ReadTransaction);

impl Reading {
    pub(super) fn usage(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Failure> {
        let standing = self.0.open_table(APPS)?.get(ids(app))?.map(|standing| standing.value());
        let rolled_up_to = Day(standing.map_or(0, |(rolled_up_to, _)| rolled_up_to));
        let parts = Parts::of(from, to, resolution, rolled_up_to);
        let hour = |hour| Span { from: Hour(hour), hours: 1 };
        let day = |day| Span { from: Day(day).first_hour(), hours: 24 };
        let mut spans = self.spans(HOURS, app, parts.before.start.0..parts.before.end.0, hour)?;
        spans.extend(self.spans(DAYS, app, parts.days.start.0..parts.days.end.0, day)?);
        spans.extend(self.spans(HOURS, app, parts.after.start.0..parts.after.end.0, hour)?);
        Ok(spans)
    }

    pub(super) fn standings(&self) -> Result<Vec<UsageStanding>, Failure> {
        let mut standings = Vec::new();
        for standing in self.0.open_table(APPS)?.iter()? {
            let (key, value) = standing?;
            let ((tenant, app), (rolled_up_to, last)) = (key.value(), value.value());
            let app = app_key(tenant, app).ok_or(Unreadable("an app's name"))?;
            standings.push(UsageStanding { app, rolled_up_to: Day(rolled_up_to), last: Hour(last) });
        }
        Ok(standings)
    }

    pub(super) fn minutes(&self, from: u64, to: u64) -> Result<Vec<NodeMinute>, Failure> {
        let mut minutes = Vec::new();
        for noted in self.0.open_table(MINUTES)?.range((from, 0)..(to.max(from), 0))? {
            let (key, bytes) = noted?;
            let (minute, writer) = key.value();
            let noted = decode_minute(minute, Writer(writer), bytes.value());
            minutes.push(noted.ok_or(Unreadable("a minute"))?);
        }
        Ok(minutes)
    }

    fn spans(
        &self,
        table: TableDefinition<'_, (&'static str, &'static str, u64), &'static [u8]>,
        app: &AppKey,
        range: Range<u64>,
        span: impl Fn(u64) -> Span,
    ) -> Result<Vec<(Span, AppUsage)>, Failure> {
        let (tenant, app) = ids(app);
        let mut spans = Vec::new();
        for entry in self.0.open_table(table)?.range((tenant, app, range.start)..(tenant, app, range.end))? {
            let (key, bytes) = entry?;
            spans.push((span(key.value().2), decode(bytes.value())?.usage));
        }
        Ok(spans)
    }
}

fn app_key(tenant: &str, app: &str) -> Option<AppKey> {
    Some(AppKey { tenant: TenantId::parse(tenant).ok()?, app: AppId::parse(app).ok()? })
}
