use super::args::{Keys, Rotation, SealedIn};
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, instant, table};
use domain::ids::{KeyId, TenantId};
use domain::registry::{Standing, TenantKey, standing};
use serde_json::{Value, json};
use std::slice;
use stores::jwt::{Start, revoke_key};

pub(super) async fn run(command: &Keys, books: &Books) -> Result<Report, AdminError> {
    match command {
        Keys::List { tenant } => list(tenant, books).await,
        Keys::Rotate(rotation) => rotate(rotation, books).await,
        Keys::Revoke { tenant, key } => revoke(tenant, key, books).await,
    }
}

async fn list(tenant: &TenantId, books: &Books) -> Result<Report, AdminError> {
    let now = books.now_unix_s();
    books.tenant(tenant).await?;
    let keys = books.registry().keys(tenant).await?;
    let mut newest_first: Vec<&TenantKey> = keys.iter().collect();
    newest_first.sort_by(|a, b| b.signs_from_unix_s.cmp(&a.signs_from_unix_s).then(b.id.cmp(&a.id)));
    let stands = |key: &TenantKey| standing(key, &keys, now);
    let row = |key: &&TenantKey| {
        [key.id.to_string(), stands(key).as_str().to_owned(), instant(key.signs_from_unix_s)]
    };
    let rows: Vec<_> = newest_first.iter().map(row).collect();
    let json: Vec<_> = newest_first.iter().map(|key| as_json(key, stands(key))).collect();
    Ok(Report::new(table(["KEY", "STANDING", "SIGNS FROM"], &rows), json!({ "keys": json })))
}

async fn rotate(rotation: &Rotation, books: &Books) -> Result<Report, AdminError> {
    let (tenant, start, now) = (&rotation.tenant, rotation.start(), books.now_unix_s());
    books.tenant(tenant).await?;
    let keys = books.registry().keys(tenant).await?;
    let next = keys.iter().find(|key| standing(key, &keys, now) == Standing::Next);
    if let (Some(next), Start::WhenKnown, SealedIn::ItsVault) = (next, start, rotation.sealed_in()) {
        books.key_maker(slice::from_ref(next)).await?;
        let text = format!("the key {} {}", next.id, waits(next, "is published already"));
        return Ok(Report::new(text, as_json(next, Standing::Next)));
    }
    let key = match rotation.sealed_in() {
        SealedIn::ItsVault => books.key_maker_for(&keys).await?.make(tenant, now, start).await?,
        SealedIn::NewVault => {
            let key = books.key_maker(&[]).await?.make(tenant, now, start).await?;
            if let Some(next) = next {
                // What issues tokens can't open it when its time comes.
                books.registry().drop_key(tenant, &next.id).await?;
            }
            key
        }
    };
    let does = match start {
        Start::AtOnce => format!("signs for {tenant} from now on"),
        Start::WhenKnown => waits(&key, "is published"),
    };
    let stands = if key.signs_from_unix_s > books.now_unix_s() { Standing::Next } else { Standing::Active };
    Ok(Report::new(format!("the key {} {does}", key.id), as_json(&key, stands)))
}

fn waits(key: &TenantKey, published: &str) -> String {
    format!("{published}, and signs for {} from {} on", key.tenant, instant(key.signs_from_unix_s))
}

/// Deletes a key, unless it signs: its tenant would be without one, or an older one would sign again.
async fn revoke(tenant: &TenantId, id: &KeyId, books: &Books) -> Result<Report, AdminError> {
    books.tenant(tenant).await?;
    let keys = books.registry().keys(tenant).await?;
    let key = keys.iter().find(|key| key.id == *id);
    let key = key.ok_or_else(|| AdminError::NoKey { tenant: tenant.clone(), key: id.clone() })?;
    let now = books.now_unix_s();
    let stands = standing(key, &keys, now);
    if stands == Standing::Active {
        return Err(AdminError::KeySigns { tenant: tenant.clone(), key: id.clone() });
    }
    revoke_key(books.registry(), tenant, id, now).await?;
    let text = format!("revoked the key {id} of {tenant}: what it signed is refused within 15 minutes");
    Ok(Report::new(text, as_json(key, stands)))
}

fn as_json(key: &TenantKey, stands: Standing) -> Value {
    json!({
        "tenant": key.tenant.as_str(),
        "key": key.id.as_str(),
        "standing": stands.as_str(),
        "signs_from": instant(key.signs_from_unix_s),
    })
}
