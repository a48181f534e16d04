use super::report::Outcome;
use super::turns::Turns;
use super::{Alerting, AlertingReport, shares};
use crate::plane::{answered, answered_within};
use crate::webhooks::sealed_as;
use domain::alerts::{Delivery, DeliveryState, Webhook};
use domain::bounds::WEBHOOK_DEADLINE;
use domain::ports::{Unavailable, Undelivered};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, timeout};

/// Deliveries that are tried at once: many more than one tenant may have.
const TRIED_AT_ONCE: usize = 32;
/// Why a delivery goes nowhere.
const NOWHERE: &str = "the webhook was deleted";

impl Alerting {
    /// Tries every delivery that is due, as far as they come to it by then. Returns those that are left.
    pub(super) async fn deliver(
        &self,
        taken_on_until: Instant,
        report: &mut AlertingReport,
    ) -> Vec<Delivery> {
        let pending = match answered_within(shares::LISTING, "alerts", self.alerts.pending()).await {
            Ok(pending) => pending,
            Err(failure) => {
                report.failed(failure);
                return Vec::new();
            }
        };
        let now_unix_s = self.now_unix_s();
        let (due, mut left): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|delivery| delivery.is_due(now_unix_s));
        let (mut turns, mut tries) = (Turns::of(due), FuturesUnordered::new());
        loop {
            while tries.len() < TRIED_AT_ONCE && Instant::now() < taken_on_until {
                let Some(delivery) = turns.next() else { break };
                tries.push(self.try_one(delivery));
            }
            let Some((delivery, outcome)) = tries.next().await else { break };
            turns.ended(&delivery.tenant);
            if report.came_of(outcome) {
                left.push(delivery);
            }
        }
        left.extend(turns.left());
        left
    }

    /// Tries a delivery. Returns it as it was left, as far as is known.
    async fn try_one(&self, delivery: Delivery) -> (Delivery, Outcome) {
        match self.try_it(&delivery).await {
            Ok((left, outcome)) => (left, outcome),
            Err(failure) => (delivery, Outcome::Kept(failure)),
        }
    }

    /// Takes a delivery on, tries it, and writes down what came of it. Where that can't be written down, it is due again when
    /// whoever took it on is believed to be gone, and the receiver gets it twice. It is taken on once all that is ours is at
    /// hand: a store that is away costs it no try.
    async fn try_it(&self, delivery: &Delivery) -> Result<(Delivery, Outcome), Unavailable> {
        let webhooks = answered("alerts", self.alerts.webhooks(&delivery.tenant)).await?;
        let Some(webhook) = webhooks.into_iter().find(|webhook| webhook.id == delivery.webhook) else {
            return self.drop_it(delivery).await;
        };
        let secret = match self.secret_of(&webhook).await {
            Ok(secret) => secret,
            // Nothing is tried for ever.
            Err(failure) if delivery.is_over(self.now_unix_s()) => {
                return self.write_down(delivery, delivery.parked(&failure.to_string())).await;
            }
            Err(failure) => return Err(failure),
        };
        let claimed = delivery.claimed(self.now_unix_s(), &*self.entropy);
        if !answered("alerts", self.alerts.change(delivery, &claimed)).await? {
            return Ok((claimed, Outcome::Left));
        }
        let tried = match self.send(&claimed, &webhook, &secret).await {
            Ok(()) => claimed.delivered(),
            Err(Undelivered(why)) => claimed.failed(&why, self.now_unix_s(), &*self.entropy),
        };
        self.write_down(&claimed, tried).await
    }

    async fn drop_it(&self, delivery: &Delivery) -> Result<(Delivery, Outcome), Unavailable> {
        let Delivery { tenant, webhook, event, .. } = delivery;
        tracing::info!(%tenant, %webhook, %event, cause = NOWHERE, "a delivery went nowhere");
        let dropped = delivery.dropped(NOWHERE);
        let is_written = answered("alerts", self.alerts.change(delivery, &dropped)).await?;
        Ok((dropped, if is_written { Outcome::Dropped } else { Outcome::Left }))
    }

    async fn write_down(
        &self,
        claimed: &Delivery,
        tried: Delivery,
    ) -> Result<(Delivery, Outcome), Unavailable> {
        if tried.state != DeliveryState::Delivered {
            tell(&tried);
        }
        let is_written = answered("alerts", self.alerts.change(claimed, &tried)).await?;
        let outcome = match tried.state {
            _ if !is_written => Outcome::Left,
            DeliveryState::Delivered => Outcome::Delivered,
            DeliveryState::Pending => Outcome::Failed,
            DeliveryState::Parked => Outcome::Parked,
        };
        Ok((tried, outcome))
    }

    async fn secret_of(&self, webhook: &Webhook) -> Result<Vec<u8>, Unavailable> {
        let key = sealed_as(&webhook.id);
        answered("vault", self.vault.open(&webhook.tenant, &key, &webhook.sealed_secret)).await
    }

    async fn send(&self, claimed: &Delivery, webhook: &Webhook, secret: &[u8]) -> Result<(), Undelivered> {
        let (event, now_unix_s) = (claimed.event.as_str(), self.now_unix_s());
        let delivering = self.courier.deliver(&webhook.url, secret, event, &claimed.body, now_unix_s);
        let overdue = |_| Undelivered("no answer within the deadline".to_owned());
        timeout(WEBHOOK_DEADLINE, delivering).await.map_err(overdue)?
    }
}

/// A receiver's fault is its tenant's to mend: an operator is to find it, and need not act.
fn tell(tried: &Delivery) {
    let Delivery { tenant, webhook, event, tries, last_failure, .. } = tried;
    tracing::warn!(%tenant, %webhook, %event, tries, cause = last_failure, "a webhook did not take a delivery");
}
