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

/// What paths of the service begin with: those of a tenant of such a name, which begin with its id, would be taken for them.
const OF_PATHS: [&str; 3] = ["admin", "connect", "v1"];

/// The id of a tenant that is to be made.
pub(super) fn new_tenant(text: &str) -> Result<TenantId, String> {
    let id = TenantId::parse(text).map_err(|error| error.to_string())?;
    if OF_PATHS.contains(&id.as_str()) {
        let names = OF_PATHS.join(", ");
        return Err(format!("paths of the service begin with it, as with each of {names}: take another"));
    }
    Ok(id)
}

fn as_json(tenant: &Tenant) -> Value {
    json!({"tenant": tenant.id.as_str(), "name": tenant.name})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_tenant_is_called_as_paths_of_the_service_begin() {
        for id in OF_PATHS {
            let told = new_tenant(id).unwrap_err();
            assert!(told.contains("admin, connect, v1"), "{told}");
        }
        for id in ["acme", "v2", "Admin", "administrator", "connect-1"] {
            assert_eq!(new_tenant(id).as_ref().map(TenantId::as_str), Ok(id));
        }
        assert!(new_tenant("a b").is_err());
    }

    #[test]
    fn the_names_are_those_of_every_path_that_has_more_parts() {
        let first = |path: &'static str| path.trim_start_matches('/').split_once('/').map(|(first, _)| first);
        let begun: BTreeSet<_> = functions::served_paths().filter_map(first).collect();
        let fixed = begun.into_iter().filter(|first| !first.starts_with('{'));
        assert_eq!(fixed.collect::<Vec<_>>(), OF_PATHS);
    }
}
