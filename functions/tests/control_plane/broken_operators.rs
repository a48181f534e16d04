//! Operators' stores that do not answer.

use crate::broken::Broken;
use domain::alerts::{Delivery, Event, Webhook};
use domain::calendar::{Day, Hour};
use domain::ids::{ApiKeyId, AppId, AppKey, KeyId, TenantId, WebhookId};
use domain::metering::AppUsage;
use domain::ports::{
    Added, Alerts, ApiKeys, NodeMinute, PlatformLog, Resolution, Span, Unavailable, UsageAdd, UsageLog,
    UsageStanding, Vault, Writer,
};
use domain::registry::{ApiKey, KeyHolder};

#[async_trait::async_trait]
impl ApiKeys for Broken {
    async fn add_api_key(&self, _: &ApiKey) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn api_key(&self, _: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable> {
        self.fail().await
    }

    async fn api_keys(&self, _: &KeyHolder) -> Result<Vec<ApiKey>, Unavailable> {
        self.fail().await
    }

    async fn revoke_api_key(&self, _: &ApiKeyId, _: u64) -> Result<bool, Unavailable> {
        self.fail().await
    }

    async fn note_use(&self, _: &ApiKeyId, _: u64) -> Result<(), Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl UsageLog for Broken {
    async fn add(&self, _: Writer, _: u64, _: &UsageAdd) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn read(
        &self,
        _: &AppKey,
        _: Hour,
        _: Hour,
        _: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        self.fail().await
    }

    async fn apps(&self, _: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        self.fail().await
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        self.fail().await
    }

    async fn roll_up(&self, _: &AppKey, _: Day) -> Result<(), Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl PlatformLog for Broken {
    async fn note(&self, _: &NodeMinute) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn minutes(&self, _: u64, _: u64) -> Result<Vec<NodeMinute>, Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl Vault for Broken {
    async fn seal(&self, _: &TenantId, _: &KeyId, _: &[u8]) -> Result<Vec<u8>, Unavailable> {
        self.fail().await
    }

    async fn open(&self, _: &TenantId, _: &KeyId, _: &[u8]) -> Result<Vec<u8>, Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl Alerts for Broken {
    async fn add_webhook(&self, _: &Webhook) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn webhooks(&self, _: &TenantId) -> Result<Vec<Webhook>, Unavailable> {
        self.fail().await
    }

    async fn drop_webhook(&self, _: &TenantId, _: &WebhookId) -> Result<bool, Unavailable> {
        self.fail().await
    }

    async fn raise(&self, _: &Event) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn unspread(&self) -> Result<Vec<Event>, Unavailable> {
        self.fail().await
    }

    async fn spread(&self, _: &Event) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn add_delivery(&self, _: &Delivery) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn pending(&self) -> Result<Vec<Delivery>, Unavailable> {
        self.fail().await
    }

    async fn parked(&self) -> Result<Vec<Delivery>, Unavailable> {
        self.fail().await
    }

    async fn change(&self, _: &Delivery, _: &Delivery) -> Result<bool, Unavailable> {
        self.fail().await
    }
}
