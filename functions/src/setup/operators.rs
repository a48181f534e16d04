use super::environment::{Environment, Reader, Settings};
use super::front::FrontSettings;
use super::homes::HomeTables;
use super::mistakes::{Mistake, Mistakes};
use super::registry::{required_registry_table, vault};
use super::usage::{required_usage_at, usage_ports};
use super::variables::{HOME, REGISTRY, VAULT};
use crate::operators::{Operators, WebhookDesk};
use crate::plane::Front;
use domain::alerts::Hosts;
use domain::clock::Clock;
use domain::ports::Homes;
use std::sync::Arc;
use stores::dynamo::{Access, TableAt};
use stores::system::SystemClock;
use stores::usage::{UsageAt, UsagePorts};
use stores::vault::VaultAt;

/// What `/v1/*` is told.
struct ReportsSettings {
    front: FrontSettings,
    registry: TableAt,
    usage: UsageAt,
    vault: VaultAt,
}

/// What `/admin/*` is told.
struct PlatformSettings {
    front: FrontSettings,
    homes: HomeTables,
    registry: TableAt,
    usage: UsageAt,
}

impl Settings for ReportsSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (front, registry) = (FrontSettings::read(from), required_registry_table(from));
        let (usage, vault) = (required_usage_at(from), vault(from));
        Some(Self { front: front?, registry: registry?, usage: usage?, vault: vault? })
    }
}

impl Settings for PlatformSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (front, homes) = (FrontSettings::read(from), HomeTables::read(from));
        let (registry, usage) = (required_registry_table(from), required_usage_at(from));
        Some(Self { front: front?, homes: homes?, registry: registry?, usage: usage? })
    }
}

/// Sets up what `/v1/*` works on. Events are delivered to public hosts alone.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn reports(environment: &Environment) -> Result<(Front, Operators), Mistakes> {
    let ReportsSettings { front, registry, usage, vault } = environment.read()?;
    let access = Access::of_function();
    let vault = vault.open(&access).map_err(|wrong| Mistake::combination(VAULT, wrong))?;
    let usage = usage_ports(&usage, &access)?;
    let webhooks = WebhookDesk { alerts: Arc::clone(&usage.alerts), vault, hosts: Hosts::Public };
    let operators = operators(&registry, usage, Some(webhooks), &access)?;
    Ok((front.front(&clock())?, operators))
}

/// Sets up what `/admin/*` works on.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn platform(environment: &Environment) -> Result<(Front, Homes, Operators), Mistakes> {
    let PlatformSettings { front, homes, registry, usage } = environment.read()?;
    let (access, clock) = (Access::of_function(), clock());
    let operators = operators(&registry, usage_ports(&usage, &access)?, None, &access)?;
    let homes = homes.reach(&access, &clock).map_err(|wrong| Mistake::combination(HOME, wrong))?;
    Ok((front.front(&clock)?, homes, operators))
}

fn operators(
    registry: &TableAt,
    usage: UsagePorts,
    webhooks: Option<WebhookDesk>,
    access: &Access,
) -> Result<Operators, Mistakes> {
    let books = access.registry(registry).map_err(|wrong| Mistake::combination(REGISTRY, wrong))?;
    let books = Arc::new(books);
    let UsagePorts { log, platform, .. } = usage;
    Ok(Operators { registry: books.clone(), api_keys: books, usage: log, platform, webhooks })
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}
