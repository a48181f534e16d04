use super::{NAME, SECRET_BYTES_MAX};
use crate::aws::{Access, Place, retry_partition, unavailable};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::primitives::Blob;
use domain::ids::{KeyId, TenantId};
use domain::ports::{Unavailable, Vault};
use std::collections::HashMap;

/// Which key of AWS KMS: its id, its ARN or an alias, and where it is.
///
/// Without a region, that of the ARN is meant, or else that of the environment (`AWS_REGION`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKeyAt {
    pub(super) key: String,
    pub(super) place: Place,
}

impl KmsKeyAt {
    /// The key's id, ARN or alias.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn region(&self) -> Option<&str> {
        let of_arn = || self.key.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        self.place.region.as_deref().or_else(of_arn)
    }
}

/// A vault whose key never leaves AWS KMS. Tenant and key are what KMS calls the encryption context, so that policies
/// and audit trails see them too.
#[derive(Debug)]
pub struct KmsVault {
    client: Client,
    key: String,
}

impl KmsVault {
    /// Reaches a key; nothing is sent yet. `None` where neither the key nor the environment names a region, nor the
    /// key an endpoint.
    #[must_use]
    pub fn new(key: &KmsKeyAt, access: &Access) -> Option<Self> {
        let config = access.reach(key.region(), key.place.endpoint.as_deref())?;
        let config = Builder::from(&config).retry_partition(retry_partition(&key.key));
        Some(Self { client: Client::from_conf(config.build()), key: key.key.clone() })
    }
}

#[async_trait::async_trait]
impl Vault for KmsVault {
    async fn seal(&self, tenant: &TenantId, key: &KeyId, secret: &[u8]) -> Result<Vec<u8>, Unavailable> {
        if secret.len() > SECRET_BYTES_MAX {
            return Err(Unavailable::new(NAME, "what is to be sealed is too long"));
        }
        let request = self.client.encrypt().key_id(&self.key).plaintext(Blob::new(secret));
        let request = request.set_encryption_context(Some(context(tenant, key)));
        let answer = Box::pin(request.send()).await.map_err(|error| unavailable(NAME, &error))?;
        bytes(answer.ciphertext_blob)
    }

    async fn open(&self, tenant: &TenantId, key: &KeyId, sealed: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let request = self.client.decrypt().key_id(&self.key).ciphertext_blob(Blob::new(sealed));
        let request = request.set_encryption_context(Some(context(tenant, key)));
        let answer = Box::pin(request.send()).await.map_err(|error| unavailable(NAME, &error))?;
        bytes(answer.plaintext)
    }
}

fn context(tenant: &TenantId, key: &KeyId) -> HashMap<String, String> {
    [("tenant", tenant.as_str()), ("kid", key.as_str())].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

fn bytes(blob: Option<Blob>) -> Result<Vec<u8>, Unavailable> {
    blob.map(Blob::into_inner).ok_or_else(|| Unavailable::new(NAME, "the answer of KMS is empty"))
}
