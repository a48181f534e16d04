//! What a data folder has on its books from the start, so that there is something to see without any set-up: the app that
//! `wiresocket token` speaks for, and two API keys.

use crate::api_keys::NewApiKey;
use crate::data_folder::{DataFolder, DataFolderError};
use domain::clock::Entropy;
use domain::ids::{AppId, AppKey, PlanId, TenantId};
use domain::limits::PlanLimits;
use domain::money::PricePerMillion;
use domain::ports::{Unavailable, Vault};
use domain::registry::{ApiKeyText, App, KeyHolder, Plan, Tenant};
use serde_json::{Value, json};
use std::sync::Arc;
use stores::jwt::{MakeKeyError, Start, TenantKeys};
use syncd::setup::RegistryPorts;

/// The tenant, the app and the plan.
const DEV: &str = "dev";
const DESCRIPTION: &str = "made by `wiresocket serve`";

/// The keys that the banner shows.
pub(crate) struct DevKeys {
    /// Of the dev tenant.
    pub(crate) account: ApiKeyText,
    /// Of the platform's operator.
    pub(crate) platform: ApiKeyText,
}

/// Sees that the dev app is on the books. What is there stays as it is.
pub(crate) async fn keep_app(books: &RegistryPorts) -> Result<(), Unavailable> {
    let app = app();
    if books.registry.app(&app.key).await?.is_some() {
        return Ok(());
    }
    let plan = plan();
    if books.registry.plan(&plan.id).await?.is_none() {
        books.registry.set_plan(&plan).await?;
    }
    let tenant = Tenant { id: app.key.tenant.clone(), name: "Development".to_owned() };
    books.registry.add_tenant(&tenant).await?;
    books.registry.add_app(&app).await?;
    Ok(())
}

/// The dev keys of the folder, made where it has none that is good.
pub(crate) async fn keys(
    folder: &DataFolder,
    books: &RegistryPorts,
    now_unix_s: u64,
    entropy: &dyn Entropy,
) -> Result<DevKeys, DataFolderError> {
    let kept = folder.dev_keys()?;
    let of_file = |name: &str| kept.get(name).and_then(Value::as_str).and_then(ApiKeyText::parse);
    let holders = [("account", KeyHolder::Tenant(app().key.tenant)), ("platform", KeyHolder::Platform)];
    let mut keys = Vec::new();
    let mut added = Vec::new();
    for (name, holder) in holders {
        let new = NewApiKey::for_all_of(holder.clone(), DESCRIPTION);
        let text = of_file(name).filter(|text| text.reveal().starts_with(holder.prefix()));
        let known = match &text {
            Some(text) => books.api_keys.api_key(&text.id()).await?,
            None => None,
        };
        keys.push(match (text, known) {
            (Some(text), Some(key)) if key.revoked_unix_s.is_none() => text,
            // Its books are gone, and the key with them; or it was not added yet.
            (Some(text), None) => {
                added.push(new.with(&text, now_unix_s));
                text
            }
            (None, _) | (_, Some(_)) => {
                let (key, text) = new.drawn(now_unix_s, entropy);
                added.push(key);
                text
            }
        });
    }
    let [account, platform] = <[ApiKeyText; 2]>::try_from(keys).expect("each of two holders has a key");
    let keys = json!({"account": account.reveal(), "platform": platform.reveal()});
    if keys != kept {
        folder.keep_dev_keys(&keys)?;
    }
    // After the file, so that no key is good that nobody can find.
    for key in &added {
        books.api_keys.add_api_key(key).await?;
    }
    Ok(DevKeys { account, platform })
}

/// Makes the dev tenant's first signing key, without which its clients would get no tokens.
pub(crate) async fn keep_signing_key(
    books: &RegistryPorts,
    vault: Arc<dyn Vault>,
    now_unix_s: u64,
) -> Result<(), MakeKeyError> {
    let tenant = app().key.tenant;
    if books.registry.keys(&tenant).await?.is_empty() {
        let keys = TenantKeys::new(Arc::clone(&books.registry), vault);
        keys.make(&tenant, now_unix_s, Start::AtOnce).await?;
    }
    Ok(())
}

