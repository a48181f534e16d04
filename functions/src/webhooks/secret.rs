use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::clock::Entropy;
use domain::ids::{KeyId, TenantId, WebhookId};
use domain::ports::{Unavailable, Vault};

/// What deliveries to a webhook are signed with.
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        for word in bytes.chunks_exact_mut(8) {
            word.copy_from_slice(&entropy.next_u64().to_be_bytes());
        }
        Self(bytes)
    }

    /// As Standard Webhooks has secrets written down.
    pub(super) fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0))
    }

    pub(super) async fn seal(
        &self,
        vault: &dyn Vault,
        tenant: &TenantId,
        webhook: &WebhookId,
    ) -> Result<Vec<u8>, Unavailable> {
        vault.seal(tenant, &sealed_as(webhook), &self.0).await
    }
}

/// The name that a webhook's secret is sealed under.
pub(crate) fn sealed_as(webhook: &WebhookId) -> KeyId {
    KeyId::parse(webhook.as_str()).expect("ids of webhooks are spelled like those of keys")
}
