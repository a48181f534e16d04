//! An event that was raised, and whether each of its deliveries was added.

use super::pin::EXPIRES;
use crate::alerts::kept;
use crate::dynamo::attributes::{Item, Key, SORT, Undecodable, number, text};
use domain::alerts::{Event, EventKind};
use domain::calendar::Month;
use domain::ids::{AppId, AppKey, EventId, TenantId};

/// The attribute of the event's id.
pub(in crate::dynamo) const ID: &str = "id";
/// The attribute that says that each of its deliveries was added. Absent before.
pub(in crate::dynamo) const SPREAD: &str = "spread";

const PARTITION: &str = "EVENTS";
const CREATED: &str = "created";
const PLAN_LIMIT: &str = "plan_limit";
const USAGE: &str = "usage";

/// What an event is called among all that are ever raised: the same for all of one app, month and kind.
pub(in crate::dynamo) fn name(event: &Event) -> String {
    let AppKey { tenant, app } = &event.app;
    format!("{tenant}#{app}#{}#{}", event.period, event.kind.name())
}

pub(in crate::dynamo) fn key(name: &str) -> Key {
    Key::new(PARTITION, name)
}

pub(in crate::dynamo) fn encode(event: &Event) -> Item {
    Item::at(key(&name(event)))
        .with(ID, text(event.id.as_str()))
        .with(CREATED, number(event.created_unix_s))
        .with(PLAN_LIMIT, number(event.plan_limit))
        .with(USAGE, number(event.usage))
        .with(EXPIRES, number(kept::event_until_unix_s(event)))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<Event, Undecodable> {
    let (app, period, kind) = named(item.text(SORT)?).ok_or_else(|| Undecodable::new(SORT, "an event"))?;
    Ok(Event {
        id: item.parsed(ID, "an event's id", EventId::parse)?,
        kind,
        app,
        period,
        created_unix_s: item.number(CREATED)?,
        plan_limit: item.number(PLAN_LIMIT)?,
        usage: item.number(USAGE)?,
    })
}

fn named(name: &str) -> Option<(AppKey, Month, EventKind)> {
    let mut parts = name.split('#');
    let tenant = TenantId::parse(parts.next()?).ok()?;
    let app = AppId::parse(parts.next()?).ok()?;
    let (period, kind) = (Month::parse(parts.next()?)?, EventKind::parse(parts.next()?)?);
    parts.next().is_none().then_some((AppKey { tenant, app }, period, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn event() -> impl Strategy<Value = Event> {
        let kind = prop::sample::select(&EventKind::ALL[..]);
        let counts = any::<(u64, u64, u64)>();
        (arbitrary::id(), kind, arbitrary::app(), 0..200_000_000_000_u64, counts).prop_map(
            |(id, kind, app, moment, (created_unix_s, plan_limit, usage))| Event {
                id: EventId::parse(&id).unwrap(),
                kind,
                app,
                period: Month::of_unix_s(moment),
                created_unix_s,
                plan_limit,
                usage,
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn an_event_is_read_as_it_was_written(event in event()) {
            prop_assert_eq!(decode(&encode(&event)), Ok(event));
        }

        #[test]
        fn events_of_one_app_month_and_kind_share_a_key(one in event(), other in event()) {
            let subject = |event: &Event| (event.app.clone(), event.period, event.kind);
            prop_assert_eq!(name(&one) == name(&other), subject(&one) == subject(&other));
        }
    }

    #[test]
    fn what_is_no_event_is_named() {
        for name in
            ["", "t#a#2026-01", "t#a#2026-13#usage.limit_reached", "t#a#2026-01#usage.limit_reached#x"]
        {
            let item = Item::default().with(SORT, text(name));
            assert_eq!(decode(&item), Err(Undecodable::new(SORT, "an event")), "{name}");
        }
    }
}