fn app() -> App {
    let id = "three letters are an id";
    App {
        key: AppKey { tenant: TenantId::parse(DEV).expect(id), app: AppId::parse(DEV).expect(id) },
        name: "Development".to_owned(),
        plan: PlanId::parse(DEV).expect(id),
        home: None,
        allowed_domains: Vec::new(),
    }
}

/// The limits that `wiresocket token` puts into a token that is told of none.
fn plan() -> Plan {
    let limits = PlanLimits {
        connections_max: 100,
        documents_max: 20,
        users_per_document_max: 50,
        ops_per_minute_max: 6000,
    };
    Plan { id: app().plan, limits, monthly_requests: None, price: PricePerMillion::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stores::system::SeededEntropy;

    async fn kept(folder: &DataFolder, seed: u64) -> (String, String) {
        let books = folder.books().await.unwrap();
        keep_app(&books).await.unwrap();
        let keys = keys(folder, &books, 7, &SeededEntropy::new(seed)).await.unwrap();
        (keys.account.reveal().to_owned(), keys.platform.reveal().to_owned())
    }

    #[tokio::test]
    async fn keys_are_made_once_and_anew_where_one_was_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::exclusive(dir.path()).unwrap();
        let (account, platform) = kept(&folder, 1).await;
        assert_eq!(kept(&folder, 2).await, (account.clone(), platform.clone()));
        let books = folder.books().await.unwrap();
        let id = ApiKeyText::parse(&account).unwrap().id();
        assert!(books.api_keys.revoke_api_key(&id, 9).await.unwrap());
        let (another, same) = kept(&folder, 3).await;
        assert_eq!(same, platform);
        assert_ne!(another, account);
        assert_eq!(kept(&folder, 4).await, (another, platform));
    }

    #[tokio::test]
    async fn keys_outlive_the_books_that_they_stood_on() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::exclusive(dir.path()).unwrap();
        let before = kept(&folder, 1).await;
        std::fs::remove_file(dir.path().join("registry.json")).unwrap();
        assert_eq!(kept(&folder, 2).await, before);
        let id = ApiKeyText::parse(&before.1).unwrap().id();
        assert!(folder.books().await.unwrap().api_keys.api_key(&id).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn no_key_is_good_that_the_file_lacks() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::exclusive(dir.path()).unwrap();
        let books = folder.books().await.unwrap();
        keep_app(&books).await.unwrap();
        // The file can't be written.
        std::fs::create_dir(dir.path().join("dev-keys.draft")).unwrap();
        assert!(keys(&folder, &books, 7, &SeededEntropy::new(1)).await.is_err());
        assert_eq!(books.api_keys.api_keys(&KeyHolder::Platform).await.unwrap(), []);
    }

    #[tokio::test]
    async fn the_dev_tenant_has_one_key_that_signs() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::exclusive(dir.path()).unwrap();
        let books = folder.books().await.unwrap();
        keep_app(&books).await.unwrap();
        let vault = folder.vault(&*books.registry).await.unwrap();
        for _ in 0..2 {
            keep_signing_key(&books, Arc::clone(&vault), 7).await.unwrap();
            assert_eq!(books.registry.keys(&app().key.tenant).await.unwrap().len(), 1);
        }
    }

    #[tokio::test]
    async fn an_operators_own_dev_plan_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::exclusive(dir.path()).unwrap();
        let books = folder.books().await.unwrap();
        let own = Plan { monthly_requests: Some(5), ..plan() };
        books.registry.set_plan(&own).await.unwrap();
        keep_app(&books).await.unwrap();
        assert_eq!(books.registry.plan(&own.id).await.unwrap(), Some(own));
        assert_eq!(books.registry.app(&app().key).await.unwrap(), Some(app()));
    }
}
