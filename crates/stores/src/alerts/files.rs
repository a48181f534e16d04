use super::outbox::Outbox;
use super::outbox_record::OutboxRecord;
use crate::shared_file::{Content, ServedFile, Turns};
use domain::alerts::{Delivery, DeliveryState, Event, Webhook};
use domain::ids::{TenantId, WebhookId};
use domain::ports::{Added, Alerts, Unavailable};
use std::path::Path;

const FILE: &str = "alerts.json";
const LOCK_FILE: &str = "alerts.lock";

/// Tenants' webhooks, and the events on their way to them, in a file of a folder that several processes of one machine may
/// share: `alerts.json`.
///
/// It is replaced whole, under an exclusive lock on `alerts.lock`, and read anew where it was changed. It holds sealed
/// secrets, and only its owner may read it.
pub struct FileAlerts {
    outbox: ServedFile<Outbox>,
}

/// Why a folder holds no alerts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the alerts: {cause}")]
pub struct OpenAlertsError {
    /// What is wrong, with the file's name.
    pub cause: String,
}

impl FileAlerts {
    /// The alerts in `folder`, which must be there; the file need not. Blocks while it reads it.
    ///
    /// # Errors
    /// [`OpenAlertsError`], naming the file that can't be read.
    pub fn open(folder: &Path) -> Result<Self, OpenAlertsError> {
        let outbox = ServedFile::open("alerts", folder, FILE, LOCK_FILE, &Turns::new());
        Ok(Self { outbox: outbox.map_err(|cause| OpenAlertsError { cause })? })
    }
}

impl Content for Outbox {
    type Record = OutboxRecord;

    fn record(&self) -> OutboxRecord {
        OutboxRecord::of(self)
    }

    fn of_record(record: OutboxRecord) -> Result<Self, String> {
        record.read()
    }
}

#[async_trait::async_trait]
impl Alerts for FileAlerts {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<Added, Unavailable> {
        let webhook = webhook.clone();
        self.outbox.change(move |outbox| outbox.add_webhook(&webhook)).await
    }

    async fn webhooks(&self, tenant: &TenantId) -> Result<Vec<Webhook>, Unavailable> {
        let tenant = tenant.clone();
        self.outbox.look(move |outbox| outbox.webhooks_of(&tenant)).await
    }

    async fn drop_webhook(&self, tenant: &TenantId, id: &WebhookId) -> Result<bool, Unavailable> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.outbox.change(move |outbox| outbox.drop_webhook(&tenant, &id)).await
    }

    async fn raise(&self, event: &Event) -> Result<Added, Unavailable> {
        let event = event.clone();
        self.outbox.change(move |outbox| outbox.raise(&event)).await
    }

    async fn unspread(&self) -> Result<Vec<Event>, Unavailable> {
        self.outbox.look(Outbox::unspread).await
    }

    async fn spread(&self, event: &Event) -> Result<(), Unavailable> {
        let event = event.clone();
        self.outbox.change(move |outbox| outbox.spread(&event)).await
    }

    async fn add_delivery(&self, delivery: &Delivery) -> Result<Added, Unavailable> {
        let delivery = delivery.clone();
        self.outbox.change(move |outbox| outbox.add_delivery(&delivery)).await
    }

    async fn pending(&self) -> Result<Vec<Delivery>, Unavailable> {
        self.outbox.look(|outbox| outbox.in_state(DeliveryState::Pending)).await
    }

    async fn parked(&self) -> Result<Vec<Delivery>, Unavailable> {
        self.outbox.look(|outbox| outbox.in_state(DeliveryState::Parked)).await
    }

    async fn change(&self, old: &Delivery, new: &Delivery) -> Result<bool, Unavailable> {
        let (old, new) = (old.clone(), new.clone());
        self.outbox.change(move |outbox| outbox.change(&old, &new)).await
    }
}
