use super::Unavailable;
use crate::calendar::{Day, Hour};
use crate::ids::{AppId, AppKey, TenantId};
use crate::metering::AppUsage;
use std::fmt;

/// A process in one of its lives, as the usage log knows it again: drawn at its start. Printed as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Writer(pub u64);

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// More usage of one app in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageAdd {
    /// Whose.
    pub app: AppKey,
    /// When.
    pub hour: Hour,
    /// What was counted since this writer's last addition; its peaks are the highest that the writer saw in that hour so far,
    /// or 0.
    pub usage: AppUsage,
}

/// How finely a range is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// By hours.
    Hours,
    /// Whole days may come as one.
    Days,
}

/// Some hours that usage was counted in: one, or the 24 of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first of them.
    pub from: Hour,
    /// How many: 1 or 24.
    pub hours: u64,
}

/// Where an app's usage stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageStanding {
    /// The app.
    pub app: AppKey,
    /// Days before this one are rolled up, each into one record.
    pub rolled_up_to: Day,
    /// An hour of the last day that anything was added to.
    pub last: Hour,
}

/// Counted usage over time.
///
/// # Contract
/// - [`UsageLog::add`] takes effect once: of additions by one writer to one app and hour, one whose sequence number is not
///   above that of the last that took effect changes nothing and is told that it is written. A writer sends its additions to
///   an app and hour one after the other, each until it is answered.
/// - Counts and times add up over writers; of peaks the highest stays, of one writer's too.
/// - Nothing is added to an hour more than [`crate::bounds::USAGE_LATE_MAX_HOURS`] after its end.
/// - [`UsageLog::read`] returns the spans with usage that lie in `from <= hour < to`, in order, and no hour twice. With
///   [`Resolution::Days`], days that are rolled up and lie wholly in the range come as one span. It sees every addition that
///   was answered before it began.
/// - [`UsageLog::roll_up`] sums up the days before `before`, for each from its hours, which stay; a repeat, or two at once, change
///   nothing. Whoever calls it says with `before` that nothing is added to those days any more.
/// - Where something is added all the same, as clocks may be wrong, the app's [`UsageStanding::rolled_up_to`] falls to its day
///   before the addition is answered, and the next [`UsageLog::roll_up`] replaces that day's record and those after it. An
///   addition less than two days before the app's last may be found out later: when its writer next adds to another day.
/// - [`UsageLog::standings`] lists every app of which usage is kept; [`UsageLog::apps`] those of one tenant.
/// - Hours and days are kept for [`crate::bounds::USAGE_KEPT_DAYS`] at least; one day that lies too far ahead, as of a clock
///   that is wrong, ends nothing.
/// - After [`Unavailable`] an addition may have been made; making it again is safe.
#[async_trait::async_trait]
pub trait UsageLog: Send + Sync + 'static {
    /// Adds usage, once for each writer and sequence number.
    async fn add(&self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Unavailable>;

    /// The usage of an app in a range of hours.
    async fn read(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable>;

    /// The apps of a tenant of which usage is kept, in order.
    async fn apps(&self, tenant: &TenantId) -> Result<Vec<AppId>, Unavailable>;

    /// Every app of which usage is kept, in order.
    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable>;

    /// Rolls up an app's days before `before` that are not.
    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable>;
}
