use super::books::Books;
use super::books_record::BooksRecord;
use super::families::Families;
use super::families_record::FamiliesRecord;
use crate::shared_file::{Content, ServedFile, Turns};
use domain::ids::{ApiKeyId, AppKey, ClientId, KeyId, PlanId, TenantId};
use domain::ports::{Added, ApiKeys, RefreshFamilies, Registry, Turn, Unavailable};
use domain::registry::{ApiKey, App, Client, KeyHolder, Plan, Presented, RefreshFamily, Tenant, TenantKey};
use std::path::Path;

const BOOKS_FILE: &str = "registry.json";
const FAMILIES_FILE: &str = "refresh-tokens.json";
const LOCK_FILE: &str = "registry.lock";

/// What the operator has on the books, and families of refresh tokens, in two files of a folder, which several processes
/// of one machine may share: `registry.json` and `refresh-tokens.json`.
///
/// Each is replaced whole, under an exclusive lock on `registry.lock`, and read anew where it was changed. They hold
/// hashes and sealed keys, and only their owner may read them.
pub struct FileRegistry {
    books: ServedFile<Books>,
    families: ServedFile<Families>,
}

/// Why a folder holds no registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the registry: {cause}")]
pub struct OpenRegistryError {
    /// What is wrong, with the file's name.
    pub cause: String,
}

impl FileRegistry {
    /// The registry in `folder`, which must be there; its files need not. Blocks while it reads them.
    ///
    /// # Errors
    /// [`OpenRegistryError`], naming the file that can't be read.
    pub fn open(folder: &Path) -> Result<Self, OpenRegistryError> {
        Self::open_files(folder).map_err(|cause| OpenRegistryError { cause })
    }

    fn open_files(folder: &Path) -> Result<Self, String> {
        let turns = Turns::new();
        Ok(Self {
            books: ServedFile::open("registry", folder, BOOKS_FILE, LOCK_FILE, &turns)?,
            families: ServedFile::open("refresh tokens", folder, FAMILIES_FILE, LOCK_FILE, &turns)?,
        })
    }
}

impl Content for Books {
    type Record = BooksRecord;

    fn record(&self) -> BooksRecord {
        BooksRecord::of(self)
    }

    fn of_record(record: BooksRecord) -> Result<Self, String> {
        record.read()
    }
}

impl Content for Families {
    type Record = FamiliesRecord;

    fn record(&self) -> FamiliesRecord {
        FamiliesRecord::of(self)
    }

    fn of_record(record: FamiliesRecord) -> Result<Self, String> {
        record.read()
    }
}

#[async_trait::async_trait]
impl Registry for FileRegistry {
    async fn add_tenant(&self, tenant: &Tenant) -> Result<Added, Unavailable> {
        let tenant = tenant.clone();
        self.books.change(move |books| books.add_tenant(&tenant)).await
    }

    async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, Unavailable> {
        let id = id.clone();
        self.books.look(move |books| books.tenants.get(&id).cloned()).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Unavailable> {
        self.books.look(|books| books.tenants.values().cloned().collect()).await
    }

    async fn set_plan(&self, plan: &Plan) -> Result<(), Unavailable> {
        let plan = plan.clone();
        self.books.change(move |books| books.set_plan(&plan)).await
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, Unavailable> {
        let id = id.clone();
        self.books.look(move |books| books.plans.get(&id).cloned()).await
    }

    async fn plans(&self) -> Result<Vec<Plan>, Unavailable> {
        self.books.look(|books| books.plans.values().cloned().collect()).await
    }

    async fn add_app(&self, app: &App) -> Result<Added, Unavailable> {
        let app = app.clone();
        self.books.change(move |books| books.add_app(&app)).await
    }

    async fn set_app(&self, app: &App) -> Result<(), Unavailable> {
        let app = app.clone();
        self.books.change(move |books| books.set_app(&app)).await
    }

    async fn app(&self, key: &AppKey) -> Result<Option<App>, Unavailable> {
        let key = key.clone();
        self.books.look(move |books| books.apps.get(&key).cloned()).await
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<App>, Unavailable> {
        let tenant = tenant.clone();
        self.books.look(move |books| books.apps(&tenant)).await
    }

    async fn add_client(&self, client: &Client) -> Result<Added, Unavailable> {
        let client = client.clone();
        self.books.change(move |books| books.add_client(&client)).await
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let id = id.clone();
        self.books.look(move |books| books.clients.get(&id).cloned()).await
    }

    async fn clients(&self, tenant: &TenantId) -> Result<Vec<Client>, Unavailable> {
        let tenant = tenant.clone();
        self.books.look(move |books| books.clients(&tenant)).await
    }

    async fn revoke_client(&self, id: &ClientId, now_unix_s: u64) -> Result<bool, Unavailable> {
        let id = id.clone();
        self.books.change(move |books| books.revoke_client(&id, now_unix_s)).await
    }

    async fn add_key(&self, key: &TenantKey) -> Result<Added, Unavailable> {
        let key = key.clone();
        self.books.change(move |books| books.add_key(&key)).await
    }

    async fn keys(&self, tenant: &TenantId) -> Result<Vec<TenantKey>, Unavailable> {
        let tenant = tenant.clone();
        self.books.look(move |books| books.keys(&tenant)).await
    }

    async fn drop_key(&self, tenant: &TenantId, id: &KeyId) -> Result<bool, Unavailable> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.books.change(move |books| books.drop_key(&tenant, &id)).await
    }
}

#[async_trait::async_trait]
impl RefreshFamilies for FileRegistry {
    async fn begin(&self, family: &RefreshFamily) -> Result<(), Unavailable> {
        let family = family.clone();
        self.families.change(move |families| families.begin(&family)).await
    }

    async fn turn(&self, turn: &Turn, now_unix_s: u64) -> Result<Presented, Unavailable> {
        let turn = turn.clone();
        self.families.change(move |families| families.turn(&turn, now_unix_s)).await
    }
}

#[async_trait::async_trait]
impl ApiKeys for FileRegistry {
    async fn add_api_key(&self, key: &ApiKey) -> Result<Added, Unavailable> {
        let key = key.clone();
        self.books.change(move |books| books.add_api_key(&key)).await
    }

    async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable> {
        let id = id.clone();
        self.books.look(move |books| books.api_keys.get(&id).cloned()).await
    }

    async fn api_keys(&self, holder: &KeyHolder) -> Result<Vec<ApiKey>, Unavailable> {
        let holder = holder.clone();
        self.books.look(move |books| books.api_keys(&holder)).await
    }

    async fn revoke_api_key(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<bool, Unavailable> {
        let id = id.clone();
        self.books.change(move |books| books.revoke_api_key(&id, now_unix_s)).await
    }

    async fn note_use(&self, id: &ApiKeyId, now_unix_s: u64) -> Result<(), Unavailable> {
        let id = id.clone();
        self.books.change(move |books| books.note_use(&id, now_unix_s)).await
    }
}
