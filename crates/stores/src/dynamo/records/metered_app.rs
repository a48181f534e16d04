//! An app of which usage is kept: how far its days are rolled up, and when anything was counted last.

use super::usage::expires_unix_s;
use crate::dynamo::attributes::{Item, Key, SORT, Undecodable};
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::ports::UsageStanding;

/// The partition of all apps.
pub(in crate::dynamo) const PARTITION: &str = "APPS";
/// The attribute of the day before which all are rolled up; absent where none is.
pub(in crate::dynamo) const ROLLED_UP_TO: &str = "rolled_up_to";
/// The attribute of an hour of the last day that anything was added to.
pub(in crate::dynamo) const LAST: &str = "last";
/// The attribute of how often something was added to a day that may have been rolled up; absent where that never was.
pub(in crate::dynamo) const LATE: &str = "late";

pub(in crate::dynamo) fn key(app: &AppKey) -> Key {
    Key::new(PARTITION, format!("{}{}", tenants(&app.tenant), app.app))
}

/// How the sort keys of a tenant's apps begin. Ids hold no `#`, so no other tenant's do.
pub(in crate::dynamo) fn tenants(tenant: &TenantId) -> String {
    format!("{tenant}#")
}

/// When the item may be deleted: with the last hour's.
pub(in crate::dynamo) fn expires(last: Hour) -> u64 {
    expires_unix_s(last.day())
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<UsageStanding, Undecodable> {
    let app = item.parsed(SORT, "an app", |sort| {
        let (tenant, app) = sort.split_once('#').ok_or(())?;
        let (tenant, app) = (TenantId::parse(tenant).map_err(|_| ())?, AppId::parse(app).map_err(|_| ())?);
        Ok::<_, ()>(AppKey { tenant, app })
    })?;
    Ok(UsageStanding {
        app,
        rolled_up_to: Day(item.number_if_any(ROLLED_UP_TO)?.unwrap_or(0)),
        last: Hour(item.number(LAST)?),
    })
}

/// How often something was added late.
pub(in crate::dynamo) fn late(item: &Item) -> Result<u64, Undecodable> {
    Ok(item.number_if_any(LATE)?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::attributes::number;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn an_app_is_read_as_it_was_written(
            app in arbitrary::app(), last: u64, rolled_up_to in prop::option::of(any::<u64>()),
        ) {
            let item = Item::at(key(&app)).with(LAST, number(last));
            let item = rolled_up_to.into_iter().fold(item, |item, day| item.with(ROLLED_UP_TO, number(day)));
            let rolled_up_to = Day(rolled_up_to.unwrap_or(0));
            prop_assert_eq!(decode(&item), Ok(UsageStanding { app, rolled_up_to, last: Hour(last) }));
        }

        #[test]
        fn only_a_tenants_own_apps_begin_with_its_name(one in arbitrary::app(), other in arbitrary::app()) {
            let begins = key(&one).sort.starts_with(&tenants(&other.tenant));
            prop_assert_eq!(begins, one.tenant == other.tenant);
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }
    }

    #[test]
    fn what_names_no_app_is_refused() {
        for bad in ["", "t", "t#", "#a", "t#a#b"] {
            let item = Item::at(Key::new(PARTITION, bad)).with(LAST, number(1u64));
            assert_eq!(decode(&item), Err(Undecodable::new(SORT, "an app")), "{bad}");
        }
    }
}
