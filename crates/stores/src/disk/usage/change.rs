use super::record::{UsageRecord, encode_minute};
use super::tables::{APPS, DAYS, HOURS, MINUTES};
use domain::bounds::{PLATFORM_MINUTES_KEPT, USAGE_KEPT_DAYS};
use domain::calendar::{Day, Hour};
use domain::ids::AppKey;
use domain::ports::{NodeMinute, UsageAdd, Writer};
use redb::{ReadableTable, WriteTransaction};
use std::collections::{BTreeMap, BTreeSet};

/// A change of what is kept.
#[derive(Debug)]
pub(super) enum Change {
    /// Adds usage, once for each writer and sequence number.
    Add { writer: Writer, sequence: u64, add: Box<UsageAdd> },
    /// Rolls up an app's days before a day.
    RollUp { app: AppKey, before: Day },
    /// Notes a node's minute.
    Note(NodeMinute),
}

/// Something of what is kept is not as this release writes it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0} can't be read")]
pub(super) struct Unreadable(pub(super) &'static str);

/// Why nothing came of a change, or of a look.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Something that it concerns can't be read; the rest can.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The database is at fault.
    #[error(transparent)]
    Database(#[from] redb::Error),
}

impl From<redb::StorageError> for Failure {
    fn from(error: redb::StorageError) -> Self {
        Self::Database(error.into())
    }
}

impl From<redb::TableError> for Failure {
    fn from(error: redb::TableError) -> Self {
        Self::Database(error.into())
    }
}

type Usage<'a> = redb::Table<'a, (&'static str, &'static str, u64), &'static [u8]>;

/// The tables in one transaction.
pub(super) struct Tables<'a> {
    hours: Usage<'a>,
    days: Usage<'a>,
    apps: redb::Table<'a, (&'static str, &'static str), (u64, u64)>,
    minutes: redb::Table<'a, (u64, u64), &'static [u8]>,
}

impl<'a> Tables<'a> {
    pub(super) fn open(transaction: &'a WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            hours: transaction.open_table(HOURS)?,
            days: transaction.open_table(DAYS)?,
            apps: transaction.open_table(APPS)?,
            minutes: transaction.open_table(MINUTES)?,
        })
    }

    /// Makes a change whole; one that fails as [`Failure::Unreadable`] has changed nothing.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), Failure> {
        match change {
            Change::Add { writer, sequence, add } => self.add(*writer, *sequence, add),
            Change::RollUp { app, before } => self.roll_up(app, *before),
            Change::Note(minute) => Ok(self.note(minute)?),
        }
    }

    /// Deletes what no report goes back to. The newest day may be that of a wrong clock, so that the one before it counts.
    pub(super) fn expire(&mut self) -> Result<(), redb::Error> {
        let Some(today) = self.second_newest_day()? else { return Ok(()) };
        let oldest = today.minus(USAGE_KEPT_DAYS + 1);
        let first = oldest.first_hour().0;
        self.hours.retain(|(_, _, hour), _| hour >= first)?;
        self.days.retain(|(_, _, day), _| day >= oldest.0)?;
        self.apps.retain(|_, (_, last)| last >= first)?;
        Ok(())
    }

    /// Of all days on which anything was added to any app.
    fn second_newest_day(&self) -> Result<Option<Day>, redb::Error> {
        let mut days = BTreeSet::new();
        for standing in self.apps.iter()? {
            let (key, value) = standing?;
            let ((tenant, app), last) = (key.value(), Hour(value.value().1).day());
            let earlier = (tenant, app, 0)..(tenant, app, last.first_hour().0);
            let before = self.hours.range(earlier)?.next_back().transpose()?;
            days.insert(last);
            days.extend(before.map(|(key, _)| Hour(key.value().2).day()));
        }
        Ok(days.into_iter().rev().nth(1))
    }

    fn add(&mut self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Failure> {
        let (tenant, app) = ids(&add.app);
        let key = (tenant, app, add.hour.0);
        let mut record = match self.hours.get(key)? {
            Some(bytes) => decode(bytes.value())?,
            None => UsageRecord::default(),
        };
        record.add(writer, sequence, &add.usage);
        self.hours.insert(key, record.encode().as_slice())?;
        let (rolled_up_to, last) = self.apps.get((tenant, app))?.map_or((0, 0), |standing| standing.value());
        let standing = (rolled_up_to.min(add.hour.day().0), last.max(add.hour.0));
        self.apps.insert((tenant, app), standing)?;
        Ok(())
    }

    fn roll_up(&mut self, app: &AppKey, before: Day) -> Result<(), Failure> {
        let (tenant, app) = ids(app);
        let Some((rolled_up_to, last)) = self.apps.get((tenant, app))?.map(|standing| standing.value())
        else {
            return Ok(());
        };
        if rolled_up_to >= before.0 {
            return Ok(());
        }
        let from = (tenant, app, Day(rolled_up_to).first_hour().0);
        let mut days: BTreeMap<Day, UsageRecord> = BTreeMap::new();
        for hour in self.hours.range(from..(tenant, app, before.first_hour().0))? {
            let (key, bytes) = hour?;
            let day = Hour(key.value().2).day();
            days.entry(day).or_default().usage.add(&decode(bytes.value())?.usage);
        }
        for (day, record) in days {
            self.days.insert((tenant, app, day.0), record.encode().as_slice())?;
        }
        self.apps.insert((tenant, app), (before.0, last))?;
        Ok(())
    }

    fn note(&mut self, minute: &NodeMinute) -> Result<(), redb::Error> {
        let oldest = minute.minute.saturating_sub(PLATFORM_MINUTES_KEPT);
        self.minutes.retain_in((0, 0)..(oldest, 0), |_, _| false)?;
        self.minutes.insert((minute.minute, minute.writer.0), encode_minute(minute).as_slice())?;
        Ok(())
    }
}

/// An app as the tables' keys have it.
pub(super) fn ids(app: &AppKey) -> (&str, &str) {
    (app.tenant.as_str(), app.app.as_str())
}

/// A record of a table.
pub(super) fn decode(bytes: &[u8]) -> Result<UsageRecord, Unreadable> {
    UsageRecord::decode(bytes).ok_or(Unreadable("a record of usage"))
}
