use super::DynamoRegistry;
use crate::dynamo::attributes::{PARTITION, number};
use crate::dynamo::records::api_key::{
    PREFIX, REVOKED, USED, decode, decode_name, encode, encode_name, key, names_of,
};
use crate::dynamo::table::Conditional;
use domain::ids::ApiKeyId;
use domain::ports::{Added, ApiKeys, Unavailable};
use domain::registry::{ApiKey, KeyHolder};

#[async_trait::async_trait]
impl ApiKeys for DynamoRegistry {
    /// The name comes before the key: whoever lists the holder's keys misses none that was added.
    async fn add_api_key(&self, key: &ApiKey) -> Result<Added, Unavailable> {
        self.books.replaced(self.books.put(encode_name(key))).await?;
        self.add(encode(key)).await
    }

    async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable> {
        self.decoded_if_any(&self.books.read(key(id)).await?, decode)
    }

    /// A key that was never added has only its name, and one that turned out to be another holder's has it there too.
    async fn api_keys(&self, holder: &KeyHolder) -> Result<Vec<ApiKey>, Unavailable> {
        let names = self.books.list_of(names_of(holder), PREFIX).await?;
        let ids = self.decoded_all(&names, decode_name)?;
        let items = self.books.read_each(ids.iter().map(key)).await?;
        let mut keys = self.decoded_all(&items, decode)?;
        keys.retain(|key| key.holder == *holder);
        Ok(keys)
    }

    async fn revoke_api_key(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<bool, Unavailable> {
        let revoke = self
            .books
            .update(key(id))
            .update_expression("SET #revoked = if_not_exists(#revoked, :now)")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#revoked", REVOKED)
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_values(":now", number(now_unix_s));
        Ok(matches!(self.books.updated(revoke).await?, Conditional::Done(_)))
    }

    async fn note_use(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<(), Unavailable> {
        let note = self
            .books
            .update(key(id))
            .update_expression("SET #used = :now")
            .condition_expression("attribute_exists(#pk) AND (attribute_not_exists(#used) OR #used < :now)")
            .expression_attribute_names("#used", USED)
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_values(":now", number(now_unix_s));
        self.books.updated(note).await.map(drop)
    }
}
