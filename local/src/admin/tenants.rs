use super::args::Tenants;
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, table};
use domain::ids::TenantId;
use domain::ports::Added;
use domain::registry::Tenant;
use serde_json::{Value, json};
use stores::jwt::Start;

pub(super) async fn run(command: &Tenants, books: &Books) -> Result<Report, AdminError> {
    match command {
        Tenants::Create { tenant, name } => create(tenant, name, books).await,
        Tenants::List => list(books).await,
    }
}

/// Adds the tenant and then its first key. Whoever was stopped between the two repeats the command.
async fn create(id: &TenantId, name: &str, books: &Books) -> Result<Report, AdminError> {
    // Before anything is added: a tenant without a key would get no token.
    let keys = books.key_maker_for(&books.registry().keys(id).await?).await?;
    let tenant = Tenant { id: id.clone(), name: name.to_owned() };
    let added = books.registry().add_tenant(&tenant).await?;
    if books.registry().keys(id).await?.is_empty() {
        keys.make(id, books.now_unix_s(), Start::AtOnce).await?;
    }
    let text = match added {
        Added::New => format!("made the tenant {id} and its signing key"),
        Added::Exists => format!("there is a tenant {id} already; it stays as it is"),
    };
    let tenant = books.tenant(id).await?;
    Ok(Report::new(text, as_json(&tenant)))
}

async fn list(books: &Books) -> Result<Report, AdminError> {
    let tenants = books.registry().tenants().await?;
    let rows: Vec<_> = tenants.iter().map(|tenant| [tenant.id.to_string(), tenant.name.clone()]).collect();
    Ok(Report::new(
        table(["TENANT", "NAME"], &rows),
        json!({"tenants": tenants.iter().map(as_json).collect::<Vec<_>>()}),
    ))
}

fn as_json(tenant: &Tenant) -> Value {
    json!({"tenant": tenant.id.as_str(), "name": tenant.name})
}
