use super::{Alerting, AlertingReport, shares};
use crate::plane::answered;
use domain::alerts::{Delivery, Event};
use domain::ports::Unavailable;
use futures_util::stream::{self, StreamExt};
use tokio::time::timeout;

const EVENTS_AT_ONCE: usize = 8;

impl Alerting {
    /// Makes one delivery of each event for each webhook that wants to be told of it.
    pub(super) async fn spread(&self, report: &mut AlertingReport) {
        if timeout(shares::SPREADING, self.spread_all(report)).await.is_err() {
            report.failed(Unavailable::new("alerts", "spreading all events takes too long"));
        }
    }

    async fn spread_all(&self, report: &mut AlertingReport) {
        let events = match self.alerts.unspread().await {
            Ok(events) => events,
            Err(failure) => return report.failed(failure),
        };
        let mut spreads =
            stream::iter(events).map(|event| self.spread_one(event)).buffer_unordered(EVENTS_AT_ONCE);
        while let Some(spread) = spreads.next().await {
            if let Err(failure) = spread {
                report.failed(failure);
            }
        }
    }

    /// Any part of it may be done twice. Two runs make the same deliveries: of those that there are already, the first stays.
    async fn spread_one(&self, event: Event) -> Result<(), Unavailable> {
        let tenant = &event.app.tenant;
        let webhooks = answered("alerts", self.alerts.webhooks(tenant)).await?;
        let body = event.body().to_string();
        for webhook in webhooks.into_iter().filter(|webhook| webhook.events.contains(&event.kind)) {
            let (now_unix_s, body) = (self.now_unix_s(), body.clone());
            let delivery = Delivery::new(tenant.clone(), event.id.clone(), webhook.id, body, now_unix_s);
            answered("alerts", self.alerts.add_delivery(&delivery)).await?;
        }
        answered("alerts", self.alerts.spread(&event)).await
    }
}
