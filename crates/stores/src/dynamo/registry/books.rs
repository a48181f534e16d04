use super::DynamoRegistry;
use crate::dynamo::attributes::{Item, PARTITION, Undecodable, number};
use crate::dynamo::records::{app, client, plan, tenant, tenant_key};
use crate::dynamo::table::Conditional;
use domain::ids::{AppKey, ClientId, KeyId, PlanId, TenantId};
use domain::ports::{Added, Registry, Unavailable};
use domain::registry::{App, Client, Plan, Tenant, TenantKey};

impl DynamoRegistry {
    fn decoded<T>(&self, decoded: Result<T, Undecodable>) -> Result<T, Unavailable> {
        decoded.map_err(|cause| self.books.unavailable(cause))
    }

    /// `None` where there is no such item.
    pub(super) fn decoded_if_any<T>(
        &self,
        item: &Item,
        decode: fn(&Item) -> Result<T, Undecodable>,
    ) -> Result<Option<T>, Unavailable> {
        if item.is_empty() { Ok(None) } else { self.decoded(decode(item)).map(Some) }
    }

    pub(super) fn decoded_all<T>(
        &self,
        items: &[Item],
        decode: fn(&Item) -> Result<T, Undecodable>,
    ) -> Result<Vec<T>, Unavailable> {
        self.decoded(items.iter().map(decode).collect())
    }

    pub(super) async fn add(&self, item: Item) -> Result<Added, Unavailable> {
        let put = self.books.put(item).condition_expression("attribute_not_exists(#pk)");
        let put = put.expression_attribute_names("#pk", PARTITION);
        Ok(if self.books.replaced(put).await? { Added::New } else { Added::Exists })
    }
}

#[async_trait::async_trait]
impl Registry for DynamoRegistry {
    async fn add_tenant(&self, tenant: &Tenant) -> Result<Added, Unavailable> {
        self.add(tenant::encode(tenant)).await
    }

    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, Unavailable> {
        self.decoded_if_any(&self.books.read(tenant::key(id)).await?, tenant::decode)
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Unavailable> {
        self.decoded_all(&self.books.list(tenant::PARTITION.to_owned()).await?, tenant::decode)
    }

    async fn set_plan(&self, plan: &Plan) -> Result<(), Unavailable> {
        self.books.replaced(self.books.put(plan::encode(plan))).await.map(drop)
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, Unavailable> {
        self.decoded_if_any(&self.books.read(plan::key(id)).await?, plan::decode)
    }

    async fn plans(&self) -> Result<Vec<Plan>, Unavailable> {
        self.decoded_all(&self.books.list(plan::PARTITION.to_owned()).await?, plan::decode)
    }

    async fn add_app(&self, app: &App) -> Result<Added, Unavailable> {
        self.add(app::encode(app)).await
    }

    async fn set_app(&self, app: &App) -> Result<(), Unavailable> {
        self.books.replaced(self.books.put(app::encode(app))).await.map(drop)
    }

    async fn app(&self, key: &AppKey) -> Result<Option<App>, Unavailable> {
        self.decoded_if_any(&self.books.read(app::key(key)).await?, app::decode)
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<App>, Unavailable> {
        self.decoded_all(&self.books.list_of(app::partition(tenant), app::PREFIX).await?, app::decode)
    }

    /// The name comes before the client: whoever lists the tenant's clients misses none that was added.
    async fn add_client(&self, client: &Client) -> Result<Added, Unavailable> {
        self.books.replaced(self.books.put(client::encode_name(client))).await?;
        self.add(client::encode(client)).await
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        self.decoded(client::decode(&self.books.read(client::key(id)).await?))
    }

    /// A client that was never added has only its name, and one that turned out to be another tenant's has it there too.
    async fn clients(&self, tenant: &TenantId) -> Result<Vec<Client>, Unavailable> {
        let names = self.books.list_of(app::partition(tenant), client::PREFIX).await?;
        let ids = self.decoded_all(&names, client::decode_name)?;
        let items = self.books.read_each(ids.iter().map(client::key)).await?;
        let mut clients: Vec<_> = self.decoded_all(&items, client::decode)?.into_iter().flatten().collect();
        clients.retain(|client| client.app.tenant == *tenant);
        Ok(clients)
    }

    async fn revoke_client(&self, id: &ClientId, now_unix_s: u64) -> Result<bool, Unavailable> {
        let revoke = self
            .books
            .update(client::key(id))
            .update_expression("SET #revoked = if_not_exists(#revoked, :now)")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#revoked", client::REVOKED)
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_values(":now", number(now_unix_s));
        Ok(matches!(self.books.updated(revoke).await?, Conditional::Done(_)))
    }

    async fn add_key(&self, key: &TenantKey) -> Result<Added, Unavailable> {
        self.add(tenant_key::encode(key)).await
    }

    async fn keys(&self, tenant: &TenantId) -> Result<Vec<TenantKey>, Unavailable> {
        self.decoded_all(&self.books.list(tenant_key::partition(tenant)).await?, tenant_key::decode)
    }

    async fn drop_key(&self, tenant: &TenantId, id: &KeyId) -> Result<bool, Unavailable> {
        let dropped = self.books.deleted(tenant_key::key(tenant, id)).await?;
        Ok(!dropped.is_empty())
    }
}
