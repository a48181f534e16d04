use super::environment::{Environment, Reader, Settings};
use super::front::FrontSettings;
use super::mistakes::{Mistake, Mistakes};
use super::table::located;
use super::variables::{AWS_REGION, REGISTRY, VAULT};
use crate::issuer::Issuer;
use crate::plane::Front;
use domain::clock::Clock;
use std::sync::Arc;
use stores::dynamo::{Access, TableAt};
use stores::jwt::TenantKeys;
use stores::secrets::Argon2Hashes;
use stores::system::SystemClock;
use stores::vault::VaultAt;

/// What `/connect/token` and the key sets are told.
struct IssuerSettings {
    front: FrontSettings,
    registry: TableAt,
    vault: VaultAt,
}

impl Settings for IssuerSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (front, registry) = (FrontSettings::read(from), registry_table(from));
        let vault = vault(from);
        let registry = match registry? {
            None => from.note(Mistake::missing(REGISTRY)),
            registry => registry,
        };
        Some(Self { front: front?, registry: registry?, vault: vault? })
    }
}

/// Sets up what `/connect/token` and the key sets work on.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn issuer(environment: &Environment) -> Result<(Front, Issuer), Mistakes> {
    let IssuerSettings { front, registry, vault } = environment.read()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let access = Access::of_function();
    let books = access.registry(&registry).map_err(|wrong| Mistake::combination(REGISTRY, wrong))?;
    let books = Arc::new(books);
    let vault = vault.open(&access).map_err(|wrong| Mistake::combination(VAULT, wrong))?;
    let issuer = Issuer {
        registry: books.clone(),
        families: books.clone(),
        secrets: Arc::new(Argon2Hashes::new()),
        signer: Arc::new(TenantKeys::new(books, vault)),
    };
    Ok((front.front(&clock)?, issuer))
}

/// The vault; a key of KMS that says nothing of where it is, in the function's own region.
fn vault(from: &mut Reader<'_>) -> Option<VaultAt> {
    let own = from.text(AWS_REGION).map(|region| format!(",region={region}")).unwrap_or_default();
    from.required(VAULT, |text| {
        let is_placed = text.contains(",region=") || text.contains(",endpoint=");
        let place = if text.starts_with("kms:") && !is_placed { own } else { String::new() };
        format!("{text}{place}").parse::<VaultAt>()
    })
}

/// The registry's table, where one is named.
pub(super) fn registry_table(from: &mut Reader<'_>) -> Option<Option<TableAt>> {
    match from.optional(REGISTRY, str::parse::<TableAt>)? {
        None => Some(None),
        Some(table) => located(from, table).map(Some),
    }
}
