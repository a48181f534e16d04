use super::record::{UsageRecord, encode_minute};
use super::tables::{APPS, DAYS, HOURS, MINUTES};
use domain::bounds::{PLATFORM_MINUTES_KEPT, USAGE_KEPT_DAYS};
use domain::calendar::{Day, Hour};
use domain::ids::AppKey;
use domain::ports::{NodeMinute, UsageAdd, Writer};
use redb::{ReadableTable, WriteTransaction};
use std::collections::BTreeMap;

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

    pub(super) fn apply(&mut self, change: &Change) -> Result<(), redb::Error> {
        match change {
            Change::Add { writer, sequence, add } => self.add(*writer, *sequence, add),
            Change::RollUp { app, before } => self.roll_up(app, *before),
            Change::Note(minute) => self.note(minute),
        }
    }

    /// Deletes what is older than any report of `today` goes back.
    pub(super) fn expire(&mut self, today: Day) -> Result<(), redb::Error> {
        let oldest = today.minus(USAGE_KEPT_DAYS + 1);
        let first = oldest.first_hour().0;
        self.hours.retain(|(_, _, hour), _| hour >= first)?;
        self.days.retain(|(_, _, day), _| day >= oldest.0)?;
        self.apps.retain(|_, (_, last)| last >= first)?;
        Ok(())
    }

    fn add(&mut self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), redb::Error> {
        let (tenant, app) = ids(&add.app);
        let (rolled_up_to, last) = self.apps.get((tenant, app))?.map_or((0, 0), |standing| standing.value());
        self.apps.insert((tenant, app), (rolled_up_to, last.max(add.hour.0)))?;
        let key = (tenant, app, add.hour.0);
        let mut record = match self.hours.get(key)? {
            Some(bytes) => decode(bytes.value())?,
            None => UsageRecord::default(),
        };
        record.add(writer, sequence, &add.usage);
        self.hours.insert(key, record.encode().as_slice())?;
        Ok(())
    }

    fn roll_up(&mut self, app: &AppKey, before: Day) -> Result<(), redb::Error> {
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
pub(super) fn decode(bytes: &[u8]) -> Result<UsageRecord, redb::Error> {
    UsageRecord::decode(bytes)
        .ok_or_else(|| redb::Error::Corrupted("a record of usage can't be read".to_owned()))
}
