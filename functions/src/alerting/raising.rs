use super::{Alerting, AlertingReport};
use crate::plane::answered;
use crate::token::drawn;
use domain::alerts::{Event, EventKind};
use domain::bounds::ROLLED_UP_AFTER_HOURS;
use domain::calendar::{Hour, Month};
use domain::ids::{AppKey, EventId, PlanId};
use domain::metering::AppUsage;
use domain::ports::{Added, Resolution, Unavailable, UsageStanding};
use futures_util::stream::{self, StreamExt};
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::timeout;

/// How much of a run goes into finding out what is to be told.
const STEP_MAX: Duration = Duration::from_secs(15);
const APPS_AT_ONCE: usize = 8;

/// What has been raised, so that it is not written again each minute.
pub(super) type Raised = HashSet<(AppKey, Month, EventKind)>;

/// The monthly requests of each plan that has a number of them.
type PlanLimits = HashMap<PlanId, u64>;

impl Alerting {
    /// Raises what is to be told of the months that are under way.
    pub(super) async fn raise(&self, standings: &[UsageStanding], report: &mut AlertingReport) {
        let limits = match answered("registry", self.registry.plans()).await {
            Ok(plans) => plans
                .into_iter()
                .filter_map(|plan| Some((plan.id, plan.monthly_requests?)))
                .collect::<PlanLimits>(),
            Err(failure) => return report.failed(failure),
        };
        let months = months(self.now_unix_s());
        self.forget_other_months(&months);
        let wanted = pairs(standings, &months);
        report.apps = standings.len() as u64;
        let in_time = timeout(STEP_MAX, async {
            let mut looks = stream::iter(wanted)
                .map(|(app, month)| self.look(app, month, &limits))
                .buffer_unordered(APPS_AT_ONCE);
            while let Some(raised) = looks.next().await {
                match raised {
                    Ok(events) => report.raised += events,
                    Err(failure) => report.failed(failure),
                }
            }
        });
        if in_time.await.is_err() {
            report.failed(Unavailable::new("usage", "looking at all apps takes too long"));
        }
    }

    /// Raises what an app's month gives reason to. Returns how many events are new.
    async fn look(&self, app: AppKey, month: Month, limits: &PlanLimits) -> Result<u64, Unavailable> {
        let known = answered("registry", self.registry.app(&app)).await?;
        let Some(limit) = known.and_then(|known| limits.get(&known.plan).copied()) else { return Ok(0) };
        let usage = self.requests_of(&app, month).await?;
        let mut new = 0;
        for kind in EventKind::crossed(usage, limit) {
            let key = (app.clone(), month, kind);
            if self.raised().contains(&key) {
                continue;
            }
            let event = self.event(&app, month, kind, (usage, limit));
            if answered("alerts", self.alerts.raise(&event)).await? == Added::New {
                new += 1;
            }
            self.raised().insert(key);
        }
        Ok(new)
    }

    async fn requests_of(&self, app: &AppKey, month: Month) -> Result<u64, Unavailable> {
        let (from, to) = (month.first_day().first_hour(), month.next().first_day().first_hour());
        let spans = answered("usage", self.usage.read(app, from, to, Resolution::Days)).await?;
        let requests = |usage: &AppUsage| usage.total(None).requests;
        Ok(spans.iter().fold(0, |sum, (_, usage)| sum.saturating_add(requests(usage))))
    }

    fn event(&self, app: &AppKey, period: Month, kind: EventKind, (usage, limit): (u64, u64)) -> Event {
        let id = format!("evt_{}", drawn::<2>(&*self.entropy));
        Event {
            id: EventId::parse(&id).expect("hex digits are an id"),
            kind,
            app: app.clone(),
            period,
            created_unix_s: self.now_unix_s(),
            plan_limit: limit,
            usage,
        }
    }

    fn raised(&self) -> std::sync::MutexGuard<'_, Raised> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_other_months(&self, months: &[Month]) {
        self.raised().retain(|(_, month, _)| months.contains(month));
    }
}

/// The month of this moment, and the one before while usage may still be added to it: what its last minutes bring is
/// written down after its end.
fn months(now_unix_s: u64) -> Vec<Month> {
    let this_hour = Hour::of_unix_s(now_unix_s);
    let month = this_hour.day().month();
    let begun = month.first_day();
    let is_settling = this_hour.0.saturating_sub(begun.first_hour().0) < ROLLED_UP_AFTER_HOURS;
    let before = is_settling.then(|| begun.minus(1).month()).filter(|before| *before != month);
    [Some(month), before].into_iter().flatten().collect()
}

/// Each app with each of these months, but for months that begin after the last hour that it was counted in.
fn pairs(standings: &[UsageStanding], months: &[Month]) -> Vec<(AppKey, Month)> {
    let of_app = |standing: &UsageStanding| {
        let (app, last) = (standing.app.clone(), standing.last);
        let begun = months.iter().filter(move |month| month.first_day().first_hour() <= last);
        begun.map(|month| (app.clone(), *month)).collect::<Vec<_>>()
    };
    standings.iter().flat_map(of_app).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::calendar::parse_rfc3339;

    #[test]
    fn a_month_is_looked_at_until_nothing_can_be_added_to_it() {
        let months_at = |at: &str| -> Vec<String> {
            months(parse_rfc3339(at).unwrap()).iter().map(Month::to_string).collect()
        };
        assert_eq!(months_at("2026-12-31T23:59:59Z"), ["2026-12"]);
        assert_eq!(months_at("2027-01-01T00:00:00Z"), ["2027-01", "2026-12"]);
        assert_eq!(months_at("2027-01-02T01:59:59Z"), ["2027-01", "2026-12"]);
        assert_eq!(months_at("2027-01-02T02:00:00Z"), ["2027-01"]);
        assert_eq!(months_at("1970-01-01T00:00:00Z"), ["1970-01"]);
    }
}
