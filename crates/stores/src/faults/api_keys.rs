use super::faulty::Faulty;
use super::ports::meet;
use domain::ids::ApiKeyId;
use domain::ports::{Added, ApiKeys, Unavailable};
use domain::registry::{ApiKey, KeyHolder};

const NAME: &str = "registry";

#[async_trait::async_trait]
impl<T: ApiKeys + ?Sized> ApiKeys for Faulty<T> {
    async fn add_api_key(&self, key: &ApiKey) -> Result<Added, Unavailable> {
        meet!(self, NAME, add_api_key(key))
    }

    async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable> {
        meet!(self, NAME, api_key(id))
    }

    async fn api_keys(&self, holder: &KeyHolder) -> Result<Vec<ApiKey>, Unavailable> {
        meet!(self, NAME, api_keys(holder))
    }

    async fn revoke_api_key(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<bool, Unavailable> {
        let id = id.clone();
        self.meet(NAME, move |store| {
            let id = id.clone();
            async move { store.revoke_api_key(&id, now_unix_s).await }
        })
        .await
    }

    async fn note_use(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<(), Unavailable> {
        let id = id.clone();
        self.meet(NAME, move |store| {
            let id = id.clone();
            async move { store.note_use(&id, now_unix_s).await }
        })
        .await
    }
}
