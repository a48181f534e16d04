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
        let (front, registry) = (FrontSettings::read(from), required_registry_table(from));
        let vault = vault(from);
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
pub(super) fn vault(from: &mut Reader<'_>) -> Option<VaultAt> {
    let own = from.text(AWS_REGION).map(|region| format!(",region={region}")).unwrap_or_default();
    from.required(VAULT, |text| {
        let place = if names_no_place(text) { own } else { String::new() };
        format!("{text}{place}").parse::<VaultAt>()
    })
}

/// Whether this is a key of KMS without a region or an endpoint. An ARN names a region.
fn names_no_place(vault: &str) -> bool {
    let Some(key) = vault.strip_prefix("kms:") else { return false };
    !key.starts_with("arn:") && !key.contains(",region=") && !key.contains(",endpoint=")
}

/// The registry's table, where one is named.
pub(super) fn registry_table(from: &mut Reader<'_>) -> Option<Option<TableAt>> {
    match from.optional(REGISTRY, str::parse::<TableAt>)? {
        None => Some(None),
        Some(table) => located(from, table).map(Some),
    }
}

/// The registry's table, which must be named.
pub(super) fn required_registry_table(from: &mut Reader<'_>) -> Option<TableAt> {
    match registry_table(from)? {
        None => from.note(Mistake::missing(REGISTRY)),
        registry => registry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vault of a function in eu-central-1.
    struct OwnVault(VaultAt);

    impl Settings for OwnVault {
        fn read(from: &mut Reader<'_>) -> Option<Self> {
            vault(from).map(Self)
        }
    }

    fn read(text: &str) -> VaultAt {
        let environment: Environment =
            [("AWS_REGION", "eu-central-1"), ("WIRESOCKET_VAULT", text)].into_iter().collect();
        environment.read::<OwnVault>().unwrap().0
    }

    #[test]
    fn a_key_without_a_region_is_in_the_functions_own() {
        assert_eq!(Ok(read("kms:alias/w")), "kms:alias/w,region=eu-central-1".parse());
    }

    #[test]
    fn a_key_that_names_its_region_stays_there() {
        let arn = "kms:arn:aws:kms:us-east-1:123456789012:key/1-2";
        for text in [arn, "kms:alias/w,region=us-east-1", "kms:k,endpoint=http://h:1", "file:/vault.key"] {
            assert_eq!(Ok(read(text)), text.parse(), "{text}");
        }
    }
}
