use super::report::Outcome;
use super::{Alerting, AlertingReport, LISTING_MAX};
use crate::plane::{answered, answered_within};
use crate::webhooks::sealed_as;
use domain::alerts::{Delivery, DeliveryState, Webhook};
use domain::bounds::WEBHOOK_DEADLINE;
use domain::ports::{Unavailable, Undelivered};
use futures_util::stream::{self, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// When after a run's begin no delivery is taken on any more: each that is has time to be tried, and to be written down.
const TAKEN_ON_WITHIN: Duration = Duration::from_secs(35);
/// Deliveries that are tried at once.
const TRIED_AT_ONCE: usize = 8;
/// What a delivery that nobody waits for any more is parked with.
const NOWHERE: &str = "the webhook was deleted";

impl Alerting {
    /// Tries every delivery that is due, those first that were tried least: a receiver that hangs holds up its own.
    pub(super) async fn deliver(&self, begun: Instant, report: &mut AlertingReport) {
        let pending = match answered_within(LISTING_MAX, "alerts", self.alerts.pending()).await {
            Ok(pending) => pending,
            Err(failure) => return report.failed(failure),
        };
        let now_unix_s = self.now_unix_s();
        let (mut due, rest): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|delivery| delivery.is_due(now_unix_s));
        rest.iter().for_each(|delivery| report.pends(delivery, now_unix_s));
        due.sort_by_key(|delivery| (delivery.tries, delivery.due_unix_s));
        let mut tries = stream::iter(due)
            .map(|delivery| async move { (self.try_in_time(&delivery, begun).await, delivery) })
            .buffer_unordered(TRIED_AT_ONCE);
        while let Some((outcome, delivery)) = tries.next().await {
            report.came_of(&delivery, outcome, now_unix_s);
        }
    }

    async fn try_in_time(&self, delivery: &Delivery, begun: Instant) -> Result<Outcome, Unavailable> {
        if begun.elapsed() > TAKEN_ON_WITHIN {
            return Ok(Outcome::Left);
        }
        self.try_one(delivery).await
    }

    /// Takes a delivery on, tries it, and writes down what came of it. Where that can't be written down, it is due again when
    /// whoever took it on is believed to be gone, and the receiver gets it twice.
    async fn try_one(&self, delivery: &Delivery) -> Result<Outcome, Unavailable> {
        let claimed = delivery.claimed(self.now_unix_s(), &*self.entropy);
        if !answered("alerts", self.alerts.change(delivery, &claimed)).await? {
            return Ok(Outcome::Left);
        }
        let tried = self.tried(&claimed).await?;
        if tried.state != DeliveryState::Delivered {
            tell(&tried);
        }
        let is_written = answered("alerts", self.alerts.change(&claimed, &tried)).await?;
        Ok(match tried.state {
            _ if !is_written => Outcome::Left,
            DeliveryState::Delivered => Outcome::Delivered,
            DeliveryState::Pending => Outcome::Failed,
            DeliveryState::Parked => Outcome::Parked,
        })
    }

    async fn tried(&self, claimed: &Delivery) -> Result<Delivery, Unavailable> {
        let webhooks = answered("alerts", self.alerts.webhooks(&claimed.tenant)).await?;
        let Some(webhook) = webhooks.into_iter().find(|webhook| webhook.id == claimed.webhook) else {
            return Ok(claimed.parked(NOWHERE));
        };
        Ok(match self.send(claimed, &webhook).await {
            Ok(()) => claimed.delivered(),
            Err(Undelivered(why)) => claimed.failed(&why, self.now_unix_s(), &*self.entropy),
        })
    }

    async fn send(&self, claimed: &Delivery, webhook: &Webhook) -> Result<(), Undelivered> {
        let key = sealed_as(&webhook.id);
        let opening = self.vault.open(&webhook.tenant, &key, &webhook.sealed_secret);
        let secret = answered("vault", opening).await.map_err(|failure| Undelivered(failure.to_string()))?;
        let (event, now_unix_s) = (claimed.event.as_str(), self.now_unix_s());
        let delivering = self.courier.deliver(&webhook.url, &secret, event, &claimed.body, now_unix_s);
        let overdue = |_| Undelivered("no answer within the deadline".to_owned());
        timeout(WEBHOOK_DEADLINE, delivering).await.map_err(overdue)?
    }
}

/// A receiver's fault is its tenant's to mend: an operator is to find it, and need not act.
fn tell(tried: &Delivery) {
    let Delivery { tenant, webhook, event, tries, last_failure, .. } = tried;
    tracing::warn!(%tenant, %webhook, %event, tries, cause = last_failure, "a webhook did not take a delivery");
}
