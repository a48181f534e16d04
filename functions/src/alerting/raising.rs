use super::memory::Settled;
use super::{Alerting, AlertingReport, shares};
use crate::plane::answered;
use crate::token::drawn;
use domain::alerts::{Event, EventKind};
use domain::bounds::ROLLED_UP_AFTER_HOURS;
use domain::calendar::{Hour, Month};
use domain::ids::{AppKey, EventId, PlanId};
use domain::ports::{Added, Resolution, Unavailable, UsageStanding};
use futures_util::stream::{self, StreamExt};
use std::collections::HashMap;
use tokio::time::timeout;

const APPS_AT_ONCE: usize = 32;

/// The monthly requests of each plan that has a number of them.
type PlanLimits = HashMap<PlanId, u64>;

impl Alerting {
    /// Raises what is to be told of the months that are under way.
    pub(super) async fn raise(&self, standings: Vec<UsageStanding>, report: &mut AlertingReport) {
        let months = months(self.now_unix_s());
        self.memory.keep(&months);
        let wanted = self.wanted(standings, &months);
        if timeout(shares::RAISING, self.look_at_all(wanted, report)).await.is_err() {
            report.failed(Unavailable::new("usage", "looking at all apps takes too long"));
        }
    }

    /// Each app that is due with each month that there may be something to tell of: that it was counted in, and not all of
    /// which was raised.
    fn wanted(&self, standings: Vec<UsageStanding>, months: &[Month]) -> Vec<(UsageStanding, Month)> {
        let now_unix_s = self.now_unix_s();
        // What became of apps while no process looked nobody knows.
        let is_first = self.memory.is_first_look();
        let due = standings
            .into_iter()
            .filter(|standing| is_first || self.looks.are_due(&standing.app, now_unix_s));
        let pairs = due.flat_map(|standing| months.iter().map(move |month| (standing.clone(), *month)));
        let is_open = |(standing, month): &(UsageStanding, Month)| {
            month.first_day().first_hour() <= standing.last
                && !self.memory.is_all_raised(&standing.app, *month)
        };
        pairs.filter(is_open).collect()
    }

    async fn look_at_all(&self, wanted: Vec<(UsageStanding, Month)>, report: &mut AlertingReport) {
        if wanted.is_empty() {
            return;
        }
        let limits = match answered("registry", self.registry.plans()).await {
            Ok(plans) => plans
                .into_iter()
                .filter_map(|plan| Some((plan.id, plan.monthly_requests?)))
                .collect::<PlanLimits>(),
            Err(failure) => return report.failed(failure),
        };
        let mut looks = stream::iter(wanted)
            .map(|(standing, month)| self.look(standing, month, &limits))
            .buffer_unordered(APPS_AT_ONCE);
        while let Some(raised) = looks.next().await {
            match raised {
                Ok(events) => report.raised += events,
                Err(failure) => report.failed(failure),
            }
        }
    }

    /// Raises what an app's month gives reason to. Returns how many events are new.
    async fn look(
        &self,
        standing: UsageStanding,
        month: Month,
        limits: &PlanLimits,
    ) -> Result<u64, Unavailable> {
        let app = &standing.app;
        let known = answered("registry", self.registry.app(app)).await?;
        let Some(limit) = known.and_then(|known| limits.get(&known.plan).copied()) else { return Ok(0) };
        let usage = self.requests_of(&standing, month).await?;
        let mut new = 0;
        for kind in EventKind::crossed(usage, limit) {
            if self.memory.is_raised(app, month, kind) {
                continue;
            }
            let event = self.event(app, month, kind, (usage, limit));
            if answered("alerts", self.alerts.raise(&event)).await? == Added::New {
                new += 1;
            }
            self.memory.raised(app, month, kind);
        }
        Ok(new)
    }

    /// The requests of an app's month. Days that are rolled up are read once for as long as the same ones are: should one
    /// of them be added to all the same, that is seen with the next that is rolled up, at the latest.
    async fn requests_of(&self, standing: &UsageStanding, month: Month) -> Result<u64, Unavailable> {
        let (begin, end) = (month.first_day(), month.next().first_day());
        let before = standing.rolled_up_to.clamp(begin, end);
        let known = self.memory.settled(&standing.app, month).filter(|settled| settled.before == before);
        let from = if known.is_some() { before } else { begin };
        let (from, to) = (from.first_hour(), end.first_hour());
        let mut requests = known.map_or(0, |settled| settled.requests);
        if from >= to {
            return Ok(requests);
        }
        let mut open = 0_u64;
        for (span, usage) in
            answered("usage", self.usage.read(&standing.app, from, to, Resolution::Days)).await?
        {
            let sum = if span.from < before.first_hour() { &mut requests } else { &mut open };
            *sum = sum.saturating_add(usage.total(None).requests);
        }
        self.memory.settles(&standing.app, month, Settled { before, requests });
        Ok(requests.saturating_add(open))
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
