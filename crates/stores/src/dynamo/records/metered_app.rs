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
/// The attribute of the last hour that anything was added to.
pub(in crate::dynamo) const LAST: &str = "last";

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
