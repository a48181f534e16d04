use super::environment::Reader;
use super::mistakes::{Mistake, Mistakes};
use super::table::located;
use super::variables::USAGE;
use stores::dynamo::Access;
use stores::usage::{UsageAt, UsagePorts};

/// Where usage is kept, where that is said.
pub(super) fn usage_at(from: &mut Reader<'_>) -> Option<Option<UsageAt>> {
    match from.optional(USAGE, str::parse::<UsageAt>)? {
        Some(UsageAt::Table(table)) => Some(Some(UsageAt::Table(located(from, table)?))),
        other => Some(other),
    }
}

/// Where usage is kept, which must be said.
pub(super) fn required_usage_at(from: &mut Reader<'_>) -> Option<UsageAt> {
    match usage_at(from)? {
        None => from.note(Mistake::missing(USAGE)),
        usage => usage,
    }
}

/// The ports that lead there; nothing is sent yet.
pub(super) fn usage_ports(at: &UsageAt, access: &Access) -> Result<UsagePorts, Mistakes> {
    UsagePorts::open(at, access).map_err(|wrong| Mistake::combination(USAGE, wrong).into())
}
