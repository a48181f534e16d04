use super::args::{ApiKeys, NewKey};
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, SecretOf, instant, table};
use crate::api_keys::NewApiKey;
use domain::bounds::API_KEYS_MAX;
use domain::ids::ApiKeyId;
use domain::ports::Added;
use domain::registry::{ApiKey, ApiScope, KeyHolder};
use serde_json::{Value, json};

pub(super) async fn run(command: &ApiKeys, books: &Books) -> Result<Report, AdminError> {
    match command {
        ApiKeys::Create(key) => create(key, books).await,
        ApiKeys::List => list(books).await,
        ApiKeys::Revoke { key } => revoke(key, books).await,
    }
}

async fn create(new: &NewKey, books: &Books) -> Result<Report, AdminError> {
    let holder = new.holder();
    if let KeyHolder::Tenant(tenant) = &holder {
        books.tenant(tenant).await?;
    }
    if let Some(scope) = new.scope.iter().find(|scope| !holder.may_have(**scope)) {
        return Err(AdminError::ScopeOfOthers { scope: *scope, has: scopes(&allowed(&holder)) });
    }
    if books.api_keys().api_keys(&holder).await?.len() >= API_KEYS_MAX {
        return Err(AdminError::TooManyApiKeys(shown(&holder)));
    }
    let scopes_given = new.scope.iter().copied().collect();
    let new = NewApiKey { holder, scopes: scopes_given, description: new.description.clone() };
    let (key, text) = new.drawn(books.now_unix_s(), books.entropy());
    match books.api_keys().add_api_key(&key).await? {
        Added::New => {}
        // Ours, where the answer to the first attempt was lost: nobody else's has its digest.
        Added::Exists if books.api_keys().api_key(&key.id).await?.as_ref() == Some(&key) => {}
        Added::Exists => return Err(AdminError::DrawnTwice),
    }
    let mut json = as_json(&key);
    json["api_key"] = json!(text.reveal());
    let text = format!(
        "id       {}\napi_key  {}\nscopes   {}\n\nThe key is shown this once: only its digest is kept.",
        key.id,
        text.reveal(),
        scopes(&key.scopes.iter().copied().collect::<Vec<_>>()),
    );
    Ok(Report { text, json, secret_of: Some(SecretOf::ApiKey(key.id)) })
}

/// The platform's keys, and then each tenant's.
async fn list(books: &Books) -> Result<Report, AdminError> {
    let mut keys = books.api_keys().api_keys(&KeyHolder::Platform).await?;
    for tenant in books.tenants(None).await? {
        keys.extend(books.api_keys().api_keys(&KeyHolder::Tenant(tenant.id)).await?);
    }
    let rows: Vec<_> = keys.iter().map(row).collect();
    Ok(Report::new(
        table(["KEY", "HOLDER", "SCOPES", "MADE", "USED", "REVOKED", "DESCRIPTION"], &rows),
        json!({"api_keys": keys.iter().map(as_json).collect::<Vec<_>>()}),
    ))
}

async fn revoke(id: &ApiKeyId, books: &Books) -> Result<Report, AdminError> {
    let unknown = || AdminError::NoApiKey(id.clone());
    if !books.api_keys().revoke_api_key(id, books.now_unix_s()).await? {
        return Err(unknown());
    }
    let key = books.api_keys().api_key(id).await?.ok_or_else(unknown)?;
    Ok(Report::new(format!("revoked the API key {id}: it is refused from now on"), as_json(&key)))
}

fn allowed(holder: &KeyHolder) -> Vec<ApiScope> {
    ApiScope::ALL.into_iter().filter(|scope| holder.may_have(*scope)).collect()
}

fn scopes(scopes: &[ApiScope]) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")
}

fn shown(holder: &KeyHolder) -> String {
    match holder {
        KeyHolder::Platform => "the platform".to_owned(),
        KeyHolder::Tenant(tenant) => tenant.to_string(),
    }
}

fn row(key: &ApiKey) -> [String; 7] {
    let moment = |at: Option<u64>| at.map_or_else(|| "-".to_owned(), instant);
    [
        key.id.to_string(),
        shown(&key.holder),
        scopes(&key.scopes.iter().copied().collect::<Vec<_>>()),
        instant(key.created_unix_s),
        moment(key.used_unix_s),
        moment(key.revoked_unix_s),
        key.description.clone(),
    ]
}

fn as_json(key: &ApiKey) -> Value {
    let tenant = match &key.holder {
        KeyHolder::Platform => None,
        KeyHolder::Tenant(tenant) => Some(tenant.as_str()),
    };
    json!({
        "id": key.id.as_str(),
        "holder": if tenant.is_some() { "tenant" } else { "platform" },
        "tenant": tenant,
        "scopes": key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        "description": key.description,
        "created": instant(key.created_unix_s),
        "used": key.used_unix_s.map(instant),
        "revoked": key.revoked_unix_s.map(instant),
    })
}
