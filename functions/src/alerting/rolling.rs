use super::{Alerting, AlertingReport, shares};
use crate::plane::answered_within;
use domain::calendar::Day;
use domain::ids::AppKey;
use domain::ports::{Unavailable, UsageStanding};
use domain::reports::settled_before;
use futures_util::stream::{self, StreamExt};
use std::time::Duration;
use tokio::time::timeout;

/// How long one app may take.
const APP_MAX: Duration = Duration::from_secs(5);
const APPS_AT_ONCE: usize = 8;

impl Alerting {
    /// Rolls up the settled days of apps that are behind.
    pub(super) async fn roll_up(&self, standings: &[UsageStanding], report: &mut AlertingReport) {
        let before = settled_before(self.now_unix_s());
        let behind: Vec<_> = standings
            .iter()
            .filter(|standing| is_behind(standing, before))
            .map(|standing| standing.app.clone())
            .collect();
        if timeout(shares::ROLLING, self.roll_up_all(behind, before, report)).await.is_err() {
            report.failed(Unavailable::new("usage", "rolling up all apps takes too long"));
        }
    }

    async fn roll_up_all(&self, behind: Vec<AppKey>, before: Day, report: &mut AlertingReport) {
        let mut rolls =
            stream::iter(behind).map(|app| self.roll_up_one(app, before)).buffer_unordered(APPS_AT_ONCE);
        while let Some(rolled) = rolls.next().await {
            match rolled {
                Ok(()) => report.rolled_up += 1,
                Err(failure) => report.failed(failure),
            }
        }
    }

    async fn roll_up_one(&self, app: AppKey, before: Day) -> Result<(), Unavailable> {
        answered_within(APP_MAX, "usage", self.usage.roll_up(&app, before)).await
    }
}

/// Whether days have settled since the last time, and anything was counted in them.
fn is_behind(standing: &UsageStanding, before: Day) -> bool {
    standing.rolled_up_to < before && standing.last.day() >= standing.rolled_up_to
}
